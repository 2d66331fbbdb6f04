#include "control/options.hpp"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/quantity.hpp"
#include "base/suggestion.hpp"
#include "control/known_commands.hpp"
#include "reactord/version.hpp"

namespace reactord::control {
namespace {

constexpr Duration longest_timeout = 24h;

Parsed<void> apply_socket(std::string_view text, ControlOptions& options) {
  if (text.starts_with("unix:")) text.remove_prefix(5);
  if (text.empty()) {
    return std::unexpected("needs a path, as in --socket /run/reactord/control.sock, or @name");
  }
  options.socket = text;
  return {};
}

// Seconds need no unit, as in timeout(1).
Quantity<Duration> read_seconds(std::string_view text, Duration most) {
  const auto duration = read_duration(text, most);
  if (duration || duration.error() != QuantityFault::wrong_unit) return duration;
  return read_duration(std::string(text) + "s", most);
}

Parsed<void> apply_timeout(std::string_view text, ControlOptions& options) {
  const auto duration = read_seconds(text, longest_timeout);
  if (!duration || *duration <= 0s) {
    return std::unexpected(std::string(text) +
                           ": write a number of seconds above 0, or 200ms, 1.5s, 2m; at most 24h");
  }
  options.timeout = *duration;
  return {};
}

Parsed<void> apply_json(std::string_view, ControlOptions& options) {
  options.json = true;
  return {};
}
Parsed<void> apply_interval(std::string_view text, ControlOptions& options) {
  constexpr Duration shortest = 500ms, longest = 1h;
  const auto interval = read_seconds(text, longest);
  if (!interval || *interval < shortest) {
    return std::unexpected(std::string(text) +
                           ": write a number of seconds, or 500ms, 1.5s, 2m; from 500ms to 1h");
  }
  options.interval = *interval;
  return {};
}

Parsed<void> apply_count(std::string_view text, ControlOptions& options) {
  constexpr std::uint64_t most = 1'000'000'000;
  const auto count = read_count(text, most);
  if (!count || *count == 0) {
    return std::unexpected(std::string(text) + ": write a number from 1 to " + std::to_string(most));
  }
  options.count = *count;
  return {};
}
Parsed<void> apply_help(std::string_view, ControlOptions& options) {
  options.help = true;
  return {};
}
Parsed<void> apply_version(std::string_view, ControlOptions& options) {
  options.version = true;
  return {};
}

struct Row {
  char letter;  // 0: none
  const char* name;
  std::string_view placeholder, help;  // without a placeholder it takes no value
  Parsed<void> (*apply)(std::string_view text, ControlOptions& options);
};

constexpr auto rows = std::to_array<Row>({
    {'s', "socket", "SOCKET", "the daemon's control socket: a path, or @name", apply_socket},
    {'t', "timeout", "SECONDS", "the daemon may be silent for so long; 200ms and 2m too [10]", apply_timeout},
    {0, "json", "", "ask for JSON", apply_json},
    {'i', "interval", "SECONDS", "of top: between two samples; from 500ms to 1h [1]", apply_interval},
    {'n', "count", "N", "of top: ends after so many samples", apply_count},
    {'h', "help", "", "this text", apply_help},
    {'V', "version", "", "the version", apply_version},
});

constexpr int first_key = 256;  // above every letter

std::array<option, rows.size() + 1> long_options() {
  std::array<option, rows.size() + 1> all{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int argument = rows[i].placeholder.empty() ? no_argument : required_argument;
    all[i] = {rows[i].name, argument, nullptr, first_key + static_cast<int>(i)};
  }
  return all;
}

std::string letters() {
  std::string all = ":";
  for (const Row& row : rows) {
    if (row.letter == 0) continue;
    all += row.letter;
    if (!row.placeholder.empty()) all += ':';
  }
  return all;
}

const Row* row_of(int key) {
  if (key >= first_key) return &rows[static_cast<std::size_t>(key - first_key)];
  const auto* const found = std::ranges::find(rows, static_cast<char>(key), &Row::letter);
  return found == rows.end() ? nullptr : found;
}

// The error for the argument that getopt_long refused.
std::string refusal(int found, std::string_view word) {
  if (found == ':') return std::string(word) + ": missing value, see reactordctl --help";
  if (!word.starts_with("--")) {
    return "unknown option -" + std::string(1, static_cast<char>(optopt)) + ", see reactordctl --help";
  }
  const std::string_view name = word.substr(0, word.find('='));
  if (name.size() < word.size() && optopt >= first_key) return std::string(name) + ": takes no value";
  std::vector<std::string_view> names;
  for (const Row& row : rows) names.emplace_back(row.name);
  return "unknown option " + std::string(name) + ", " + suggestion(name.substr(2), names, "--");
}

void append_row(std::string& text, std::string line, std::string_view help) {
  constexpr std::size_t column = 36;
  line.resize(std::max(column, line.size() + 2), ' ');
  text += line.append(help) + '\n';
}

}  // namespace

Parsed<ControlOptions> parse_control_options(int argc, char** argv) {
  ControlOptions options;
  const auto known = long_options();
  const std::string short_options = letters();
  opterr = 0;  // the messages are ours
  optind = 0;
  while (true) {
    const int key = ::getopt_long(argc, argv, short_options.c_str(), known.data(), nullptr);
    if (key == -1) break;
    const Row* const row = key == '?' || key == ':' ? nullptr : row_of(key);
    if (row == nullptr) {
      return std::unexpected(refusal(key, optind > 0 && optind <= argc ? argv[optind - 1] : ""));
    }
    const auto applied = row->apply(row->placeholder.empty() ? "" : optarg, options);
    if (!applied) return std::unexpected("--" + std::string(row->name) + " " + applied.error());
  }
  for (const char* word :
       std::span(argv, static_cast<std::size_t>(argc)).subspan(static_cast<std::size_t>(optind))) {
    options.words.emplace_back(word);
  }
  return options;
}

std::string control_help_text() {
  std::string text =
      "reactordctl asks a running reactord, and tells it what to do, over its control socket.\n"
      "\n"
      "usage: reactordctl [options] COMMAND [ARGUMENT...]     what holds without an option is in brackets\n"
      "       reactordctl [options]                           commands from standard input, one a line\n"
      "\noptions:\n";
  for (const Row& row : rows) {
    std::string line = row.letter == 0 ? "      --" : "  -" + std::string(1, row.letter) + ", --";
    line += row.name;
    if (!row.placeholder.empty()) line += " " + std::string(row.placeholder);
    append_row(text, std::move(line), row.help);
  }
  text += "\ncommands; \"reactordctl help\" lists those of the daemon that runs:\n";
  for (const KnownCommand& command : known_commands()) {
    std::string line = "  " + std::string(command.name);
    if (!command.arguments.empty()) line += " " + std::string(command.arguments);
    append_row(text, std::move(line), command.help);
  }
  text +=
      "\nWithout --socket it is the one that REACTORD_CONTROL names, or else the first of\n"
      "/run/reactord/control.sock and $XDG_RUNTIME_DIR/reactord/control.sock that is there.\n"
      "Exit status: 0 all well, 1 the daemon refused, 2 no daemon was reached or its answer did not come\n"
      "to its end, 64 wrong usage, 74 the answer could not be written.\n";
  return text;
}

std::string control_version_text() { return std::string("reactordctl ") + REACTORD_VERSION + "\n"; }

}  // namespace reactord::control
