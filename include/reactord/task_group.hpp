// TaskGroup: tasks that end within the scope that began them, and one error of all. Go's golang.org/x/sync/errgroup.
//
//     TaskGroup group(context, 8)
//        |
//        +-- Context context() ---+--> task   runs                    at most 8 at a time
//                  ^              +--> task   runs, fails: its error is that of the group
//                  +-- cancel() --+--> task   waits for a permit, and is never begun
//                                 all that have begun have ended: wait() ends
//
//     reactord::TaskGroup group(context, 8);
//     for (const auto& page : pages) group.spawn(fetch, std::ref(group.context()), page);
//     auto fetched = co_await group.wait();   // ok, or the first error
//
// No task outlives its group: wait() is awaited before the group goes, on every way out of its scope, and its destructor
// asserts it. So between the first spawn() and wait() nothing may return or throw. A suspended task is never destroyed,
// so a task that looks at no Context is waited for. What the tasks refer to is declared before the group.
//
// The first failure cancels context(): an error that a task returns, an exception that leaves it, memory that runs out at
// spawn(). Later ones are dropped.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "reactord/context.hpp"
#include "reactord/error.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/task.hpp"

namespace reactord {

class TaskGroup;

namespace detail {

// A callable whose task has no result but its success.
template <typename Callable, typename... Arguments>
concept makes_group_task = std::is_same_v<std::invoke_result_t<Callable&, Arguments&&...>, Task<>> ||
    std::is_same_v<std::invoke_result_t<Callable&, Arguments&&...>, Task<Result<void>>>;

template <typename Callable, typename... Arguments>
Task<Result<void>> call_in_group(Callable callable, Arguments... arguments) {
  if constexpr (std::is_same_v<std::invoke_result_t<Callable&, Arguments&&...>, Task<>>) {
    co_await callable(std::move(arguments)...);
    co_return Result<void>();
  } else {
    auto outcome = co_await callable(std::move(arguments)...);
    co_return outcome;
  }
}

}  // namespace detail

class [[nodiscard]] TaskGroupWait final : public Resumable {
 public:
  explicit TaskGroupWait(TaskGroup& group) noexcept : group_(group) {}
  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const;

 private:
  TaskGroup& group_;
};

class TaskGroup {
 public:
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  // At most `limit` tasks run at a time; zero is taken as one. The Reactor must outlive the group.
  explicit TaskGroup(Reactor& reactor, std::size_t limit = no_limit);
  // The same, and context() is done when `parent` is, whose deadline is its own.
  explicit TaskGroup(Context& parent, std::size_t limit = no_limit);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();  // no task may be left

  // For the tasks: done at the first failure, and as any other Context. Cancel it to end the group early.
  Context& context() noexcept { return context_; }

  std::size_t count() const noexcept { return count_; }  // of the tasks that were spawned and have not ended

  // Runs the task that `callable` returns for `arguments`, beside the others. Both are kept until it has ended, so a lambda
  // with captures may be a coroutine here. The task is a Task<> or a Task<Result<void>>.
  //
  // A task beyond the limit is not begun before another one has ended, first come, first served; it is not begun at all
  // once context() is done, and the error is that of the Context then. Each that waits costs its frame: bound their number,
  // as by a Channel of the work. Never throws for want of memory: that is a failure like others. A task of the group may
  // spawn more.
  template <typename Callable, typename... Arguments>
  requires detail::makes_group_task<Callable, Arguments...>
  void spawn(Callable callable, Arguments... arguments) noexcept {
    try {
      Task<Result<void>> kept = detail::call_in_group(std::move(callable), std::move(arguments)...);
      begin(std::move(kept));
    } catch (...) {
      threw(std::current_exception());
    }
  }

  // Suspends until all tasks have ended and their frames are gone, with all that they kept; not at all if they have. It has
  // no limit of its own, and a shutdown, which cancels what the tasks wait for, does not end it. Result: ok, the first
  // error, or the first exception, rethrown here, which goes before an error. One task at a time waits. The group may be
  // used again afterwards; after a failure it begins no further task, and wait() gives the error again.
  TaskGroupWait wait() & noexcept { return TaskGroupWait(*this); }

 private:
  friend class TaskGroupWait;
  static Task<> run(TaskGroup& group, Task<Result<void>> task);
  void begin(Task<Result<void>> task);
  void failed(Error error) noexcept;
  void threw(std::exception_ptr exception) noexcept;
  void ended() noexcept;

  Context context_;
  Semaphore permits_;  // one for each task that runs
  std::size_t count_ = 0;
  Resumable* waiter_ = nullptr;   // null while nobody waits
  std::optional<Error> error_;    // the first
  std::exception_ptr exception_;  // the first
};

}  // namespace reactord
