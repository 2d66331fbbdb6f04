// Whatever a configuration file holds, the parser ends, stays within its bounds, and what it takes it can write and read
// again. LLVMFuzzerTestOneInput() is for libFuzzer:
//
//     clang++ -std=c++23 -fsanitize=fuzzer,address,undefined -DLIBFUZZER -Iinclude -Isrc tests/fuzz/configuration_fuzz.cpp
//       src/{base,event,net,serve,protocols}/*.cpp $(ls src/daemon/*.cpp | grep -v main.cpp) -o configuration-fuzz
//
// Without it there is a driver of its own, that changes seeds by a fixed series of random numbers: the same inputs in
// each run, and "make test" has it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "daemon/configuration.hpp"
#include "daemon/printable.hpp"
#include "support/reactord_program.hpp"

namespace {

using reactord::Configuration;

void demand(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "configuration_fuzz: %s, for:\n%.*s\n", what, static_cast<int>(text.size()),
               text.data());
  std::abort();
}

void check(std::string_view text) {
  Configuration configuration(test::reactord_program());
  configuration.read(text, "fuzz");
  configuration.check_protocols();
  std::string again;
  for (const reactord::Assignment& assignment : configuration.assignments()) {
    if (!assignment.setting->is_list() &&
        again.find('\n' + std::string(assignment.setting->name) + " = ") != std::string::npos) {
      demand(false, "a setting was taken twice", text);
    }
    again += '\n' + std::string(assignment.setting->name) + " = " + reactord::written_value(assignment.value);
  }
  const auto mistakes = configuration.take_mistakes();
  demand(mistakes.size() <= Configuration::most_mistakes + 1, "too many mistakes are told", text);
  for (const std::string& line : mistakes) {
    demand(line.size() < 32 * Configuration::longest_line, "a mistake is told at too great a length", text);
    demand(reactord::printable(line) == line, "a mistake is no line of text", text);
  }
  Configuration second(test::reactord_program());
  second.read(again, "again");
  if (again.size() > Configuration::longest_text) return;
  demand(second.take_mistakes().empty(), "what was taken is not taken again", text);
  demand(second.assignments().size() == configuration.assignments().size(), "something is missing", text);
  for (std::size_t index = 0; index < second.assignments().size(); ++index) {
    demand(second.assignments()[index].value == configuration.assignments()[index].value, "a value differs",
           text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  check({reinterpret_cast<const char*>(bytes), size});
  return 0;
}

#ifndef LIBFUZZER
namespace {

const std::string_view seeds[] = {
    "listen = line@:9090\nidle-timeout = 30s # thirty\nmax-connections = 10,reject\n",
    "listen = \"line@unix:/a # \\\"b\\\\\"\nlisten = echo@systemd:web\naccept-rate = 100/s,burst=5,defer\n",
    "program = upper workers=2 timeout=1s A='b c' /bin/sh -c \"x \\\\\\\" y\" z\nlisten = upper@:1\n",
    "\xef\xbb\xbf# comment\r\noutput-high = 64KiB\r\n[section]\r\nlog-level = warn\r\n",
    "lifetime-jitter = 10%\nlong-lines = truncate\nreuse-port = yes\nip6-prefix = 64\nlog-rate = 0\n",
};
const std::string_view words[] = {"=",
                                  "\"",
                                  "\\",
                                  "#",
                                  " #",
                                  "\n",
                                  "\r",
                                  "\t",
                                  "@",
                                  ":",
                                  "unix:",
                                  "systemd:",
                                  "listen = ",
                                  "18446744073709551616",
                                  "-1",
                                  "KiB",
                                  "%",
                                  "\xff",
                                  "line@[::1%lo]:1"};

std::string mutated(std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  std::string text(seeds[below(std::size(seeds))]);
  for (std::size_t count = 1 + below(8); count > 0; --count) {
    const std::size_t at = below(text.size());
    switch (below(6)) {
      case 0:
        text.insert(at, words[below(std::size(words))]);
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        text += text.substr(at, below(200));
        break;
      case 4:
        text.insert(at, below(2000), words[below(std::size(words))][0]);
        break;
      default:
        text += seeds[below(std::size(seeds))];
    }
  }
  return text;
}

}  // namespace

int main() {
  constexpr int inputs = 8'000;
  std::mt19937 random(1);
  for (const std::string_view seed : seeds) check(seed);
  for (int count = 0; count < inputs; ++count) check(mutated(random));
  check(std::string(Configuration::longest_text, '='));
  check(std::string(Configuration::longest_text + 1, '\n'));
  std::printf("configuration_fuzz: %d inputs held\n", inputs);
}
#endif
