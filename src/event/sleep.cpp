// The ways a task waits: for a time, and for the next turn.
#include "reactord/reactor.hpp"

namespace reactord {

SleepOperation Reactor::sleep_until(Time time) & noexcept { return {*this, time}; }
SleepOperation Reactor::sleep(Duration duration) & noexcept { return {*this, now_ + duration}; }
NextTurnOperation Reactor::next_turn() & noexcept { return NextTurnOperation(*this); }

void SleepOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wake(waiter);
  next_sleeper_ = reactor_.sleepers_;
  if (next_sleeper_ != nullptr) next_sleeper_->previous_sleeper_ = this;
  reactor_.sleepers_ = this;
  if (!until_.is_never()) reactor_.arm(*this, until_);
}

Result<void> SleepOperation::await_resume() const {
  if (!cancelled_) return {};
  return std::unexpected(Error(ErrorCode::cancelled));
}

void SleepOperation::on_timer() {
  unlink();
  resume();  // last, because it may free the frame that holds this operation
}

void SleepOperation::wake_up() noexcept {
  unlink();
  reactor_.resume_later(*this);
}

void SleepOperation::unlink() noexcept {
  reactor_.timers_.cancel(*this);
  (previous_sleeper_ == nullptr ? reactor_.sleepers_ : previous_sleeper_->next_sleeper_) = next_sleeper_;
  if (next_sleeper_ != nullptr) next_sleeper_->previous_sleeper_ = previous_sleeper_;
}

}  // namespace reactord
