// Time: a moment on CLOCK_MONOTONIC (clock_gettime(2)), in nanoseconds. Clock: the source of moments.
//
// Deadlines are absolute Times, as in Go. Sums saturate: a far future is never(), it does not wrap into the past. No
// structure of the library reads a clock: time is an argument, so a test can run a year in a second.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <ctime>
#include <limits>

namespace reactord {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;  // 30s, 5ms

class Time {
 public:
  constexpr Time() noexcept = default;  // the clock's zero: always past
  static constexpr Time from_nanoseconds(std::int64_t nanoseconds) noexcept { return Time(nanoseconds); }
  static constexpr Time never() noexcept { return Time(std::numeric_limits<std::int64_t>::max()); }
  static constexpr Time past() noexcept { return Time(0); }

  constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }
  constexpr bool is_never() const noexcept { return *this == never(); }

  friend constexpr auto operator<=>(Time, Time) noexcept = default;
  friend constexpr Time operator+(Time time, Duration duration) noexcept {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(time.nanoseconds_, duration.count(), &sum)) {
      return duration.count() > 0 ? never() : past();
    }
    return Time(sum);
  }
  friend constexpr Duration operator-(Time left, Time right) noexcept {
    return Duration(left.nanoseconds_ - right.nanoseconds_);
  }

 private:
  constexpr explicit Time(std::int64_t nanoseconds) noexcept : nanoseconds_(nanoseconds) {}
  std::int64_t nanoseconds_ = 0;
};

// The interface between the Reactor and the machine's clock. A Clock must outlive every Reactor made on it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() noexcept = 0;

  // Called when nothing is ready and the next timer is `idle` away. A virtual clock moves forward by `idle` and
  // returns true: the Reactor then does not sleep. A real clock returns false, and the Reactor sleeps in the kernel.
  virtual bool skip(Duration idle) noexcept = 0;
  virtual bool is_virtual() const noexcept = 0;

  static Clock& monotonic() noexcept;  // the machine's clock; lives as long as the program
};

// CLOCK_MONOTONIC, now. Clock::monotonic() reads it.
inline Time monotonic_now() noexcept {
  timespec moment;
  ::clock_gettime(CLOCK_MONOTONIC, &moment);  // can't fail for this clock
  return Time::from_nanoseconds(moment.tv_sec * 1'000'000'000 + moment.tv_nsec);
}

// A clock that stands still until the idle Reactor or the test moves it.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Time start = Time::from_nanoseconds(1'000'000'000)) noexcept : now_(start) {}
  Time now() noexcept override { return now_; }
  bool skip(Duration idle) noexcept override {
    advance(idle);
    return true;
  }
  bool is_virtual() const noexcept override { return true; }
  void advance(Duration duration) noexcept { now_ = now_ + duration; }

 private:
  Time now_;
};

}  // namespace reactord
