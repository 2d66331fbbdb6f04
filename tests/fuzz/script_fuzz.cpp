// The parser of load scripts under libFuzzer, by hand:
//
//     sources="tests/fuzz/script_fuzz.cpp $(echo src/load/{script,script_flow,lexer,template,quantity,file}.cpp) src/base/buffer.cpp"
//     clang++-19 -std=c++23 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc -o build/script-fuzz $sources
//     mkdir -p build/script-corpus && build/script-fuzz -max_len=4096 build/script-corpus tests/load
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "load/script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace reactord;
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
