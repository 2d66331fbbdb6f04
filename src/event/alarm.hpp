// Alarm: a timerfd(2) that ends a wait in time for a timer that is far away, so that the wait itself needs no limit.
//
//     timers    |-------------------x------x--->     the next of them moves later with every line
//     alarm     |---------------x                    is left where it is: the loop looks, and sets it anew
//
// For a wait with a limit the kernel starts a timer and, when something comes, cancels it: each time the server sleeps, about
// 3 % of what a line costs it then. An alarm is set when it has rung, or when a nearer timer was armed; that is rare.
// Once all timers are cancelled it may ring one more time for nothing.
#pragma once

#include "reactord/reactor.hpp"

namespace reactord {

class Alarm final : public Watch {
 public:
  explicit Alarm(Reactor& reactor);

  // Whether it wakes the loop at `time` or before. Always, if `time` is never.
  bool rings_by(Time time) const noexcept { return set_for_ <= time; }

  // Sets it for `time`, which must be to come. False: the kernel refuses, nothing will ring.
  bool set(Time time) noexcept;

 private:
  // Never read, as the eventfd of Wakeup is not: to set it is to clear it, and each time it rings is a new edge.
  void on_ready(Readiness) override { set_for_ = Time::never(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override {}

  Time set_for_ = Time::never();
};

}  // namespace reactord
