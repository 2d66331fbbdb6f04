// Context: a signal to stop, handed down a tree. Go's context.Context (https://pkg.go.dev/context) without values.
//
//     Reactor
//       +-- Context all(reactor)              never done by itself
//             +-- Context part(all, never)    done when all is, or when it is cancelled
//                   +-- Context step(part, deadline)    or when the deadline passes; no later than part's
//
// A Context is done once and for good: by cancel(), by its deadline, by its parent, or by its own end. All of its
// descendants are done when cancel() returns; the coroutines that wait on them are resumed by the loop. What a
// Context is for is attached to it: Conn::set_context(), DialOptions::context, Context::sleep(), AfterFunction.
//
// Each Context belongs to whoever declared it. Its end cancels it, so a descendant that lives longer is done, and
// free. It must not outlive its Reactor. Go's context values have no counterpart: parameters and members are typed.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "reactord/error.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class Context;
class ContextSleepOperation;

// Something to be told when a Context is done: an intrusive node, told once, and out of the list by then. For makers
// of new operations; it is told from within cancel(), so it runs no code of a user: it queues (Reactor::resume_later).
class ContextListener {
 public:
  ContextListener() noexcept = default;
  ContextListener(const ContextListener&) = delete;
  ContextListener& operator=(const ContextListener&) = delete;
  void listen(Context& context) noexcept;  // which is not done
  void stop_listening() noexcept;          // no effect where it does not listen

 protected:
  ~ContextListener() { stop_listening(); }

 private:
  friend class Context;
  virtual void on_done(Context& context) noexcept = 0;
  ContextListener* next_ = nullptr;
  ContextListener** previous_ = nullptr;  // whatever points to this one; null: not in a list
};

class Context final : ContextListener, Timer {
 public:
  explicit Context(Reactor& reactor) noexcept : reactor_(reactor) {}  // a root, Go's Background
  Context(Context& parent,
          Time deadline);  // born done, if the parent is; Time::never(): no deadline of its own
  ~Context();              // cancel()

  // Done, with the code `cancelled`; no effect on one that is done. `cause` says why, for those who ask cause().
  void cancel();
  void cancel(Error cause);

  bool is_done() const noexcept { return code_ != ErrorCode::eof; }

  // Why it is done: cancelled or deadline_exceeded ("context deadline exceeded"); nothing while it is not.
  std::optional<Error> error() const;

  // What the first cancel() up the tree gave as its cause; else the same as error().
  std::optional<Error> cause() const;

  Time deadline() const noexcept {
    return deadline_;
  }  // the earliest of its own and its ancestors'; perhaps never()
  Reactor& reactor() const noexcept { return reactor_; }

  // Suspends until then, or until the context is done. Result: ok; or cancelled, or deadline_exceeded.
  ContextSleepOperation sleep_until(Time time) & noexcept;
  ContextSleepOperation sleep(Duration duration) & noexcept;
  ContextSleepOperation done() & noexcept;  // until it is done: the result is always an error

  // What an operation that ends with the context reports: the code alone.
  ErrorCode code() const noexcept { return code_; }

 private:
  friend class ContextListener;
  void on_done(Context& parent) noexcept override;
  void on_timer() override;
  void end(ErrorCode code, const Error* cause) noexcept;

  Reactor& reactor_;
  Time deadline_ = Time::never();
  ErrorCode code_ = ErrorCode::eof;  // stands for: not done
  std::unique_ptr<Error> cause_;
  ContextListener* listeners_ = nullptr;
};

// Runs `function` once the context is done, from the loop's own stack, in this turn or the next; at once queued if it
// is done already. Go's context.AfterFunc. Letting go of it is stop(). An exception that leaves `function` ends the
// program.
class AfterFunction {
 public:
  AfterFunction(Context& context, std::move_only_function<void()> function);
  AfterFunction(AfterFunction&&) noexcept;
  AfterFunction& operator=(AfterFunction&&) noexcept;
  ~AfterFunction();

  // True if this call is why the function will never run.
  bool stop() noexcept;

 private:
  class Record;
  Record* record_;  // owns it until the loop has it in its queue, which then frees it; null: nothing to stop
};

class [[nodiscard]] ContextSleepOperation final : public SleepOperation, ContextListener {
 public:
  ContextSleepOperation(Context& context, Time until) noexcept
      : SleepOperation(context.reactor(), until), context_(context) {}
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const;

 private:
  void on_done(Context& context) noexcept override;
  void on_timer() override;

  Context& context_;
  std::optional<ErrorCode> failure_;
};

}  // namespace reactord
