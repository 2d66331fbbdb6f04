// WaitGroup: waits until everything that was counted is done. Go's sync.WaitGroup.
//
//     count   0 --spawn--> 1 --spawn--> 2 --a task ends--> 1 --a task ends--> 0     everybody who waits goes on
//
//     reactord::WaitGroup fetching(reactor);
//     for (const auto& page : pages) fetching.spawn(fetch, std::ref(reactor), page);
//     auto waited = co_await fetching.wait();
//
// The rules of wait.hpp hold for every wait here, but a shutdown fails wait() only once nothing else can run: so what the
// waiting task owns outlives the tasks that it waits for.
#pragma once

#include <cassert>
#include <cstddef>
#include <limits>
#include <utility>

#include "reactord/wait.hpp"
#include "reactord/weak_reference.hpp"

namespace reactord {

class WaitGroup;

class [[nodiscard]] WaitGroupOperation final : public WaitForEndOperation {
 public:
  WaitGroupOperation(WaitGroup& group, WaitLimit limit) noexcept;
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const { return result(); }

 private:
  WaitGroup& group_;
};

class WaitGroup {
 public:
  // `reactor` must outlive every wait.
  explicit WaitGroup(Reactor& reactor) noexcept : reactor_(reactor) {}

  std::size_t count() const noexcept { return count_; }

  void add(std::size_t more = 1) noexcept {
    assert(more <= std::numeric_limits<std::size_t>::max() - count_ && "a count that wraps");
    count_ += more;
  }
  void done() noexcept {  // resumes nobody from within the call
    assert(count_ > 0 && "done() once for each that was added");
    if (--count_ == 0) waiting_.succeed_all();
  }

  // Reactor::spawn(), counted until the task has ended and its frame is gone, with all that it kept. The task may outlive
  // the group.
  template <typename Callable, typename... Arguments>
  requires detail::makes_task<Callable, Arguments...>
  void spawn(Callable callable, Arguments... arguments) {
    Task<> kept = detail::call_kept(std::move(callable), std::move(arguments)...);
    Task<> counted = run_counted(WeakReference<WaitGroup>(tasks_), std::move(kept));
    reactor_.spawn(std::move(counted));
    add();
  }

  // Suspends until the count is zero, not at all if it is. Result: ok. Errors: those of wait.hpp. A task that waits
  // when it becomes zero goes on, also when add() follows before the loop has resumed it.
  WaitGroupOperation wait(WaitLimit limit = {}) & noexcept { return {*this, limit}; }

 private:
  friend class WaitGroupOperation;
  static Task<> run_counted(WeakReference<WaitGroup> group, Task<> task);

  Reactor& reactor_;
  std::size_t count_ = 0;
  WeakReferences<WaitGroup> tasks_{*this};
  WaitQueue waiting_;  // empty while the count is zero
};

}  // namespace reactord
