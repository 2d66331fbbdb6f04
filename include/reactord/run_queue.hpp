// RunQueue: what the loop resumes from its own stack, and the frames of ended tasks. It allocates nothing.
//
//     push()                 queued_     [ ] [ ] [ ]   run() takes a snapshot: what they push runs in the next turn
//     push_for_next_turn()   next_turn_  [ ]           behind them from the end of the turn on
//     push_ended()           ended_      [ ]           freed at the end of the turn
#pragma once

#include <coroutine>

#include "reactord/task.hpp"

namespace reactord {

class RunQueue {
 public:
  RunQueue() noexcept = default;

  // `resumable` must be in no queue.
  void push(Resumable& resumable) noexcept { queued_.push(resumable); }
  void push_for_next_turn(Resumable& resumable) noexcept { next_turn_.push(resumable); }
  void push_ended(Resumable& frame) noexcept {
    ended_.push(frame);
  }  // its state is a frame that is suspended for good

  bool is_empty() const noexcept { return queued_.is_empty() && next_turn_.is_empty() && ended_.is_empty(); }

  // Resumes what has been pushed by now, and calls `resumed()` after each.
  template <typename Resumed>
  void run(Resumed resumed) {
    for (Resumable* next = queued_.take_all(); next != nullptr;) {
      Resumable& resumable = *next;
      next = resumable.next;  // first, because the node may be gone once its coroutine has run
      resumable.resume();
      resumed();
    }
  }

  // Queues what waits for the next turn. True when something waited.
  bool begin_next_turn() noexcept {
    const bool some_wait = !next_turn_.is_empty();
    queued_.append(next_turn_);
    return some_wait;
  }

  void free_ended() noexcept {
    for (Resumable* next = ended_.take_all(); next != nullptr;) {
      const auto frame = std::coroutine_handle<>::from_address(next->state);
      next = next->next;  // first, because the node lies in the frame
      frame.destroy();
    }
  }

 private:
  ResumableQueue queued_, next_turn_, ended_;
};

}  // namespace reactord
