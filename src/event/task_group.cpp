#include "reactord/task_group.hpp"

#include <algorithm>
#include <cassert>

#include "reactord/reactor.hpp"

namespace reactord {

TaskGroup::TaskGroup(Reactor& reactor, std::size_t limit)
    : context_(reactor), permits_(reactor, std::max<std::size_t>(limit, 1)) {}

TaskGroup::TaskGroup(Context& parent, std::size_t limit)
    : context_(parent, Time::never()), permits_(parent.reactor(), std::max<std::size_t>(limit, 1)) {}

TaskGroup::~TaskGroup() { assert(count_ == 0 && "wait() is awaited before a TaskGroup goes"); }

void TaskGroup::begin(Task<Result<void>> task) {
  Task<> running = run(*this, std::move(task));
  context_.reactor().spawn(std::move(running));
  ++count_;
}

// The task's frame goes before it counts as ended: what it kept may refer to what the waiting task owns.
Task<> TaskGroup::run(TaskGroup& group, Task<Result<void>> task) {
  {
    Task<Result<void>> kept = std::move(task);
    try {
      auto permit = co_await group.permits_.acquire(1, group.context_);
      if (permit) {
        auto outcome = co_await kept;
        if (!outcome) group.failed(std::move(outcome).error());
      } else {
        group.failed(std::move(permit).error());
      }
    } catch (...) {
      group.threw(std::current_exception());
    }
  }
  group.ended();
}

void TaskGroup::failed(Error error) noexcept {
  if (!error_) error_.emplace(std::move(error));
  context_.cancel();
}

void TaskGroup::threw(std::exception_ptr exception) noexcept {
  if (!exception_) exception_ = std::move(exception);
  context_.cancel();
}

void TaskGroup::ended() noexcept {
  if (--count_ == 0 && waiter_ != nullptr) context_.reactor().resume_later(*std::exchange(waiter_, nullptr));
}

bool TaskGroupWait::await_ready() const noexcept { return group_.count_ == 0; }

void TaskGroupWait::await_suspend(std::coroutine_handle<> waiter) noexcept {
  assert(group_.waiter_ == nullptr && "one task at a time waits");
  wake(waiter);
  group_.waiter_ = this;
}

Result<void> TaskGroupWait::await_resume() const {
  if (group_.exception_) std::rethrow_exception(group_.exception_);
  if (group_.error_) return std::unexpected(*group_.error_);
  return {};
}

}  // namespace reactord
