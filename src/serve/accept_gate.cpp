#include "serve/accept_gate.hpp"

namespace reactord {

void AcceptGate::open() noexcept {
  open_ = true;
  wake_all();
}

void AcceptGate::wake_all() noexcept {
  while (first_ != nullptr) {
    Wait& wait = *first_;
    wait.leave();
    if (!wait.is_cancelled()) wait.wake_up();  // a cancelled one is in the queue already
  }
}

void AcceptGate::Wait::await_suspend(std::coroutine_handle<> waiter) noexcept {
  SleepOperation::await_suspend(waiter);
  Wait** place = &gate_.first_;
  while (*place != nullptr && (*place)->last_accept_ <= last_accept_) place = &(*place)->next_;
  next_ = *place;
  *place = this;
  waits_ = true;
}

// All wake up, not only the one whose timer fires first: all have waited for the same time.
void AcceptGate::Wait::on_timer() { gate_.wake_all(); }

void AcceptGate::Wait::leave() noexcept {
  if (!waits_) return;
  waits_ = false;
  Wait** place = &gate_.first_;
  while (*place != this) place = &(*place)->next_;
  *place = next_;
}

}  // namespace reactord
