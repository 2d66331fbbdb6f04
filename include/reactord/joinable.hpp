// Joinable<T>: a task that runs beside the others, and whose result somebody wants.
//
//     spawn_joinable(reactor, task) --> Joinable<T> ---- join() ----> its value, or the exception that left it
//                                           |   ^
//                                           v   | result
//                                         state <-+-- the running task: it knows the state weakly, and neither has to
//                                                     outlive the other
//
//     auto page = reactord::spawn_joinable(reactor, fetch, std::ref(reactor), url);
//     auto other = co_await fetch(reactor, other_url);   // both at once
//     auto fetched = co_await page.join();
//
// A Joinable that goes lets its task run on, as Go's goroutines and asio's detached do, and gives up what comes of it: a
// value, an error or an exception. A suspended task is never destroyed. So a task that refers to something of its
// spawner is joined without a limit, on every way out: join() ends after the task's frame is gone, with all that it kept.
//
// The rules of wait.hpp hold for every wait here, but a shutdown fails join() only once nothing else can run: usually the
// task has failed and ended by then, and join() has its result.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "reactord/wait.hpp"
#include "reactord/weak_reference.hpp"

namespace reactord {

template <typename T = void>
class Joinable;
template <typename T>
class JoinOperation;

namespace detail {

template <typename T>
struct Joined {
  using Type = Result<T>;
};
template <typename T>
struct Joined<Result<T>> {
  using Type = Result<T>;
};

// The end of a task: a value, or an exception. Neither while it runs.
template <typename T>
struct JoinOutcome {
  std::optional<typename Joined<T>::Type> value;
  std::exception_ptr exception;

  void take(JoinOutcome& other) noexcept {
    if (other.value) value.emplace(std::move(*other.value));
    exception = std::move(other.exception);
  }
};

enum class JoinPhase : std::uint8_t {
  running,  // the task has not ended
  ended,    // it has, and its outcome lies here
  joined    // its outcome was given to a join
};

template <typename T>
struct JoinState {
  explicit JoinState(Reactor& on) noexcept : reactor(on) {}
  void end(JoinOutcome<T>& came_to) noexcept;

  Reactor& reactor;
  JoinPhase phase = JoinPhase::running;
  JoinOutcome<T> outcome;
  WaitQueue joining;  // at most one, while it runs
  WeakReferences<JoinState> task{*this};
};

// The frame of the task goes before the join ends: what it kept may refer to what the joining task owns.
template <typename T>
Task<> run_joinable(WeakReference<JoinState<T>> state, Task<T> task) {
  JoinOutcome<T> outcome;
  {
    Task<T> running = std::move(task);
    try {
      if constexpr (std::is_void_v<T>) {
        co_await running;
        outcome.value.emplace();
      } else {
        auto value = co_await running;
        outcome.value.emplace(std::move(value));
      }
    } catch (...) {
      outcome.exception = std::current_exception();
    }
  }
  if (JoinState<T>* const wanted = state.get()) wanted->end(outcome);
}

template <typename T, typename Callable, typename... Arguments>
Task<T> call_kept_for(Callable callable, Arguments... arguments) {
  if constexpr (std::is_void_v<T>) {
    co_await callable(std::move(arguments)...);
  } else {
    auto value = co_await callable(std::move(arguments)...);
    co_return value;
  }
}

template <typename Callable, typename... Arguments>
using TaskValue = std::invoke_result_t<Callable&, Arguments&&...>::Value;

}  // namespace detail

template <typename T>
class [[nodiscard]] JoinOperation final : public WaitForEndOperation {
 public:
  using Outcome = detail::Joined<T>::Type;

  JoinOperation(detail::JoinState<T>& of, WaitLimit limit) noexcept
      : WaitForEndOperation(of.reactor, limit), state_(of) {}
  bool await_ready() noexcept {
    assert(state_.phase != detail::JoinPhase::joined && "a task is joined once");
    if (fails_at_once()) return true;
    if (state_.phase == detail::JoinPhase::running) return false;
    give(state_.outcome);
    return true;
  }
  void await_suspend(std::coroutine_handle<> waiter) noexcept {
    assert(state_.joining.is_empty() && "one task at a time joins");
    wait_in(state_.joining, waiter);
  }
  Outcome await_resume() {
    if (failure()) return std::unexpected(error());
    if (outcome_.exception) std::rethrow_exception(std::move(outcome_.exception));
    return std::move(*outcome_.value);
  }

 private:
  friend detail::JoinState<T>;
  void give(detail::JoinOutcome<T>& outcome) noexcept {
    outcome_.take(outcome);
    state_.phase = detail::JoinPhase::joined;
  }

  detail::JoinState<T>& state_;  // may be gone once the join has ended
  detail::JoinOutcome<T> outcome_;
};

template <typename T>
void detail::JoinState<T>::end(JoinOutcome<T>& came_to) noexcept {
  phase = JoinPhase::ended;
  outcome.take(came_to);
  if (joining.is_empty()) return;
  auto& joiner = static_cast<JoinOperation<T>&>(*joining.first());
  joiner.give(outcome);
  joining.succeed(joiner);
}

template <typename T>
class [[nodiscard]] Joinable {
 public:
  Joinable() noexcept = default;  // of no task
  Joinable(Joinable&&) noexcept = default;
  Joinable& operator=(Joinable&&) noexcept = default;

  // False for one of no task, as one that was moved from.
  bool has_task() const noexcept { return state_ != nullptr; }
  bool has_ended() const noexcept { return state_ != nullptr && state_->phase != detail::JoinPhase::running; }

  // Suspends until the task has ended, not at all if it has. Result: what it returned; a Result<U> as it is, another T as
  // Result<T>. An exception that has left the task leaves join(). Errors: those of wait.hpp, after which the task runs
  // on and may be joined again. Must have a task; one task joins it, and takes the result once. The Joinable may be moved
  // meanwhile.
  JoinOperation<T> join(WaitLimit limit = {}) & noexcept {
    assert(has_task());
    return {*state_, limit};
  }

  // Lets the task run on alone, as the destructor does.
  void detach() noexcept { state_.reset(); }

 private:
  template <typename U>
  friend Joinable<U> spawn_joinable(Reactor& reactor, Task<U> task);
  explicit Joinable(std::unique_ptr<detail::JoinState<T>> state) noexcept : state_(std::move(state)) {}

  std::unique_ptr<detail::JoinState<T>> state_;
};

// Runs `task` beside the others, as Reactor::spawn() does. Allocates the place of the result and one frame.
template <typename T>
Joinable<T> spawn_joinable(Reactor& reactor, Task<T> task) {
  auto state = std::make_unique<detail::JoinState<T>>(reactor);
  Task<> running = detail::run_joinable<T>(WeakReference<detail::JoinState<T>>(state->task), std::move(task));
  reactor.spawn(std::move(running));
  return Joinable<T>(std::move(state));
}

// The same for the task that `callable` returns for `arguments`: both are kept until it has ended, so a lambda with
// captures may be a coroutine here.
template <typename Callable, typename... Arguments>
requires requires { typename detail::TaskValue<Callable, Arguments...>; }
Joinable<detail::TaskValue<Callable, Arguments...>> spawn_joinable(Reactor& reactor, Callable callable,
                                                                   Arguments... arguments) {
  using T = detail::TaskValue<Callable, Arguments...>;
  Task<T> kept = detail::call_kept_for<T>(std::move(callable), std::move(arguments)...);
  return spawn_joinable(reactor, std::move(kept));
}

}  // namespace reactord
