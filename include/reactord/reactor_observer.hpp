// ReactorObserver: told what the loop notices about itself: that something has held it up, that the kernel refuses to
// let it wait. See Reactor::observe().
#pragma once

#include "reactord/error.hpp"
#include "reactord/time.hpp"

namespace reactord {

class Watch;

// Called from the loop; must not block, and must not make the Reactor turn.
class ReactorObserver {
 public:
  virtual ~ReactorObserver() = default;

  // One dispatch has taken longer than the threshold: what was done for one ready descriptor, one timer, one queued
  // resumption, one flush. Told right after it. `watch` is the one that was served, valid during the call, closed
  // perhaps; null for timers, the queued and posted work. `took` is real time, also on a virtual clock, and counts
  // that in which the machine ran something else.
  virtual void on_stall(const Watch*, Duration) {}

  // epoll_wait(2) has failed; the loop pauses, and tries again (see Reactor::run()).
  virtual void on_wait_failed(const Error&) {}
};

}  // namespace reactord
