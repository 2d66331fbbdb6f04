// The part that all waits of tasks for each other have in common: how a wait begins, its ends, and the order of waits.
//
//     WaitQueue of an Event, Semaphore ...                     ends a wait, whichever comes first:
//       first_ --> [WaitOperation] <--> [WaitOperation]          - the primitive: set(), send(), release() ...
//       last_  -----------------------------^                    - its WaitLimit: a Context, or a deadline
//                in the frame        in the frame                - the Reactor's shutdown
//                of a task           of another                  - the end of the primitive
//
// These hold for every wait:
//
//   order       first come, first served: a wait that comes later takes nothing from one that came earlier
//   allocation  none: the operation is the node of the queue, in the frame of the task that awaits it
//   resuming    by the loop, from its own stack, in this turn or the next; never from within the call that ended the wait
//   limit       when the Context is done or the deadline past already, the wait fails at once and takes nothing, even if
//               something is there
//   one end     the first end of a wait stays its result. A task that was given something keeps it, though its Context may
//               be done before the task is resumed; a task whose Context was done first is given nothing
//   errors      cancelled, deadline_exceeded: of the Context or the deadline; cancelled: by the Reactor's shutdown
//   the end     a primitive that goes fails those that wait for it with the code `closed`. They must not use it again
//
// A primitive, its Contexts and the tasks that use it are on one Reactor, and belong to its thread.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstdint>
#include <optional>

#include "reactord/context.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor.hpp"
#include "reactord/time.hpp"

namespace reactord {

class WaitOperation;

// The limit of a wait: nothing, a Context, or a deadline. For the last two at once, a child of the Context with the
// deadline. The Context must live until the wait is awaited; one that goes later is done, and ends the wait.
class WaitLimit {
 public:
  WaitLimit() noexcept = default;
  WaitLimit(Context& context) noexcept : context_(&context) {}  // implicit, as the next: event.wait(context)
  WaitLimit(Time deadline) noexcept : deadline_(deadline) {}

  Context* context() const noexcept { return context_; }
  Time deadline() const noexcept { return deadline_; }

 private:
  Context* context_ = nullptr;
  Time deadline_ = Time::never();
};

// The operations that wait for one thing, oldest first. For makers of new primitives.
class WaitQueue {
 public:
  WaitQueue() noexcept = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  ~WaitQueue() { fail_all(ErrorCode::closed); }

  bool is_empty() const noexcept { return first_ == nullptr; }
  WaitOperation* first() const noexcept { return first_; }  // null when empty

  // Each takes the operation out and queues its task for the loop: no task runs within the call.
  void succeed(WaitOperation& operation) noexcept;  // `operation` is in this queue
  void succeed_all() noexcept;
  void fail_all(ErrorCode code) noexcept;

 private:
  friend class WaitOperation;
  void push(WaitOperation& operation) noexcept;
  void remove(WaitOperation& operation) noexcept;

  WaitOperation* first_ = nullptr;
  WaitOperation* last_ = nullptr;  // meaningful while first_ is not null
};

// The base of all operations that wait in a WaitQueue. Not to be moved, and awaited once.
class [[nodiscard]] WaitOperation : protected SleepOperation, ContextListener {
 protected:
  WaitOperation(Reactor& reactor, WaitLimit limit) noexcept
      : SleepOperation(reactor, limit.deadline()), context_(limit.context()) {
    assert((context_ == nullptr || &context_->reactor() == &reactor) && "one Reactor for all");
  }
  ~WaitOperation() { assert(queue_ == nullptr && "a suspended task is not destroyed"); }

  // For await_ready(): true if the limit has ended the wait before it began.
  bool fails_at_once() noexcept;
  void fail_at_once(ErrorCode code) noexcept { failure_ = code; }

  // For await_suspend().
  void wait_in(WaitQueue& queue, std::coroutine_handle<> waiter) noexcept;

  // For await_resume(): why it failed; empty when it did not.
  std::optional<ErrorCode> failure() const noexcept { return failure_; }
  Result<void> result() const;
  Error error() const;  // only after a failure

  void on_shutdown(bool nothing_else_runs) noexcept override;

 private:
  friend class WaitQueue;
  // Called when its limit has taken it out of its queue, for a primitive in which others may go on now. It runs no task.
  virtual void on_left() noexcept {}
  void on_done(Context& context) noexcept final;
  void on_timer() final;
  void leave(std::optional<ErrorCode> failure) noexcept;

  Context* context_;
  WaitQueue* queue_ = nullptr;     // while it waits
  WaitOperation* next_ = nullptr;  // in queue_
  WaitOperation* previous_ = nullptr;
  std::optional<ErrorCode> failure_;
};

// A wait that ends when others have. A shutdown lets it go on while they can run: what its task owns outlives them.
class [[nodiscard]] WaitForEndOperation : public WaitOperation {
 protected:
  using WaitOperation::WaitOperation;
  void on_shutdown(bool nothing_else_runs) noexcept final {
    if (nothing_else_runs) WaitOperation::on_shutdown(true);
  }
};

}  // namespace reactord
