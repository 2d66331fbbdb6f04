#include "daemon/program_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "base/suggestion.hpp"
#include "base/system_host.hpp"
#include "daemon/shell_words.hpp"

namespace reactord {
namespace {

constexpr unsigned most_workers = 1024, most_processes = 100'000, most_starts = 10'000;
constexpr unsigned most_lines = 1'000'000;
constexpr std::size_t least_size = 1024, most_size = std::size_t{1} << 30;
constexpr std::string_view example = "write NAME COMMAND, as in upper /usr/bin/python3 /srv/upper.py";

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ---- Options

template <auto member>
Parsed<void> put(Parsed<std::remove_reference_t<decltype(std::declval<ProgramSettings&>().*member)>> value,
                 ProgramSettings& settings) {
  if (!value) return std::unexpected(std::move(value).error());
  settings.*member = std::move(*value);
  return {};
}

template <auto member, unsigned most>
Parsed<void> set_number(std::string_view text, ProgramSettings& settings) {
  return put<member>(parse_number(text, 1, most), settings);
}

template <auto member>
Parsed<void> set_size(std::string_view text, ProgramSettings& settings) {
  auto size = parse_size(text);
  if (size && (*size < least_size || *size > most_size))
    size = std::unexpected(std::string(text) + ": must be from " + size_text(least_size) + " to " +
                           size_text(most_size));
  return put<member>(std::move(size), settings);
}

template <auto member>
Parsed<void> set_flag(std::string_view text, ProgramSettings& settings) {
  return put<member>(parse_yes_or_no(text), settings);
}

Parsed<void> set_mode(std::string_view text, ProgramSettings& settings) {
  static constexpr std::array<std::string_view, 2> names{"worker", "connection"};
  const auto found = std::ranges::find(names, text);
  if (found == names.end())
    return std::unexpected(std::string(text) + ": unknown mode " + in_quotes(text) + ", " +
                           suggestion(text, names));
  settings.mode = static_cast<ProgramMode>(found - names.begin());
  return {};
}

Parsed<void> set_workers(std::string_view text, ProgramSettings& settings) {
  if (text == "cpus") {
    settings.workers = std::min(system::usable_processors(), most_workers);
    return {};
  }
  auto set = set_number<&ProgramSettings::workers, most_workers>(text, settings);
  if (set) return set;
  return std::unexpected(set.error() + ", or cpus: one for each processor");
}

Parsed<void> set_timeout(std::string_view text, ProgramSettings& settings) {
  return put<&ProgramSettings::timeout>(parse_duration(text), settings);
}

Parsed<void> set_directory(std::string_view text, ProgramSettings& settings) {
  if (!text.starts_with('/'))
    return std::unexpected(std::string(text) + ": write an absolute path, as in /srv/upper");
  settings.directory = text;
  return {};
}

// The user that this process is already needs no change, and no privilege for it.
Parsed<void> set_user(std::string_view text, ProgramSettings& settings) {
  auto ids = system::find_user(std::string(text).c_str());
  if (!ids)
    return std::unexpected(std::string(text) + ": unknown user " + in_quotes(text) +
                           ": write the name of one that there is");
  settings.user = text;
  const uid_t own = ::geteuid();
  if (own != 0 && ids->user == own) return {};
  if (own != 0)
    return std::unexpected(std::string(text) +
                           ": to run a program as another user needs root, and this is user " +
                           std::to_string(own) + ": leave user= out, or start as root");
  settings.user_ids = std::move(*ids);
  return {};
}

// The modes that an option is for.
enum class For : std::uint8_t { both, workers, connections };

struct Option {
  std::string_view name;
  For mode;
  Parsed<void> (*set)(std::string_view value, ProgramSettings& settings);
};

using Settings = ProgramSettings;
constexpr Option options[] = {
    {"mode", For::both, set_mode},
    {"workers", For::workers, set_workers},
    {"lines", For::workers, set_number<&Settings::lines, most_lines>},
    {"worker-lines", For::workers, set_number<&Settings::worker_lines, most_lines>},
    {"queue", For::workers, set_size<&Settings::queue>},
    {"longest-answer", For::workers, set_size<&Settings::longest_answer>},
    {"timeout", For::workers, set_timeout},
    {"notices", For::workers, set_flag<&Settings::notices>},
    {"processes", For::connections, set_number<&Settings::processes, most_processes>},
    {"starts", For::connections, set_number<&Settings::starts, most_starts>},
    {"terminal", For::both, set_flag<&Settings::terminal>},
    {"directory", For::both, set_directory},
    {"user", For::both, set_user},
};

std::string unknown_option(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Option& option : options) names.push_back(option.name);
  return "unknown option " + in_quotes(name) + ", " + suggestion(name, names) +
         "; a variable of the environment has a capital letter or _, others are set by /usr/bin/env " +
         std::string(name) + "=VALUE";
}

// ---- Words

struct Assigned {
  std::string_view name, value;
};

bool is_program_name(std::string_view name) {
  return !name.empty() && name.front() != '-' && std::ranges::all_of(name, [](char c) {
    return is_small(c) || is_capital(c) || is_digit(c) || c == '-' || c == '_';
  });
}

// The two sides of NAME=VALUE; empty: the word is none, because no name stands in front of its first "=".
std::optional<Assigned> assigned(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || is_digit(word.front())) return std::nullopt;
  const std::string_view name = word.substr(0, equals);
  if (!is_program_name(name)) return std::nullopt;
  return Assigned{name, word.substr(equals + 1)};
}

bool is_variable(std::string_view name) {
  return std::ranges::any_of(name, [](char c) { return is_capital(c) || c == '_'; });
}

// Reads the words of one line. The views are of the words, which outlive it.
class LineReader {
 public:
  explicit LineReader(const std::vector<std::string>& words) : words_(words) {}

  Parsed<ProgramSettings> read(std::span<const std::string_view> protocols) {
    auto named = read_name(protocols);
    if (!named) return std::unexpected(std::move(named).error());
    std::size_t at = 1;
    for (; at < words_.size(); ++at) {
      const auto found = assigned(words_[at]);
      if (!found) break;
      auto added = is_variable(found->name) ? add_variable(*found, words_[at]) : add_option(*found);
      if (!added) return std::unexpected(std::move(added).error());
    }
    if (at == words_.size())
      return std::unexpected("there is no command behind " + in_quotes(words_.back()) + ": " +
                             std::string(example));
    settings_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(at), words_.end());
    auto set = set_options();
    if (!set) return std::unexpected(std::move(set).error());
    return std::move(settings_);
  }

 private:
  Parsed<void> read_name(std::span<const std::string_view> protocols) {
    if (words_.empty()) return std::unexpected("there is no name: " + std::string(example));
    const std::string& name = words_.front();
    if (!is_program_name(name))
      return std::unexpected("the first word is the name, of letters, digits, - and _, which " +
                             in_quotes(name) + " is not: " + std::string(example));
    if (std::ranges::find(protocols, name) != protocols.end())
      return std::unexpected(in_quotes(name) + " is the name of a built-in protocol: give it another one");
    settings_.name = name;
    return {};
  }

  Parsed<void> add_variable(const Assigned& variable, const std::string& word) {
    if (variable.name.find('-') != std::string_view::npos)
      return std::unexpected(std::string(variable.name) +
                             ": an option has small letters, digits and -; a variable of the environment has "
                             "letters, digits and _");
    const std::string start = std::string(variable.name) + '=';
    const auto is_same = [&start](const std::string& other) { return other.starts_with(start); };
    if (std::ranges::any_of(settings_.environment, is_same))
      return std::unexpected(std::string(variable.name) + " is given twice");
    settings_.environment.push_back(word);
    return {};
  }

  Parsed<void> add_option(const Assigned& option) {
    const auto found = std::ranges::find(options, option.name, &Option::name);
    if (found == std::end(options)) return std::unexpected(unknown_option(option.name));
    if (std::ranges::find(given_, found, &Given::option) != given_.end())
      return std::unexpected(std::string(option.name) + " is given twice");
    if (option.value.empty()) return std::unexpected(std::string(option.name) + "=: missing value");
    given_.push_back({found, option.value});
    return {};
  }

  // In the order of the table, where mode is the first: it says which others make sense.
  Parsed<void> set_options() {
    std::ranges::sort(given_, {}, &Given::option);
    for (const auto& [option, value] : given_) {
      const For unfit = settings_.mode == ProgramMode::worker ? For::connections : For::workers;
      if (option->mode == unfit) {
        const std::string right = unfit == For::workers ? "worker" : "connection";
        return std::unexpected(
            std::string(option->name) + "= is for mode=" + right + ", and this program has " +
            (unfit == For::workers ? "mode=connection" : "mode=worker, which is the default") +
            ": leave it out, or write mode=" + right);
      }
      auto set = option->set(value, settings_);
      if (!set) return std::unexpected(std::string(option->name) + "=" + set.error());
    }
    return {};
  }

  struct Given {
    const Option* option;
    std::string_view value;
  };

  const std::vector<std::string>& words_;
  std::vector<Given> given_;
  ProgramSettings settings_;
};

}  // namespace

Parsed<ProgramSettings> parse_program(std::string_view text, std::span<const std::string_view> protocols) {
  const auto words = shell_words(text);
  auto settings = words ? LineReader(*words).read(protocols) : std::unexpected(words.error());
  if (settings) return settings;
  return std::unexpected(std::string(text) + ": " + settings.error());
}

std::string_view program_name(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_first_of(blanks));
}

}  // namespace reactord
