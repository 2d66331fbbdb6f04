// The end of a Reactor: every pending operation fails, and the resumed tasks run, until nothing can run any more.
#include <cassert>

#include "event/loop_wait.hpp"
#include "event/watch_queues.hpp"
#include "event/watch_registry.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

void Reactor::shutdown() noexcept {
  if (state_ == State::idle) {
    const Turning turning(state_, State::shutting_down);
    const bool asked_to_stop = stopping_;  // meant for the next run()
    shut_down();
    stopping_ = asked_to_stop;
  } else if (state_ == State::running) {
    state_ = State::ending;
    stop();
  }
}

void Reactor::shut_down() noexcept {
  assert(state_ == State::shutting_down || state_ == State::ending);
  state_ = State::shutting_down;
  while (true) {
    watches_->shut_down();
    sleepers_.fail_all();
    if (!can_run() && !sleepers_.fail_newest()) break;
    wait_->wakeup().run_posted();             // here, because wait() may fail
    if (turn_at_once() < 0) run_work(false);  // what ends must end, even if wait() fails
  }
  stopping_ = false;
}

bool Reactor::can_run() const noexcept {
  return !run_queue_.is_empty() || watches_->has_retired() || !watch_queues_->are_empty() ||
         wait_->wakeup().has_work();
}

}  // namespace reactord
