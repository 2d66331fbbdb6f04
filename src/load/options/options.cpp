#include "load/options/options.hpp"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/suggestion.hpp"
#include "load/options/equivalents.hpp"
#include "load/options/settings.hpp"
#include "reactord/version.hpp"

namespace reactord::load {
namespace {

constexpr int first_key = 256;  // above every letter

std::vector<option> long_options() {
  std::vector<option> all;
  int key = first_key;
  for (const LoadSetting& setting : load_settings()) {
    const int argument = setting.placeholder.empty() ? no_argument : required_argument;
    all.push_back({setting.name.data(), argument, nullptr, key++});
  }
  all.push_back({nullptr, 0, nullptr, 0});
  return all;
}

std::string optstring() {
  std::string all = ":";
  for (const LoadSetting& setting : load_settings()) {
    if (setting.letter == 0) continue;
    all += setting.letter;
    if (!setting.placeholder.empty()) all += ':';
  }
  return all;
}

const LoadSetting* setting_of(int key) {
  const auto all = load_settings();
  if (key >= first_key) return &all[static_cast<std::size_t>(key - first_key)];
  const auto found = std::ranges::find(all, static_cast<char>(key), &LoadSetting::letter);
  return found == all.end() ? nullptr : &*found;
}

std::string option_text(const LoadSetting& setting) {
  std::string text = setting.letter == 0 ? "      --" : "  -" + std::string(1, setting.letter) + ", --";
  text += setting.name;
  if (!setting.placeholder.empty()) text += " " + std::string(setting.placeholder);
  return text;
}

// Our option of that name, or our equivalent of another program's option of that name.
const LoadSetting* setting_for(std::string_view name) {
  const auto all = load_settings();
  const std::string_view ours = equivalent_option(name);
  const auto found = std::ranges::find(all, ours.empty() ? name : ours, &LoadSetting::name);
  return found == all.end() ? nullptr : &*found;
}

std::string unknown(std::string_view written, const LoadSetting& ours) {
  const std::string text = option_text(ours);
  return "unknown option " + std::string(written) + ": write " + text.substr(text.find('-')) + ", " +
         std::string(ours.help);
}

// The argument in which getopt_long found a letter that has a value or more letters behind it.
std::string_view word_of_letters(int argc, char** argv) {
  if (optarg == nullptr) return optind < argc ? argv[optind] : "";
  const std::string_view last = argv[optind - 1];
  return optarg == last.data() ? "" : last;  // empty: the value is an argument of its own
}

// The error where a long name has one dash, which getopt_long takes for letters. Empty: no error.
std::string long_name_of_letters(std::string_view word) {
  if (word.size() < 3 || word[0] != '-' || word[1] == '-') return "";
  const std::string_view written = word.substr(0, word.find('='));
  const LoadSetting* const meant = setting_for(written.substr(1));
  return meant == nullptr ? "" : unknown(written, *meant);
}

// The error for the argument that getopt_long refused.
std::string unknown_option(int found, int argc, char** argv) {
  const std::string_view word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
  if (found == ':') return std::string(word) + ": missing value, see reactord-load --help";
  const std::string_view whole_name = word.substr(0, word.find('='));
  const bool is_long = word.starts_with("--");
  if (is_long && whole_name.size() < word.size() && optopt >= first_key) {
    return std::string(whole_name) + ": takes no value";
  }
  if (!is_long) {
    return "unknown option -" + std::string(1, static_cast<char>(optopt)) + ", see reactord-load --help";
  }
  if (const LoadSetting* const ours = setting_for(whole_name.substr(2))) return unknown(whole_name, *ours);
  std::vector<std::string_view> names;
  for (const LoadSetting& setting : load_settings()) names.push_back(setting.name);
  return "unknown option " + std::string(whole_name) + ", " + suggestion(whole_name.substr(2), names, "--");
}

// Parses example.com:9090. Host names have letters, digits, dashes, underscores and dots (RFC 1123). A name that ends in
// a number is refused: it is a malformed address, which getaddrinfo(3) may take for another address.
bool parse_host_name(LoadOptions& options) {
  static constexpr std::string_view name_bytes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  const auto parts = split_host_port(options.address_text);
  if (!parts || parts->host.empty() || options.address_text.starts_with('[') ||
      parts->host.find_first_not_of(name_bytes) != parts->host.npos)
    return false;
  const std::string_view last = parts->host.substr(parts->host.find_last_of('.', parts->host.size() - 2) + 1);
  if (last.find_first_not_of("0123456789.") == last.npos) return false;
  const auto port = parse_port(parts->port);
  if (!port) return false;
  options.host_name = parts->host;
  options.address = Address::wildcard(false, *port);
  return true;
}

Parsed<void> apply_target(std::string_view text, LoadOptions& options) {
  static constexpr std::array<std::string_view, 3> protocols{"line", "echo", "raw"};
  const std::string start = std::string(text) + ": ";
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return std::unexpected(start + "missing \"@\": write PROTOCOL@ADDRESS, as in line@127.0.0.1:9090");
  }
  options.protocol = text.substr(0, at);
  options.address_text = text.substr(at + 1);
  if (std::ranges::find(protocols, options.protocol) == protocols.end()) {
    return std::unexpected(start + "unknown protocol \"" + options.protocol + "\", " +
                           suggestion(options.protocol, protocols));
  }
  auto address = Address::parse(options.address_text);
  if (!address && parse_host_name(options)) address = options.address;
  if (!address) {
    return std::unexpected(
        start + address.error().text() +
        "; write :9090, 127.0.0.1:9090, [::1]:9090, example.com:9090, unix:/path or unix:@name");
  }
  options.address = *address;
  if (options.address.is_wildcard() && options.host_name.empty())
    options.address = Address::loopback(false, options.address.port());
  if (options.address.is_unix() || options.address.port() != 0) return {};
  return std::unexpected(start + "missing port: write " + options.address_text + "9090, or another");
}

Parsed<void> check_compare(std::span<const std::string_view> given) {
  static constexpr std::array<std::string_view, 5> beside{"compare", "fail-if", "json", "plot", "quiet"};
  for (const std::string_view name : given) {
    if (std::ranges::find(beside, name) != beside.end()) continue;
    return std::unexpected("--compare: nothing is loaded: leave out --" + std::string(name));
  }
  return {};
}

// Applies the arguments behind the options: the target, or the second file of --compare.
Parsed<void> apply_arguments(std::span<char*> rest, LoadOptions& options) {
  if (!options.compare.empty()) {
    for (const char* file : rest) options.compare.emplace_back(file);
    if (options.compare.size() == 2) return complete_options(options);
    return std::unexpected(std::string("--compare: needs two files, as in --compare before.json after.json"));
  }
  if (rest.empty()) {
    return std::unexpected(std::string("missing target: write PROTOCOL@ADDRESS, as in line@127.0.0.1:9090"));
  }
  if (rest.size() > 1) {
    return std::unexpected("unexpected argument \"" + std::string(rest[1]) +
                           "\": there is one target, see reactord-load --help");
  }
  auto applied = apply_target(rest.front(), options);
  if (!applied) return applied;
  return complete_options(options);
}

// Applies the options on top of the script as options of the command line, which overrides them.
Parsed<void> apply_script(LoadOptions& options, std::span<const std::string_view> given) {
  static constexpr std::array<std::string_view, 4> of_command{"script", "compare", "help", "version"};
  auto script = read_script(options.script_path);
  if (!script) return std::unexpected(std::move(script).error());
  std::vector<std::string_view> names;
  for (const LoadSetting& setting : load_settings()) {
    if (std::ranges::find(of_command, setting.name) == of_command.end()) names.push_back(setting.name);
  }
  for (const ScriptOption& option : script->options) {
    const auto wrong = [&](const std::string& what) {
      return std::unexpected(script->error_at(option.line, option.column, what));
    };
    if (const std::string_view ours = equivalent_option(option.name); !ours.empty()) {
      return wrong("unknown option " + option.name + ": write " + std::string(ours));
    }
    if (std::ranges::find(names, option.name) == names.end()) {
      return wrong("unknown option " + option.name + ", " + suggestion(option.name, names));
    }
    if (std::ranges::find(given, option.name) != given.end()) continue;
    const LoadSetting& setting = *std::ranges::find(load_settings(), option.name, &LoadSetting::name);
    if (setting.placeholder.empty() != option.value.empty()) {
      return wrong(option.name + (option.value.empty() ? ": missing value" : ": takes no value"));
    }
    const auto applied = setting.apply(option.value, options);
    if (!applied) return wrong(option.name + " " + applied.error());
  }
  options.script = std::move(*script);
  return {};
}

}  // namespace

Parsed<LoadOptions> parse_load_options(int argc, char** argv) {
  LoadOptions options;
  const std::vector<option> known = long_options();
  const std::string short_options = optstring();
  std::vector<std::string_view> given;
  opterr = 0;  // the messages are ours
  optind = 0;
  while (true) {
    const int key = ::getopt_long(argc, argv, short_options.c_str(), known.data(), nullptr);
    if (key == -1) break;
    const std::string misread = long_name_of_letters(word_of_letters(argc, argv));
    if (!misread.empty()) return std::unexpected(misread);
    const LoadSetting* const setting = key == '?' || key == ':' ? nullptr : setting_of(key);
    if (setting == nullptr) return std::unexpected(unknown_option(key, argc, argv));
    const auto applied = setting->apply(setting->placeholder.empty() ? "" : optarg, options);
    if (!applied) return std::unexpected("--" + std::string(setting->name) + " " + applied.error());
    given.push_back(setting->name);
  }
  if (options.help || options.version) return options;
  if (!options.compare.empty()) {
    const auto alone = check_compare(given);
    if (!alone) return std::unexpected(alone.error());
  }
  if (!options.script_path.empty()) {
    const auto read = apply_script(options, given);
    if (!read) return std::unexpected(read.error());
  }
  const auto rest = std::span(argv, static_cast<std::size_t>(argc)).subspan(static_cast<std::size_t>(optind));
  const auto applied = apply_arguments(rest, options);
  if (!applied) return std::unexpected(applied.error());
  return options;
}

std::string load_help_text() {
  std::string text =
      "reactord-load puts load on a line server, checks every reply and measures how long each took.\n"
      "\n"
      "usage: reactord-load [options] PROTOCOL@ADDRESS     what holds without an option is in brackets\n";
  std::size_t column = 0;
  for (const LoadSetting& setting : load_settings())
    column = std::max(column, option_text(setting).size() + 2);
  std::string_view section;
  for (const LoadSetting& setting : load_settings()) {
    if (setting.section != section) text += "\n" + std::string(setting.section) + ":\n";
    section = setting.section;
    std::string line = option_text(setting);
    line.resize(column, ' ');
    text += line + std::string(setting.help);
    if (!setting.standard.empty()) text += " [" + std::string(setting.standard) + "]";
    text += "\n";
  }
  text +=
      "\nPROTOCOL is one of:\n"
      "  line  sends a line, expects \"Server: \" and the line\n"
      "  echo  sends a line, expects the same\n"
      "  raw   sends --send, expects --expect, or any line\n"
      "ADDRESS is 127.0.0.1:9090, :9090 (this machine), [::1]:9090, example.com:9090, unix:/path or "
      "unix:@name.\n"
      "DURATION is a number and a unit: 500us, 10ms, 1.5s, 2m. NUMBER is 100, 20k or 1M, RATE one per "
      "second: "
      "5000, 50k, 1M.\n"
      "\n"
      "ctrl-C ends the run and shows what was measured so far; a second one exits at once.\n"
      "Exit status: 0 all well, 1 the run met an error, 2 a reply was wrong or missing, 3 a condition "
      "failed,\n"
      "64 wrong usage, 130 ended by a signal before anything was answered. The last line on standard\n"
      "error is then \"FAILED: why\", also with -q.\n";
  return text;
}

std::string load_version_text() { return std::string("reactord-load ") + REACTORD_VERSION + "\n"; }

}  // namespace reactord::load
