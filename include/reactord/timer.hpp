// Timer and TimerWheel: deadlines, O(1) to arm and to cancel. Pure: they know no clock and no descriptor.
//
// A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme
// 7) of eight levels of 64 slots, in ticks of one millisecond. The level of a timer is the highest base-64
// digit in which its expiry differs from the present; its slot is that digit. With now = 0:00:00.000 of some
// day:
//
//     level 0   64 slots of 1 ms         [.......x........]   x expires within the running 64 ms
//     level 1   64 slots of 64 ms        [..x.............]   moves to level 0 when its slot begins
//     level 2   64 slots of 4.096 s      [................]
//     ...
//     level 7   64 slots of 139 years                         any Time fits, nothing wraps
//
// One 64-bit word per level has a bit for each slot in use, so finding the next timer takes two count-trailing-zeros.
// Timers are intrusive nodes: arming allocates nothing. An expired timer stays linked, in the list of the expired,
// until it is popped: cancel is legal at every moment.
//
// A timer is never early, and at most one tick late if advance() is called at next().
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "reactord/list.hpp"
#include "reactord/time.hpp"

namespace reactord {

// Ticks of a TimerWheel since its clock's zero. A deadline rounds up: a timer is never early.
using Tick = std::uint64_t;
inline constexpr std::int64_t nanoseconds_per_tick = 1'000'000;
constexpr Tick tick_at_or_after(Time time) noexcept {
  if (time.nanoseconds() <= 0) return 0;
  return (static_cast<Tick>(time.nanoseconds()) + (nanoseconds_per_tick - 1)) / nanoseconds_per_tick;
}
constexpr Tick tick_at_or_before(Time time) noexcept {
  return time.nanoseconds() <= 0 ? 0 : static_cast<Tick>(time.nanoseconds()) / nanoseconds_per_tick;
}
constexpr Time time_of_tick(Tick tick) noexcept {
  if (tick > static_cast<Tick>(Time::never().nanoseconds() / nanoseconds_per_tick)) return Time::never();
  return Time::from_nanoseconds(static_cast<std::int64_t>(tick) * nanoseconds_per_tick);
}

// A node of the wheel. Cancel it before it is destroyed.
class Timer {
 public:
  Timer() noexcept = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool is_armed() const noexcept { return place_ != idle; }  // in the wheel, or expired and not popped
  Tick expiry() const noexcept { return expiry_; }           // as it was armed last

  virtual void on_timer() = 0;  // called by the Reactor, from its own stack, once the timer has been popped

 protected:
  virtual ~Timer() { assert(!is_armed() && "a Timer is cancelled before it is destroyed"); }

 private:
  friend class TimerWheel;
  friend class List<Timer>;
  static constexpr std::uint8_t idle = 0xff, expired = 0xfe;
  ListNode<Timer> node_;
  Tick expiry_ = 0;
  std::uint8_t place_ = idle;  // a level, or one of the constants
};

class TimerWheel {
 public:
  static constexpr unsigned levels = 8, slots = 64, bits = 6;
  static constexpr Tick never = ~Tick{0};

  explicit TimerWheel(Tick now = 0) noexcept : now_(now) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Arms or moves `timer`. It expires at once if `expiry` is not after now(). The timer must outlive its arming.
  void arm(Timer& timer, Tick expiry) noexcept;
  void cancel(Timer& timer) noexcept;  // no effect on a timer that is not armed

  // Moves the present to `now` (never backwards) and collects the expired timers for pop_expired().
  void advance(Tick now) noexcept;
  Timer* pop_expired() noexcept;  // null when there is none; earliest slots first

  // The latest tick at which advance() is due: a timer's expiry, or the beginning of a slot that must be spread over
  // finer ones (at most one such stop per level in a timer's life). never when nothing is armed.
  Tick next() const noexcept { return next_; }
  Time next_time() const noexcept { return next_time_; }  // the same as a moment; Time::never() for never

  Tick now() const noexcept { return now_; }
  std::size_t size() const noexcept { return size_; }              // armed timers, including the expired
  std::size_t expired() const noexcept { return expired_count_; }  // timers waiting for pop_expired()

  // Checks every place, bit and count. For tests and debug builds.
  bool check() const noexcept;

 private:
  List<Timer>& slot_of(const Timer& timer) noexcept;
  void link(Timer& timer) noexcept;
  void unlink(Timer& timer) noexcept;
  void empty_slots(unsigned level, std::uint64_t begun) noexcept;
  void find_next() noexcept;

  Tick now_;
  std::size_t size_ = 0;
  std::size_t expired_count_ = 0;
  Tick next_ = never;  // cached: it is read at every turn of a loop and changes rarely
  Time next_time_ = Time::never();
  OrderedList<Timer> expired_;
  std::uint64_t used_levels_ = 0;
  std::array<std::uint64_t, levels> used_slots_{};
  std::array<std::array<List<Timer>, slots>, levels> slot_;
};

}  // namespace reactord
