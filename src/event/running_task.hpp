// RunningTask: a Task<> that runs without a coroutine that awaits it: for an object that holds many tasks, one of which may
// end at once, and then costs its own frame alone.
//
//     begin() --- runs on this stack ---+--> ended                                  begin() has returned true
//                                       +--> suspended --- the loop ---> ended      `at_end` is resumed by it
//
// It does not keep Reactor::run() going: its owner is to be known to the loop, and waits for the end.
#pragma once

#include <cassert>
#include <exception>

#include "reactord/task.hpp"

namespace reactord {

class RunningTask {
 public:
  RunningTask() noexcept = default;
  RunningTask(const RunningTask&) = delete;
  RunningTask& operator=(const RunningTask&) = delete;
  ~RunningTask() { free(); }

  // Runs `task` until it first suspends. True: it has ended. Otherwise `at_end` is resumed once, from within the task's end:
  // it must not free the task yet, and must live until then.
  bool begin(Task<> task, Resumable& at_end) noexcept {
    assert(!frame_ && "the former task has been freed");
    frame_ = task.release();
    assert(frame_ && !awaited().awaiter && "a Task is awaited or spawned once");
    frame_.resume();
    if (has_ended()) return true;
    awaited().at_end = &at_end;
    awaited().phase = Phase::told;
    return false;
  }

  // True when an exception has left the task.
  bool has_thrown() const noexcept { return frame_ && awaited().exception != nullptr; }
  std::exception_ptr exception() const noexcept { return awaited().exception; }  // only if it has thrown

  // Frees the frame of a task that has ended, so that another one can begin. A suspended task is never destroyed: it is left
  // to itself. No effect where there is none.
  void free() noexcept {
    if (!frame_) return;
    if (has_ended()) frame_.destroy();
    frame_ = nullptr;
  }

 private:
  using Phase = detail::TaskPromiseBase::Phase;
  detail::TaskPromiseBase::Awaited& awaited() const noexcept { return frame_.promise().awaited; }
  bool has_ended() const noexcept { return awaited().phase == Phase::ended; }

  Task<>::Handle frame_ = nullptr;
};

}  // namespace reactord
