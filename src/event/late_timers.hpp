// LateTimers: decides whether timers that are due wait one more turn, for bytes that came in time.
//
// A process that was stopped or held up finds hundreds of deadlines past, while the bytes that came in time are still
// in the kernel: more than one wait returns, or behind a wait that had returned before the stop.
//
//     turn                 |  late    |  full    |  full    |  not full
//     one wait returned    |  few     |  256     |  256     |  40
//     timers               |  wait    |  wait    |  wait    |  run           at the latest after turns_without_timers
#pragma once

#include <cstdint>

#include "reactord/time.hpp"

namespace reactord {

class LateTimers {
 public:
  // Whether those that are overdue by `overdue`, zero or more, wait for the next turn. `more_is_ready`: more events may
  // be there than the last wait returned.
  bool must_wait(Duration overdue, bool more_is_ready) noexcept;
  void ran() noexcept { turns_ = 0; }  // the timers have had their turn

 private:
  std::uint32_t turns_ = 0;  // the number in a row in which no timer ran though one was due
};

}  // namespace reactord
