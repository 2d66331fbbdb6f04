// ChildProcess: a program that runs beside the loop, and its end.
//
//     start() --> running ---- the program ends ----> the rest of its group is killed --> reaped --> has_ended()
//                  |  |                                          ^                           listener, ended()
//                  |  +-- end(grace): TERM ... grace ... KILL ---+
//                  |                                             |
//                  +-- ~ChildProcess: KILL ----------------------+--> reaped, told to nobody
//
// A program is its whole process group. When its first process, the leader, has ended, the others are killed: a process
// that it left behind would hold the program's output open for ever. One that left the group (setsid(2)) is not found.
//
// No zombie is left: a ChildProcess that goes while its program runs kills the group, and the loop reaps the leader when it
// has ended; run() goes on until then. A shutdown of the Reactor kills and reaps at once, and waits for that no longer than
// longest_wait for each child.
#pragma once

#include <sys/types.h>

#include "base/child_status.hpp"
#include "base/launch.hpp"
#include "reactord/error.hpp"
#include "reactord/time.hpp"
#include "reactord/wait.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class ChildProcess;
class ChildWatch;

// Is told the end of a ChildProcess.
class ChildListener {
 public:
  // Called once, from the loop's own stack or that of Reactor::shutdown(), when the program has been reaped and its group
  // killed. Its output may still lie in its pipes. It may let go of the ChildProcess.
  virtual void on_child_ended(ChildStatus status) = 0;

 protected:
  ~ChildListener() = default;
};

class [[nodiscard]] ChildEndOperation final : public WaitForEndOperation {
 public:
  ChildEndOperation(ChildWatch& child, WaitLimit limit) noexcept;
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<ChildStatus> await_resume() const;

 private:
  friend class ChildWatch;
  ChildWatch& child_;  // may be gone once the wait has ended
  ChildStatus status_;
};

class ChildProcess {
 public:
  static constexpr Duration longest_wait = 1s;

  // Starts the program: the loop stands still meanwhile, for about 0.1 ms, so the caller limits how often. `launch` is not
  // used after the call, and its descriptors stay the caller's. `reactor` must outlive it. The thread is that of the
  // Reactor, because the program is killed when the thread that started it ends. Errors: those of launch() and
  // Reactor::add().
  static Result<ChildProcess> start(Reactor& reactor, const Launch& launch);

  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();  // kills the group if it runs; a pending ended() fails with `closed`

  pid_t pid() const noexcept;  // stays the number of the program after its end, when another may have it
  bool has_ended() const noexcept;
  ChildStatus status() const noexcept;  // unknown while it runs

  // Sets who is told its end; null: nobody. It must outlive this or the next set_listener(). Not for one that has ended.
  void set_listener(ChildListener* listener) noexcept;

  // Suspends until it has ended, not at all if it has. Result: how. Errors: those of wait.hpp. Any number of tasks may
  // wait.
  ChildEndOperation ended(WaitLimit limit = {}) & noexcept;

  // kill(2) of the whole group; no effect once it has ended: its number may be another's by then.
  void signal_group(int number) noexcept;

  // Asks the program to end: SIGTERM to the group, and SIGKILL after `grace`, at once if that is zero. It ends in any case,
  // by the listener and ended(). A second call may only make it sooner. No effect once it has ended.
  void end(Duration grace) noexcept;

 private:
  explicit ChildProcess(ChildWatch* watch) noexcept;
  WatchHandle<ChildWatch> watch_;
};

}  // namespace reactord
