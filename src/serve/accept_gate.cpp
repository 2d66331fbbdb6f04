#include "serve/accept_gate.hpp"

namespace reactord {

void AcceptGate::open() noexcept {
  open_ = true;
  wake_all();
}

void AcceptGate::wake_all() noexcept {
  while (Wait* const wait = waiting_.first()) {
    wait->leave();
    if (!wait->is_cancelled()) wait->wake_up();  // a cancelled one is in the queue already
  }
}

void AcceptGate::Wait::await_suspend(std::coroutine_handle<> waiter) noexcept {
  SleepOperation::await_suspend(waiter);
  Wait* later = gate_.waiting_.first();
  while (later != nullptr && later->last_accept_ <= last_accept_) later = gate_.waiting_.next(*later);
  if (later == nullptr) return gate_.waiting_.push_back(*this);
  gate_.waiting_.insert_before(*later, *this);
}

// All wake up, not only the one whose timer fires first: all have waited for the same time.
void AcceptGate::Wait::on_timer() { gate_.wake_all(); }

void AcceptGate::Wait::leave() noexcept {
  if (node_.is_linked()) gate_.waiting_.remove(*this);
}

}  // namespace reactord
