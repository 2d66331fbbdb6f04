// ReactorObserver: receives what the loop notices about itself: stalls, and failures of epoll_wait(2). See
// Reactor::observe().
#pragma once

#include "reactord/error.hpp"
#include "reactord/time.hpp"

namespace reactord {

class Watch;

// Called from the loop; must not block, and must not make the Reactor turn.
class ReactorObserver {
 public:
  virtual ~ReactorObserver() = default;

  // Called right after a dispatch that took longer than the threshold. A dispatch serves one ready descriptor, one
  // timer, one queued resumption or one flush. The Watch is the one that was served; it is valid during the call and
  // may be closed. It is null for timers, resumptions and posted work. The Duration is real time, also on a virtual
  // clock, and includes time in which the machine ran something else.
  virtual void on_stall(const Watch*, Duration) {}

  // epoll_wait(2) has failed; the loop pauses, and tries again (see Reactor::run()).
  virtual void on_wait_failed(const Error&) {}
};

}  // namespace reactord
