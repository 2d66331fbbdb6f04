#include "protocols/programs/silence_hint.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace reactord {
namespace {

struct Cure {
  std::string_view program, hint;
};

constexpr std::string_view any = "flush its output after each line, or write terminal=yes";
constexpr std::string_view stdbuf = "start it by stdbuf -oL, or write terminal=yes";
constexpr std::string_view python =
    "read by readline() or `for line in sys.stdin`, not by read(), and print with flush=True";
constexpr std::string_view node = "read line by line, and write by console.log() or process.stdout.write()";
constexpr std::string_view shell = "look at the programs that the shell starts, or write terminal=yes";
constexpr std::string_view at_the_end =
    "it writes when its input has ended: another program must answer lines";
constexpr std::string_view fflush = "call fflush() after each print";

constexpr auto cures = std::to_array<Cure>({
    {"python", python},
    {"pypy", python},
    {"perl", "set $| = 1 at its beginning"},
    {"ruby", "set $stdout.sync = true at its beginning"},
    {"node", node},
    {"nodejs", node},
    {"php", "call flush() after each line"},
    {"lua", "call io.stdout:setvbuf(\"line\") at its beginning"},
    {"luajit", "call io.stdout:setvbuf(\"line\") at its beginning"},
    {"tclsh", "call fconfigure stdout -buffering line at its beginning"},
    {"java", "call System.out.flush() after each line"},
    {"mawk", "use mawk -W interactive: it buffers its input, too"},
    {"awk",
     "use awk -W interactive where awk is mawk, which buffers its input; else fflush() after each print"},
    {"gawk", fflush},
    {"original-awk", fflush},
    {"sed", "use sed -u"},
    {"grep", "use grep --line-buffered"},
    {"egrep", "use egrep --line-buffered"},
    {"fgrep", "use fgrep --line-buffered"},
    {"rg", "use rg --line-buffered"},
    {"jq", "use jq --unbuffered"},
    {"tr", stdbuf},
    {"cut", stdbuf},
    {"rev", stdbuf},
    {"nl", stdbuf},
    {"fold", stdbuf},
    {"uniq", stdbuf},
    {"paste", stdbuf},
    {"sort", at_the_end},
    {"tac", at_the_end},
    {"wc", at_the_end},
    {"sh", shell},
    {"bash", shell},
    {"dash", shell},
    {"zsh", shell},
    {"ksh", shell},
});

// A program that starts another one, whose words follow its own.
struct Starter {
  std::string_view name;
  std::string_view options_with_value;  // letters, as in -u NAME
  std::size_t words;                    // behind the options and in front of the program, as in timeout 10s
};
constexpr auto starters = std::to_array<Starter>({
    {"env", "uC", 0},
    {"nice", "n", 0},
    {"nohup", "", 0},
    {"setsid", "", 0},
    {"timeout", "sk", 1},
    {"stdbuf", "ioe", 0},
});

using Words = std::span<const std::string>;

std::string_view name_of(std::string_view word) noexcept { return word.substr(word.rfind('/') + 1); }

// python3.11 is python.
std::string_view without_version(std::string_view name) noexcept {
  return name.substr(0, name.find_last_not_of("0123456789.") + 1);
}

bool is_assignment(std::string_view word) noexcept { return word.find('=') != std::string_view::npos; }

// The words of the program that `starter` starts; `words` begin behind its name.
Words behind(const Starter& starter, Words words) noexcept {
  const auto drop = [&](std::size_t count) { words = words.subspan(std::min(count, words.size())); };
  while (!words.empty() && words.front().starts_with('-')) {
    const bool has_value = words.front().size() == 2 &&
                           starter.options_with_value.find(words.front()[1]) != std::string_view::npos;
    drop(has_value ? 2 : 1);
  }
  while (!words.empty() && is_assignment(words.front())) drop(1);
  drop(starter.words);
  return words;
}

}  // namespace

std::string_view silence_hint(const std::vector<std::string>& command) noexcept {
  bool has_stdbuf = false;
  for (Words words = command; !words.empty();) {
    const std::string_view name = name_of(words.front());
    if (const auto* const starter = std::ranges::find(starters, name, &Starter::name);
        starter != starters.end()) {
      has_stdbuf = has_stdbuf || name == "stdbuf";
      words = behind(*starter, words.subspan(1));
      continue;
    }
    const auto* const cure = std::ranges::find(cures, without_version(name), &Cure::program);
    if (cure == cures.end() || (has_stdbuf && cure->hint == stdbuf)) break;
    return cure->hint;
  }
  return any;
}

}  // namespace reactord
