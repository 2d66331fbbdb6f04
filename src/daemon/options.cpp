#include "daemon/options.hpp"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>

#include "protocols/table.hpp"
#include "reactord/address.hpp"

namespace reactord {
namespace {

constexpr const char* version = "0.1.0";

enum Key : int {
  listen_key = 256,
  drain_timeout_key,
  idle_timeout_key,
  log_level_key,
  help_key,
  version_key
};

constexpr std::array<option, 7> long_options{{
    {"listen", required_argument, nullptr, listen_key},
    {"drain-timeout", required_argument, nullptr, drain_timeout_key},
    {"idle-timeout", required_argument, nullptr, idle_timeout_key},
    {"log-level", required_argument, nullptr, log_level_key},
    {"help", no_argument, nullptr, help_key},
    {"version", no_argument, nullptr, version_key},
    {nullptr, 0, nullptr, 0},
}};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

// How many letters must be inserted, dropped or changed to make one of the other (Levenshtein 1966).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

// ", did you mean X?" where one of `names` is a slip of the fingers away; otherwise all of them.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> names,
                       std::string_view prefix) {
  const auto nearest =
      std::ranges::min_element(names, {}, [&](std::string_view name) { return distance(wrong, name); });
  if (nearest != names.end() && distance(wrong, *nearest) <= 2) {
    return "did you mean " + std::string(prefix) + std::string(*nearest) + "?";
  }
  std::string all = "known:";
  for (const std::string_view name : names) all += " " + std::string(prefix) + std::string(name);
  return all;
}

std::expected<ListenOption, UsageError> parse_listen(std::string_view text) {
  const std::string flag = "--listen " + std::string(text) + ": ";
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return std::unexpected(flag + "missing \"@\": write PROTOCOL@ADDRESS, as in line@:9090");
  }
  const std::string_view name = text.substr(0, at), address = text.substr(at + 1);
  if (find_protocol(name) == nullptr) {
    std::vector<std::string_view> names;
    for (const Protocol& protocol : protocols()) names.push_back(protocol.name);
    return std::unexpected(flag + "unknown protocol " + quoted(name) + ", " + suggestion(name, names, ""));
  }
  const auto parsed = Address::parse(address);
  if (!parsed) {
    return std::unexpected(flag + parsed.error().text() +
                           "; write :9090, 127.0.0.1:9090, [::1]:9090, unix:/path or unix:@name");
  }
  return ListenOption{std::string(name), std::string(address)};
}

std::expected<LogLevel, UsageError> parse_log_level(std::string_view text) {
  static constexpr std::array<std::string_view, 4> names{"error", "warn", "info", "debug"};
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) return static_cast<LogLevel>(found - names.begin());
  return std::unexpected("--log-level " + std::string(text) + ": unknown level " + quoted(text) + ", " +
                         suggestion(text, names, ""));
}

// What getopt_long made of the argument it stopped at, in words.
UsageError unknown_option(int found, int argc, char** argv) {
  const std::string_view word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
  if (found == ':') return std::string(word) + ": missing value, see reactord --help";
  const bool is_long = word.starts_with("--");
  if (is_long && word.find('=') != std::string_view::npos && optopt >= listen_key) {
    return std::string(word.substr(0, word.find('='))) + ": takes no value";
  }
  if (!is_long)
    return "unknown option -" + std::string(1, static_cast<char>(optopt)) + ", see reactord --help";
  std::vector<std::string_view> names;
  for (const option& known : long_options) {
    if (known.name != nullptr) names.emplace_back(known.name);
  }
  const std::string_view name =
      word.substr(2, word.find('=') == std::string_view::npos ? word.npos : word.find('=') - 2);
  return "unknown option --" + std::string(name) + ", " + suggestion(name, names, "--");
}

template <typename Value>
std::optional<UsageError> store(std::expected<Value, UsageError> parsed, Value& into, const char* flag) {
  if (!parsed) return flag == nullptr ? parsed.error() : flag + (' ' + parsed.error());
  into = std::move(*parsed);
  return std::nullopt;
}

std::optional<UsageError> apply(int key, Options& options) {
  switch (key) {
    case listen_key:
      return store(parse_listen(optarg), options.listen.emplace_back(), nullptr);
    case drain_timeout_key:
      return store(parse_duration(optarg), options.drain_timeout, "--drain-timeout");
    case idle_timeout_key:
      return store(parse_duration(optarg), options.idle_timeout, "--idle-timeout");
    case log_level_key:
      return store(parse_log_level(optarg), options.log_level, nullptr);
    case help_key:
      options.help = true;
      return std::nullopt;
    default:
      options.version = true;
      return std::nullopt;
  }
}

}  // namespace

std::expected<Duration, UsageError> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    Duration length;
  };
  static constexpr std::array<Unit, 4> units{{{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};
  const std::string right = ": write a number and a unit, as in 500ms, 30s, 2m, 1h";
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix(end, text.data() + text.size());
  if (error == std::errc() && number == 0 && suffix.empty()) return Duration{0};
  const auto unit = std::ranges::find(units, suffix, &Unit::suffix);
  if (error == std::errc::invalid_argument || unit == units.end()) {
    return std::unexpected(std::string(text) + right);
  }
  if (number < 0) return std::unexpected(std::string(text) + ": must not be negative");
  if (error != std::errc() || number > Duration(87600h) / unit->length) {
    return std::unexpected(std::string(text) + ": too long, at most ten years (87600h)");
  }
  return unit->length * number;
}

std::expected<Options, UsageError> parse_options(int argc, char** argv) {
  Options options;
  opterr = 0;  // the messages are ours
  optind = 0;
  while (true) {
    const int key = ::getopt_long(argc, argv, ":", long_options.data(), nullptr);
    if (key == -1) break;
    if (key == '?' || key == ':') return std::unexpected(unknown_option(key, argc, argv));
    if (auto wrong = apply(key, options)) return std::unexpected(std::move(*wrong));
  }
  if (optind < argc) {
    return std::unexpected("unexpected argument " + quoted(argv[optind]) +
                           ": write --listen PROTOCOL@ADDRESS");
  }
  if (options.drain_timeout == 0ns) return std::unexpected("--drain-timeout 0: must be at least 1ms");
  if (options.listen.empty()) options.listen.push_back({"line", ":9090"});
  return options;
}

std::string help_text() {
  std::string text =
      "reactord serves line protocols to the network.\n"
      "\n"
      "usage: reactord [options]\n"
      "\n"
      "  --listen PROTOCOL@ADDRESS  serve PROTOCOL at ADDRESS; may be repeated (default: line@:9090)\n"
      "  --idle-timeout DURATION    close a connection that is silent for so long (default: 60s; 0: never)\n"
      "  --drain-timeout DURATION   at SIGTERM, give connections so long to finish (default: 30s)\n"
      "  --log-level LEVEL          error, warn, info or debug (default: info)\n"
      "  --help                     this text\n"
      "  --version                  the version\n"
      "\n"
      "PROTOCOL is one of:\n";
  for (const Protocol& protocol : protocols()) {
    text += "  " + std::string(protocol.name) + "  " + std::string(protocol.summary) + "\n";
  }
  text +=
      "ADDRESS is :9090 (every address), 127.0.0.1:9090, [::1]:9090, unix:/path or unix:@name; port 0: any "
      "free one.\n"
      "DURATION is a number and a unit: 500ms, 30s, 2m, 1h.\n"
      "\n"
      "SIGTERM and SIGINT: answer what was received, then exit; a second one: exit at once.\n"
      "Exit status: 0 clean, 64 wrong usage, 1 anything else.\n";
  return text;
}

std::string version_text() { return std::string("reactord ") + version + "\n"; }

}  // namespace reactord
