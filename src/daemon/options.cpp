#include "daemon/options.hpp"

#include <getopt.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/suggestion.hpp"
#include "daemon/printable.hpp"
#include "daemon/program.hpp"

namespace reactord {
namespace {

constexpr int first_key = 256;  // above every letter, so that none is taken for a short option

std::vector<option> long_options(const Program& program) {
  std::vector<option> all;
  int key = first_key;
  for (const Setting& setting : program.settings()) {
    const int argument = setting.placeholder().empty() ? no_argument : required_argument;
    all.push_back({setting.name.data(), argument, nullptr, key++});
  }
  all.push_back({nullptr, 0, nullptr, 0});
  return all;
}

// The letter that is no option. The further bytes of a multi-byte one are in the word that getopt_long is still
// reading.
std::string unknown_letter(int argc, char** argv) {
  std::string letter(1, static_cast<char>(optopt));
  if (static_cast<unsigned char>(optopt) < 0xc0 || optind >= argc) return letter;
  const std::string_view word = argv[optind];
  for (std::size_t at = 2; at < word.size() && (word[at] & 0xc0) == 0x80; ++at) letter += word[at];
  return letter;
}

// The error of getopt_long in words. It has passed the word of a long option, but perhaps not that of letters.
UsageError unknown_option(const Program& program, int found, int argc, char** argv) {
  if (found == '?' && optopt != 0 && optopt < first_key) {
    return "unknown option -" + unknown_letter(argc, argv) + ", see " + program.name() + " --help";
  }
  const std::string_view word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
  if (found == ':') return std::string(word) + ": missing value, see " + program.name() + " --help";
  if (optopt >= first_key) return std::string(word.substr(0, word.find('='))) + ": takes no value";
  std::vector<std::string_view> names;
  for (const Setting& setting : program.settings()) names.push_back(setting.name);
  const std::string_view name =
      word.substr(2, word.find('=') == std::string_view::npos ? word.npos : word.find('=') - 2);
  return "unknown option --" + std::string(name) + ", " + suggestion(name, names, "--");
}

std::optional<UsageError> apply(const Setting& setting, CommandLine& line) {
  const std::string value = setting.placeholder().empty() ? "" : optarg;
  const auto applied = setting.apply(value, line.options);
  if (applied) {
    line.assignments.push_back({&setting, value, ""});
    return std::nullopt;
  }
  return "--" + std::string(setting.name) + " " + applied.error();
}

std::string option_text(const Setting& setting) {
  std::string text = "  --" + std::string(setting.name);
  if (!setting.placeholder().empty()) text += " " + std::string(setting.placeholder());
  return text;
}

// The short option, "-c FILE: ", in front of the help for the long option.
std::string short_option_text(const Setting& setting) {
  if (setting.letter == 0) return "";
  const std::string value = setting.value == nullptr ? "" : " " + std::string(setting.placeholder());
  return std::string("-") + setting.letter + value + ": ";
}

// The short options for getopt_long, ":c:". The ":" in front makes it tell a missing value from an unknown letter.
std::string short_options(const Program& program) {
  std::string all = ":";
  for (const Setting& setting : program.settings()) {
    if (setting.letter == 0) continue;
    all += setting.letter;
    if (setting.value != nullptr) all += ':';
  }
  return all;
}

// The setting that getopt_long has found: by its place in the table, or by its letter.
const Setting& found_setting(const Program& program, int key) {
  if (key >= first_key) return program.settings()[static_cast<std::size_t>(key - first_key)];
  return *std::ranges::find(program.settings(), static_cast<char>(key), &Setting::letter);
}

Parsed<CommandLine> parse(const Program& program, int argc, char** argv) {
  CommandLine line{.options = Options(program), .assignments = {}};
  const std::vector<option> known = long_options(program);
  const std::string letters = short_options(program);
  opterr = 0;  // the messages are printed here
  optind = 0;
  while (true) {
    const int key = ::getopt_long(argc, argv, letters.c_str(), known.data(), nullptr);
    if (key == -1) break;
    if (key == '?' || key == ':') return std::unexpected(unknown_option(program, key, argc, argv));
    if (auto wrong = apply(found_setting(program, key), line)) return std::unexpected(std::move(*wrong));
  }
  if (optind < argc) {
    return std::unexpected("unexpected argument \"" + std::string(argv[optind]) +
                           "\": write --listen PROTOCOL@ADDRESS");
  }
  if (!line.options.inetd.empty() && !line.options.listen.empty()) {
    return std::unexpected("--inetd serves standard input and nothing else: leave out --listen");
  }
  return line;
}

}  // namespace

Parsed<CommandLine> parse_command_line(const Program& program, int argc, char** argv) {
  auto line = parse(program, argc, argv);
  if (!line) return std::unexpected(printable(line.error()));
  return line;
}

std::string values_text(const Program& program, std::string_view indent) {
  constexpr std::size_t column = 10;
  std::string text;
  for (const ValueKind* value : program.explained_values()) {
    std::string line(value->placeholder);
    line.resize(column, ' ');
    text += std::string(indent) + line;
    std::ranges::copy_if(value->help, std::back_inserter(text), [](char c) { return c != '`'; });
    text += '\n';
  }
  return text;
}

std::string options_text(const Program& program) {
  std::size_t column = 0;
  for (const Setting& setting : program.settings())
    column = std::max(column, option_text(setting).size() + 2);
  std::string text;
  std::string_view section;
  for (const Setting& setting : program.settings()) {
    if (setting.section != section) {
      text += (text.empty() ? "" : "\n") + std::string(setting.section) + ":\n";
      section = setting.section;
    }
    std::string line = option_text(setting);
    line.resize(column, ' ');
    text += line + short_option_text(setting) + std::string(setting.help);
    if (!setting.standard.empty()) text += " [" + std::string(setting.standard) + "]";
    text += "\n";
  }
  return text + "\nValues:\n" + values_text(program, "  ");
}

std::string help_text(const Program& program) {
  const std::string port(program.example_port());
  std::string text = program.name() + ' ' + program.summary() + ".\n\nusage: " + program.name() +
                     " [options]     what holds without an option is in brackets\n\n" +
                     options_text(program) + "\nPROTOCOL is one of:\n";
  for (const Protocol& protocol : program.protocols()) {
    text += "  " + protocol.name + "  " + protocol.summary + "\n";
  }
  text += "or the name of a --program.\nADDRESS is :" + port + " (every address), 127.0.0.1:" + port +
          ", [::1]:" + port;
  text +=
      ", unix:/path or unix:@name; port 0: any free one;\n"
      "systemd:NAME is what systemd passes under that name. Without --listen all is served that is passed "
      "and named\n"
      "after a PROTOCOL, or " +
      program.listen() +
      ".\n"
      "\n"
      "SIGTERM and SIGINT: answer what was received, then exit; a second one: exit at once.\n"
      "SIGHUP: read the configuration again; with a mistake in it, everything stays as it is. Without one: "
      "as SIGTERM.\n"
      "SIGUSR1: log how many connections there were, and how they ended.\n"
      "Exit status: 0 clean, 64 wrong usage, 78 wrong configuration, 1 anything else.\n";
  return text;
}

std::string version_text(const Program& program) { return program.name() + ' ' + program.version() + '\n'; }

}  // namespace reactord
