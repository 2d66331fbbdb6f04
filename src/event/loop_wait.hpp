// LoopWait: what a Reactor waits with: epoll, and the two watches of its own that end a wait.
//
//     Poller     a descriptor is ready
//     Alarm      a timer is due; none on a virtual clock, where the loop never sleeps
//     Wakeup     another thread has posted work
//
// Without one of the descriptors that these need the loop could not wait, or not be woken: what the kernel said then is
// the error of every add() of a descriptor, and of run().
#pragma once

#include <cstddef>
#include <optional>

#include "event/alarm.hpp"
#include "event/failed_waits.hpp"
#include "event/poller.hpp"
#include "event/wakeup.hpp"

namespace reactord {

class LoopWait {
 public:
  LoopWait(Reactor& reactor, bool is_virtual);
  LoopWait(const LoopWait&) = delete;
  LoopWait& operator=(const LoopWait&) = delete;

  // Adds its own watches to the Reactor, once, before all others; and closes them, once, at the Reactor's end.
  void begin(Reactor& reactor);
  void end() noexcept;

  // Has `watch` report its readiness from now on, if it has a descriptor. Errors: system.
  Result<void> add(Watch& watch);

  // The timeout of wait() that makes it end when `time` comes, which may be never. On a virtual clock it comes at once.
  int timeout_until(Time time, Time now) noexcept {
    if (alarm_ != nullptr) [[likely]]
      return alarm_->timeout_until(time, now);
    return time.is_never() ? -1 : 0;
  }
  // Moves a virtual clock from `now` to `next`, until which a wait would have lasted; not to never.
  static void skip_to(Time next, Time now, Clock& clock) noexcept;
  int wait(int milliseconds) noexcept { return poller_.wait(milliseconds); }  // as Poller::wait()
  // After a failure of wait() in that turn, an errno: tells `observer`, unless it is null, and pauses; false: the failure
  // was one too many.
  bool survives(int failure, std::uint64_t turn, ReactorObserver* observer, Clock& clock);

  const std::optional<Error>& refusal() const noexcept { return refusal_; }
  bool is_own(const Watch* watch) const noexcept { return watch == wakeup_ || watch == alarm_; }
  std::size_t own_descriptors() const noexcept;
  Poller& poller() noexcept { return poller_; }
  Wakeup& wakeup() const noexcept { return *wakeup_; }

 private:
  Result<void> add_own(Reactor& reactor);

  Poller poller_;
  Wakeup* wakeup_;  // deleted by the Reactor, as every Watch
  Alarm* alarm_;    // null on a virtual clock
  FailedWaits failures_;
  std::optional<Error> refusal_;
};

}  // namespace reactord
