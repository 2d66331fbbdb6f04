// SleepOperation: a task's wait for a time, see Reactor::sleep(). For makers of new operations it is a base: a wait
// that a timer ends, if nothing ends it before, and that the Reactor's shutdown fails.
//
//     await_suspend() ---> listed, its timer armed ---+--> on_timer()   the task runs on
//                                                     +--> wake_up()    it runs on from the loop's queue
//                                                     +--> shutdown     the same, and is_cancelled()
#pragma once

#include <coroutine>

#include "reactord/error.hpp"
#include "reactord/list.hpp"
#include "reactord/task.hpp"
#include "reactord/time.hpp"
#include "reactord/timer.hpp"

namespace reactord {

class Reactor;

class [[nodiscard]] SleepOperation : protected Timer, protected Resumable {
 public:
  // Time::never(): no timer, only wake_up() and a shutdown end it.
  SleepOperation(Reactor& reactor, Time until) noexcept : reactor_(reactor), until_(until) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const;

 protected:
  void on_timer() override;
  void wake_up() noexcept;  // resumes now, through the loop's queue; only while it waits
  bool is_cancelled() const noexcept { return cancelled_; }
  Reactor& reactor() const noexcept { return reactor_; }
  Time until() const noexcept { return until_; }

  // Called by a shutdown: it fails. One that waits for the end of other tasks has no effect here until
  // `nothing_else_runs`, so that what its task owns outlives them; it fails then.
  virtual void on_shutdown(bool nothing_else_runs) noexcept;

 private:
  friend class Reactor;
  friend class List<SleepOperation>;
  friend class Sleepers;
  void unlink() noexcept;

  Reactor& reactor_;
  Time until_;
  ListNode<SleepOperation> node_;  // linked while it waits
  bool cancelled_ = false;
};

}  // namespace reactord
