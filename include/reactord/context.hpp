// Context: a signal to stop, handed down a tree. Go's context.Context (https://pkg.go.dev/context) without values.
//
//     Reactor
//       +-- Context all(reactor)              never done by itself
//             +-- Context part(all, never)    done when all is, or when it is cancelled
//                   +-- Context step(part, deadline)    or when the deadline passes; no later than part's
//
// A Context becomes done once and stays so: by cancel(), by its deadline, by its parent, or by its destructor. All of
// its descendants are done when cancel() returns. The coroutines that wait on them are resumed by the loop. These take
// a Context: Conn::set_context(), DialOptions::context, Context::sleep(), AfterFunction.
//
// The scope that declares a Context owns it. The destructor cancels it, so a descendant that lives longer is done and
// detached. It must not outlive its Reactor. Go's context values have no counterpart: parameters and members are typed.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "reactord/error.hpp"
#include "reactord/list.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class Context;
class ContextSleepOperation;

// An intrusive node that is called once when a Context is done, and has left the list by then. For makers of new
// operations. It is called from within cancel(), so it must not run user code: it queues (Reactor::resume_later).
class ContextListener {
 public:
  ContextListener() noexcept = default;
  ContextListener(const ContextListener&) = delete;
  ContextListener& operator=(const ContextListener&) = delete;
  void listen(Context& context) noexcept;  // `context` must not be done
  void stop_listening() noexcept;          // no effect when it does not listen

 protected:
  virtual ~ContextListener() { stop_listening(); }

 private:
  friend class Context;
  friend class List<ContextListener>;
  virtual void on_done(Context& context) noexcept = 0;
  ListNode<ContextListener> node_;
};

class Context final : ContextListener, Timer {
 public:
  explicit Context(Reactor& reactor) noexcept : reactor_(reactor) {}  // a root, Go's Background
  // Starts done if the parent is done. Time::never(): no deadline of its own.
  Context(Context& parent, Time deadline);
  ~Context();  // cancel()

  // Makes it done with the code `cancelled`. No effect when it is done already. cause() returns `cause`.
  void cancel();
  void cancel(Error cause);

  bool is_done() const noexcept { return code_ != ErrorCode::eof; }

  // Why it is done: cancelled or deadline_exceeded ("context deadline exceeded"). Empty while it is not done.
  std::optional<Error> error() const;

  // The cause that the first cancel() up the tree was given; else the same as error().
  std::optional<Error> cause() const;

  // The earliest of its own deadline and its ancestors'. Time::never() when none is set.
  Time deadline() const noexcept { return deadline_; }
  Reactor& reactor() const noexcept { return reactor_; }

  // Suspends until `time`, or until the context is done. Result: ok. Errors: cancelled, deadline_exceeded.
  ContextSleepOperation sleep_until(Time time) & noexcept;
  ContextSleepOperation sleep(Duration duration) & noexcept;
  ContextSleepOperation done() & noexcept;  // suspends until it is done: the result is always an error

  // The code of error(), for operations that end with the context.
  ErrorCode code() const noexcept { return code_; }

 private:
  friend class ContextListener;
  void on_done(Context& parent) noexcept override;
  void on_timer() override;
  void end(ErrorCode code, const Error* cause) noexcept;

  Reactor& reactor_;
  Time deadline_ = Time::never();
  ErrorCode code_ = ErrorCode::eof;  // eof means not done
  std::unique_ptr<Error> cause_;
  List<ContextListener> listeners_;
};

// Runs `function` once the context is done, from the loop's own stack, in this turn or the next. It is queued at once
// if the context is done already. Go's context.AfterFunc. The destructor calls stop(). An exception that leaves
// `function` ends the program.
class AfterFunction {
 public:
  AfterFunction(Context& context, std::move_only_function<void()> function);
  AfterFunction(AfterFunction&&) noexcept;
  AfterFunction& operator=(AfterFunction&&) noexcept;
  ~AfterFunction();

  // True if this call prevented the function from running.
  bool stop() noexcept;

 private:
  class Record;
  // Owned until it is in the queue of the loop, which then frees it. Null when nothing can be stopped.
  Record* record_;
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
