#include "reactord/sleep_operation.hpp"

#include <cassert>

#include "reactord/reactor.hpp"

namespace reactord {

void SleepOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wake(waiter);
  reactor_.sleepers_.push_front(*this);
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
  assert(node_.is_linked() && "only an operation that waits is woken up");
  unlink();
  reactor_.resume_later(*this);
}

void SleepOperation::on_shutdown(bool) noexcept {
  cancelled_ = true;
  wake_up();
}

void SleepOperation::unlink() noexcept {
  reactor_.timers().cancel(*this);
  List<SleepOperation>::remove(*this);
}

}  // namespace reactord
