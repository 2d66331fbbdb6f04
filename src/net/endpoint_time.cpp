// How an Endpoint keeps time: deadlines, a peer that takes nothing, and looks that its listener asks for.
#include <cassert>
#include <new>

#include "net/endpoint.hpp"

namespace reactord {

void Endpoint::on_timer() {
  try {
    time_is_up();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

void Endpoint::time_is_up() {
  assert(phase_ == Phase::open || phase_ == Phase::sending || phase_ == Phase::discarding);
  if (phase_ == Phase::discarding) return linger_on();
  const bool given_up = (is_closed() || (send_limits_->gives_up && output_waits())) && has_stalled();
  if (is_closed() && given_up) return finish_close(failure_of(ErrorCode::deadline_exceeded));
  if (is_closed()) return reactor().arm(*this, next_look());
  if (given_up) return give_up();
  const Time now = reactor().now();
  if (rare_ && rare_->look_at <= now) {
    assert(rare_->listener != nullptr);
    rare_->look_at = Time::never();
    rare_->listener->on_look();
  }
  expire_read(now);
  expire_write(now);
  if (is_closed()) return;
  if (rare_) park(rare_->look_at);
  if (reader_ != nullptr) park(read_deadline_);
  if (writer_ != nullptr) park(write_deadline());
  if (output_waits()) time_output();
}

void Endpoint::give_up() {
  gave_up_ = true;
  abort();
  if (listener() != nullptr) listener()->on_given_up();
}

Result<void> Endpoint::set_deadlines(Time deadline, bool read, bool write) {
  if (is_closed()) return std::unexpected(closed_error());
  if (read) set_read_deadline(deadline);
  if (write) set_write_deadline(deadline);
  return {};
}

// Only a listener asks for a look, and there is none without Rare.
void Endpoint::look_at(Time time) noexcept {
  if (is_closed() || !rare_) return;
  rare_->look_at = time;
  park(time);
}

}  // namespace reactord
