#include "support/jumping_clock.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace {

constexpr time_t hour = 3600;
std::atomic<bool> jumping = false;
std::atomic<std::size_t> jumps = 0;

}  // namespace

namespace test {

JumpingClock::JumpingClock() {
  ::jumps = 0;
  jumping = true;
}
JumpingClock::~JumpingClock() { jumping = false; }
std::size_t JumpingClock::jumps() const noexcept { return ::jumps; }

}  // namespace test

// Found before that of the C library, as those of fail_next.cpp are.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (result == 0 && clock == CLOCK_REALTIME && jumping) {
    const std::size_t jump = ++jumps;
    time->tv_sec += (jump % 2 == 0 ? -hour : hour) * static_cast<time_t>(jump % 50 + 1);
  }
  return result;
}
