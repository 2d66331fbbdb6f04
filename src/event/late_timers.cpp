#include "event/late_timers.hpp"

#include <cassert>

namespace reactord {

bool LateTimers::must_wait(Duration overdue, bool more_is_ready) noexcept {
  assert(overdue >= 0s && "only timers that are due may wait");
  const bool just_late = turns_ == 0 && overdue > Reactor::late;
  return (more_is_ready || just_late) && turns_++ < Reactor::turns_without_timers;
}

}  // namespace reactord
