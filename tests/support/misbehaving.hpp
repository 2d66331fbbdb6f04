// Shared by tests of tests/daemon/misbehaving: where the program is, how long and how large a test is to be.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace test {

// MISBEHAVING names it, as make test does.
inline std::string misbehaving_program() {
  const char* program = std::getenv("MISBEHAVING");
  if (program == nullptr)
    throw std::runtime_error("the environment variable MISBEHAVING must name the program: use \"make test\"");
  return std::filesystem::absolute(program);
}

// HOSTILE_SECONDS is for whoever has the time: make hostile-programs.
inline bool is_thorough() { return std::getenv("HOSTILE_SECONDS") != nullptr; }

inline std::chrono::seconds hostile_time(std::chrono::seconds otherwise) {
  const char* seconds = std::getenv("HOSTILE_SECONDS");
  return seconds == nullptr ? otherwise : std::chrono::seconds(std::atoi(seconds));
}

// This process may have as many descriptors as it can be given.
inline void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace test
