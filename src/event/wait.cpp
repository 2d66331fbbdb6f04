#include "reactord/wait.hpp"

namespace reactord {

void WaitQueue::push(WaitOperation& operation) noexcept {
  operation.queue_ = this;
  operation.next_ = nullptr;
  operation.previous_ = first_ == nullptr ? nullptr : last_;
  (first_ == nullptr ? first_ : last_->next_) = &operation;
  last_ = &operation;
}

void WaitQueue::remove(WaitOperation& operation) noexcept {
  assert(operation.queue_ == this);
  (operation.previous_ == nullptr ? first_ : operation.previous_->next_) = operation.next_;
  (operation.next_ == nullptr ? last_ : operation.next_->previous_) = operation.previous_;
  operation.queue_ = nullptr;
}

void WaitQueue::succeed(WaitOperation& operation) noexcept {
  operation.leave(std::nullopt);
  operation.wake_up();
}

void WaitQueue::succeed_all() noexcept {
  while (first_ != nullptr) succeed(*first_);
}

void WaitQueue::fail_all(ErrorCode code) noexcept {
  while (first_ != nullptr) {
    WaitOperation& operation = *first_;
    operation.leave(code);
    operation.wake_up();
  }
}

bool WaitOperation::fails_at_once() noexcept {
  if (context_ != nullptr && context_->is_done()) {
    failure_ = context_->code();
  } else if (until() <= reactor().now()) {
    failure_ = ErrorCode::deadline_exceeded;
  }
  return failure_.has_value();
}

void WaitOperation::wait_in(WaitQueue& queue, std::coroutine_handle<> waiter) noexcept {
  assert(queue_ == nullptr && "an operation is awaited once");
  SleepOperation::await_suspend(waiter);
  if (context_ != nullptr) listen(*context_);
  queue.push(*this);
}

void WaitOperation::leave(std::optional<ErrorCode> failure) noexcept {
  queue_->remove(*this);
  stop_listening();
  failure_ = failure;
}

void WaitOperation::on_done(Context& context) noexcept {
  leave(context.code());
  wake_up();
  on_left();
}

void WaitOperation::on_timer() {
  leave(ErrorCode::deadline_exceeded);
  on_left();
  SleepOperation::on_timer();  // last, because it resumes the task
}

// Without on_left(): those that it might let go on fail in the same shutdown.
void WaitOperation::on_shutdown(bool) noexcept {
  leave(ErrorCode::cancelled);
  wake_up();
}

Result<void> WaitOperation::result() const {
  if (!failure_) return {};
  return std::unexpected(error());
}

Error WaitOperation::error() const {
  if (*failure_ == ErrorCode::closed)
    return Error::with_text(*failure_, "wait: what the task waited for has been closed");
  return Error(*failure_);
}

}  // namespace reactord
