#include "reactord/wait_group.hpp"

namespace reactord {

WaitGroupOperation::WaitGroupOperation(WaitGroup& group, WaitLimit limit) noexcept
    : WaitForEndOperation(group.reactor_, limit), group_(group) {}

bool WaitGroupOperation::await_ready() noexcept { return fails_at_once() || group_.count_ == 0; }

void WaitGroupOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wait_in(group_.waiting_, waiter);
}

// The task's frame goes before it counts as done: what it kept may refer to what the waiting task owns.
Task<> WaitGroup::run_counted(WeakReference<WaitGroup> group, Task<> task) {
  {
    Task<> running = std::move(task);
    co_await running;
  }
  if (WaitGroup* const left = group.get()) left->done();
}

}  // namespace reactord
