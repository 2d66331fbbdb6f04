// Whatever a load script holds, the parser ends, and its texts stay within what they say. Under libFuzzer, by hand:
//
//     sources="tests/fuzz/script_fuzz.cpp $(echo src/load/script/*.cpp) src/base/{buffer,quantity,suggestion}.cpp"
//     clang++-19 -std=c++23 -g -O1 -fsanitize=fuzzer,address,undefined -DLIBFUZZER -Iinclude -Isrc -o build/script-fuzz $sources
//     mkdir -p build/script-corpus && build/script-fuzz -max_len=4096 build/script-corpus tests/load
//
// Without it there is a driver of its own, that changes seeds by a fixed series of random numbers: "make test" has it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "load/script/script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace reactord;
  using namespace reactord::load;
  const std::string_view text(reinterpret_cast<const char*>(bytes), count);
  const auto script = parse_script("fuzz", text, "/nowhere");
  if (!script) return 0;
  BufferPool pool;
  std::size_t filled = 0;
  for (const Scenario& scenario : script->scenarios) {
    for (const ScriptStep& step : scenario.steps) {
      if ((filled += step.text.most_bytes()) > 1024 * 1024) return 0;  // else memcpy is all that is tested
      Buffer buffer;
      step.text.fill({~std::uint64_t{0}, 1, 2}, pool, buffer);
      if (buffer.size() > step.text.most_bytes()) __builtin_trap();
    }
  }
  return 0;
}

#ifndef LIBFUZZER
namespace {

const std::string_view seeds[] = {
    "option connections 5\nmix 3\nrepeat forever\nsend \"a {seq} {rand:4}\\n\"\nexpect \"b "
    "{conn}\\n\"\nend\n",
    "repeat 10\nsend \"a\\x00\"\nexpect-line \"{{\"\nsleep 10ms\nend\nhalf-close\nexpect-end\n",
    "slow-read 1KiB/s\ntrickle 1 1s \"abc\"\nclose\nconnect\nsend \"x\"\nreset\n",
};
const std::string_view words[] = {"\"",
                                  "\\",
                                  "\\x",
                                  "{",
                                  "}",
                                  "{rand:1048577}",
                                  "{file:/dev/zero}",
                                  "\n",
                                  "#",
                                  "repeat forever\n",
                                  "end\n",
                                  "mix 0\n",
                                  "18446744073709551616",
                                  "1s",
                                  "\xff"};

std::string mutated(std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  std::string text(seeds[below(std::size(seeds))]);
  for (std::size_t count = 1 + below(8); count > 0; --count) {
    const std::size_t at = below(text.size());
    const std::size_t way = below(4);
    if (way == 0) text.insert(at, words[below(std::size(words))]);
    if (way == 1) text.erase(at, 1 + below(8));
    if (way == 2) text.insert(at, 1, static_cast<char>(random()));
    if (way == 3) text += text.substr(at, below(200));
  }
  return text;
}

int run_one(std::string_view text) {
  return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main() {
  constexpr int inputs = 8'000;
  std::mt19937 random(1);
  for (const std::string_view seed : seeds) run_one(seed);
  for (int count = 0; count < inputs; ++count) run_one(mutated(random));
  std::printf("script_fuzz: %d inputs held\n", inputs);
}
#endif
