// LateTimers: runs the timers that are due, and decides whether they wait one more turn, for bytes that came in time.
//
// A process that was stopped or held up finds hundreds of deadlines past, while the bytes that came in time are still
// in the kernel: more than one wait returns, or behind a wait that had returned before the stop.
//
//     turn                 |  late    |  full    |  full    |  not full
//     one wait returned    |  few     |  256     |  256     |  40
//     timers               |  wait    |  wait    |  wait    |  run           at the latest after turns_without_timers
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "event/loop_times.hpp"
#include "reactord/reactor.hpp"
#include "reactord/timer.hpp"

namespace reactord {

class LateTimers {
 public:
  // Whether those that are overdue by `overdue`, zero or more, wait for the next turn. `more_is_ready`: more events may
  // be there than the last wait returned.
  bool must_wait(Duration overdue, bool more_is_ready) noexcept;
  void ran() noexcept { turns_ = 0; }  // the timers have had their turn

  // Runs those of `timers` that are due at `now`, timers_per_turn of them, and calls `dispatched()` behind each.
  template <typename Dispatched>
  void run(TimerWheel& timers, Time now, LoopTimes& times, Dispatched dispatched) {
    ran();
    timers.advance(tick_at_or_before(now));
    for (std::size_t left = std::min(timers.expired(), Reactor::timers_per_turn); left > 0; --left) {
      Timer* timer = timers.pop_expired();
      if (timer == nullptr) return;  // a timer that ran has cancelled the others
      times.timer_runs(now - time_of_tick(timer->expiry()));
      timer->on_timer();
      dispatched();
    }
  }

 private:
  std::uint32_t turns_ = 0;  // the number in a row in which no timer ran though one was due
};

}  // namespace reactord
