// What a test of anything on a Reactor begins with: it runs a task to its end, counts descriptors, and says when it is
// skipped.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <utility>

#include "reactord/reactor.hpp"

namespace test {

// Runs `task` on `reactor` until no task is left.
inline void run(reactord::Reactor& reactor, reactord::Task<> task) {
  reactor.spawn(std::move(task));
  const auto ran = reactor.run();
  REQUIRE(ran.has_value());
  CHECK(reactor.live_tasks() == 0);
}

// Waits, from turn to turn, until condition() holds. Not for idle loops: it keeps this one busy.
template <typename Condition>
reactord::Task<> until(reactord::Reactor& reactor, Condition condition) {
  while (!condition()) co_await reactor.next_turn();
}

// Of this process, by /proc/self/fd.
inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

// Fails the test if the scope ends with more descriptors (or fewer) than it began with. Declare it before the
// Reactor.
class DescriptorCheck {
 public:
  DescriptorCheck() : before_(open_descriptors()) {}
  DescriptorCheck(const DescriptorCheck&) = delete;
  DescriptorCheck& operator=(const DescriptorCheck&) = delete;
  ~DescriptorCheck() { CHECK(open_descriptors() == before_); }

 private:
  std::size_t before_;
};

// Tells why a test can't look at what it is there for, once for the test that runs. The test returns then.
inline void skip(const char* why) {
  static const void* told = nullptr;
  const auto* const running = doctest::getContextOptions()->currentTest;
  if (running == nullptr || told == running) return;
  told = running;
  std::printf("SKIP    %s: %s\n", running->m_name, why);
  std::fflush(stdout);
}

}  // namespace test
