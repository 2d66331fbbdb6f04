// Signals: signals as events to wait for, through signalfd(2). No handler runs, nothing is interrupted.
#pragma once

#include <initializer_list>

#include "reactord/reactor.hpp"

namespace reactord {

class SignalWatch;
class NextSignalOperation;

class Signals {
 public:
  // Blocks `numbers` (SIGTERM, SIGINT ...) for the calling thread and the threads it starts later, and receives them
  // from now on: call it before starting threads. Errors: those of signalfd(2).
  static Result<Signals> open(Reactor& reactor, std::initializer_list<int> numbers);
  Signals(Signals&&) noexcept;
  Signals& operator=(Signals&&) noexcept;
  ~Signals();

  // Suspends until the next signal. Result: its number. Errors: closed; busy, if a next() is pending.
  NextSignalOperation next() & noexcept;

  // Ends a pending next() with closed. The signals stay blocked.
  void close() noexcept;

 private:
  explicit Signals(SignalWatch* watch) noexcept;
  WatchHandle<SignalWatch> watch_;
};

class [[nodiscard]] NextSignalOperation final : public Resumable {
 public:
  explicit NextSignalOperation(SignalWatch& watch) noexcept : watch_(watch) {}
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wake(waiter); }
  Result<int> await_resume() const;

 private:
  friend class SignalWatch;
  SignalWatch& watch_;
  int number_ = 0;
  ErrorCode failure_ = ErrorCode::closed;
};

}  // namespace reactord
