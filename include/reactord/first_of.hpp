// first_of: runs several tasks at once and takes the first that succeeds, as a dial does with several addresses.
//
//     first_of(parent, one, two, three)
//        |
//        +-- Context scope(parent) --+--> one(scope)     fails
//                   ^                +--> two(scope)     succeeds: its value is the result
//                   +-- cancel() ----+--> three(scope)   ends, because its Context is done
//                                    all three have ended: first_of ends
//
//     auto answer = co_await reactord::first_of(context, [&](Context& scope) { return ask(primary, scope); },
//                                               [&](Context& scope) { return ask(replica, scope); });
//
// The first success wins, as with asio's `||`; when all fail, the first error is the result. It ends when all of its
// tasks have ended and their frames are gone, so nothing of it is left. A task that looks at no Context is waited for.
//
// Every callable takes a Context& and returns a Task<Result<T>>, of one T. They are kept until all have ended, so lambdas
// with captures may be coroutines here. `scope` goes at the end: what is returned must not be attached to it. To take the
// first that ends, whatever it came to, let each return its error as a value.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "reactord/context.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor.hpp"
#include "reactord/task.hpp"
#include "reactord/with_timeout.hpp"

namespace reactord {

namespace detail {

// The tasks of one first_of(). Each tells it how it ended; the last one lets it go on.
template <typename Outcome>
class FirstOf : Resumable {
 public:
  explicit FirstOf(Context& parent) : scope_(parent, Time::never()) {}

  // Never throws: those that were begun before refer to this.
  template <typename Callable>
  void begin(Callable& callable) noexcept {
    if (scope_.is_done()) return;  // memory ran out for one before
    try {
      scope_.reactor().spawn(attempt(*this, callable));
      ++under_way_;
    } catch (...) {
      threw(std::current_exception());
    }
  }

  // co_await: until no task is under way, also through a shutdown of the Reactor, which ends them.
  bool await_ready() const noexcept { return under_way_ == 0; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wake(waiter); }
  Outcome await_resume() {
    if (exception_) std::rethrow_exception(std::move(exception_));
    return std::move(*outcome_);
  }

 private:
  template <typename Callable>
  static Task<> attempt(FirstOf& of, Callable& callable) {
    try {
      auto outcome = co_await callable(of.scope_);
      of.came_to(std::move(outcome));
    } catch (...) {
      of.threw(std::current_exception());
    }
    if (--of.under_way_ == 0) of.scope_.reactor().resume_later(of);
  }

  void came_to(Outcome outcome) {
    const bool wins = outcome.has_value() && !(outcome_ && outcome_->has_value());
    if (!outcome_ || wins) outcome_.emplace(std::move(outcome));
    if (wins) scope_.cancel();
  }
  void threw(std::exception_ptr exception) noexcept {
    if (!exception_) exception_ = std::move(exception);
    scope_.cancel();
  }

  Context scope_;
  std::size_t under_way_ = 0;
  std::optional<Outcome> outcome_;  // the first success, or else the first failure
  std::exception_ptr exception_;    // the first
};

template <typename First, typename... Rest>
concept make_the_same_task = makes_scoped_task<First> &&
    (std::is_same_v<std::invoke_result_t<First&, Context&>, std::invoke_result_t<Rest&, Context&>>&&...);

}  // namespace detail

// Errors: the first that a task ended with, when none succeeds. When `context` is done, nothing is called, and the error
// is that of the Context. An exception that leaves a task cancels the others, and is rethrown once they have ended.
// `context` must outlive the task that is returned.
template <typename First, typename... Rest>
requires detail::make_the_same_task<First, Rest...> std::invoke_result_t<First&, Context&> first_of(
    Context& context, First first, Rest... rest) {
  using Outcome = std::invoke_result_t<First&, Context&>::Value;
  if (context.is_done()) co_return std::unexpected(Error(context.code()));
  detail::FirstOf<Outcome> race(context);
  race.begin(first);
  (race.begin(rest), ...);
  auto outcome = co_await race;
  co_return outcome;
}

}  // namespace reactord
