#include "support/skip.hpp"

#include <doctest/doctest.h>

#include <cstdio>

namespace test {

void skip(const char* why) {
  static const void* told = nullptr;
  const auto* const running = doctest::getContextOptions()->currentTest;
  if (running == nullptr || told == running) return;
  told = running;
  std::printf("SKIP    %s: %s\n", running->m_name, why);
  std::fflush(stdout);
}

}  // namespace test
