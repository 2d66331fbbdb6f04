// Alarm: a timerfd(2) that ends a wait for a distant timer, so that the wait itself needs no timeout.
//
//     timers    |-------------------x------x--->     the next one moves later with every line
//     alarm     |---------------x                    stays where it is: the loop looks, and sets it again
//
// For a wait with a timeout the kernel starts a timer, and cancels it when an event comes: each time the server sleeps,
// about 3 % of the cost of a line then. An alarm is set only when it has rung, or when a nearer timer was armed; that
// is rare. Once all timers are cancelled it may ring one more time without cause.
#pragma once

#include "reactord/reactor.hpp"

namespace reactord {

class Alarm final : public Watch {
 public:
  explicit Alarm(Reactor& reactor);

  // True when it wakes the loop at `time` or before. Always true if `time` is never.
  bool rings_by(Time time) const noexcept { return set_for_ <= time; }

  // Sets it for `time`, not never. False: the kernel refuses, and it will not ring.
  bool set(Time time) noexcept;

  // The timeout in milliseconds of a wait that is to end when `time` comes, which may be never: -1 when the alarm rings
  // by then, because it was set for that time or before, or has been set now.
  int timeout_until(Time time, Time now) noexcept {
    if (rings_by(time)) [[likely]]
      return -1;
    return set_or_count(time, now);
  }

 private:
  int set_or_count(Time time, Time now) noexcept;

  // It is never read, like the eventfd of Wakeup: setting it clears it, and each ring is a new edge.
  void on_ready(Readiness) override { set_for_ = Time::never(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override {}

  Time set_for_ = Time::never();
};

// The timeout of a wait that no alarm ends, rounded up: one that ends just before its timer would spin until the timer
// is due. At most a day; -1 if `time` is never; 0 if it has come.
int milliseconds_until(Time time, Time now) noexcept;

}  // namespace reactord
