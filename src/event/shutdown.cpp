// The end of a Reactor: every pending operation fails, and the resumed tasks run, until nothing can run any more.
#include "event/wakeup.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

void Reactor::shutdown() noexcept {
  if (state_ == State::idle) {
    const Turning turning(*this, State::shutting_down);
    const bool asked_to_stop = stopping_;  // meant for the next run()
    shut_down();
    stopping_ = asked_to_stop;
  } else if (state_ == State::running) {
    state_ = State::ending;
    stop();
  }
}

void Reactor::shut_down() noexcept {
  state_ = State::shutting_down;
  while (true) {
    fail_everything();
    if (!can_run()) break;
    wakeup_->run_posted();                    // here, because wait() may fail
    if (turn_at_once() < 0) run_work(false);  // what ends must end, even if wait() fails
  }
  stopping_ = false;
}

void Reactor::fail_everything() noexcept {
  for (Watch* watch = open_; watch != nullptr;) {
    Watch* next = watch->next_;
    watch->on_shutdown();
    watch = next;
  }
  while (sleepers_ != nullptr) {
    SleepOperation& sleeper = *sleepers_;
    sleeper.cancelled_ = true;
    sleeper.wake_up();
  }
}

bool Reactor::can_run() const noexcept {
  return !queued_.is_empty() || !next_turn_.is_empty() || retired_ != nullptr || ended_ != nullptr ||
         !flush_.empty() || !again_.empty() || wakeup_->has_work();
}

}  // namespace reactord
