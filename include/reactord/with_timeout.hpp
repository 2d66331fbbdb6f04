// with_timeout: gives an operation of several steps a time, all in all. Go's context.WithTimeout with its defer cancel().
//
//     with_timeout(parent, 5s, callable)
//        |
//        +-- Context scope(parent, now + 5s) --> callable(scope) --> its result
//             done: by the time, by the parent, at the end
//
//     auto page = co_await reactord::with_timeout(context, 5s, [&](Context& scope) { return fetch(url, scope); });
//
// It ends when the task of `callable` has ended, so nothing of it is left: the time is up for what waits in `scope`. The
// result is that of the task, also when it succeeds late. A task that looks at no Context is not cut short.
//
// `callable` takes a Context& and returns a Task<Result<T>>. It is kept until its task has ended, so a lambda with
// captures may be a coroutine here. `scope` goes at the end: what is returned must not be attached to it.
#pragma once

#include <type_traits>
#include <utility>

#include "reactord/context.hpp"
#include "reactord/error.hpp"
#include "reactord/task.hpp"
#include "reactord/time.hpp"

namespace reactord {

namespace detail {

template <typename T>
inline constexpr bool is_task_of_result = false;
template <typename T>
inline constexpr bool is_task_of_result<Task<Result<T>>> = true;

// A callable that makes a task which ends with a Context.
template <typename Callable>
concept makes_scoped_task =
    std::is_invocable_v<Callable&, Context&> && is_task_of_result<std::invoke_result_t<Callable&, Context&>>;

}  // namespace detail

// Errors: those of the task. When `context` is done or `duration` not above zero, nothing is called, and the error is
// that of the Context. `context` must outlive the task that is returned.
template <detail::makes_scoped_task Callable>
std::invoke_result_t<Callable&, Context&> with_timeout(Context& context, Duration duration,
                                                       Callable callable) {
  Context scope(context, context.reactor().now() + duration);
  if (scope.is_done()) co_return std::unexpected(Error(scope.code()));
  auto result = co_await callable(scope);
  co_return result;
}

template <detail::makes_scoped_task Callable>
std::invoke_result_t<Callable&, Context&> with_timeout(Reactor& reactor, Duration duration,
                                                       Callable callable) {
  Context root(reactor);
  auto result = co_await with_timeout(root, duration, std::move(callable));
  co_return result;
}

}  // namespace reactord
