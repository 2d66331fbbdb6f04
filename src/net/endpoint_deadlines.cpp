// How an Endpoint meets its deadlines, by one timer: those of reads and writes, and that of a peer that takes nothing.
#include <new>
#include <utility>

#include "net/endpoint.hpp"

namespace reactord {

// Arms the one timer at the earliest deadline that something waits for. Moving a deadline later costs
// nothing: the timer comes too early, sees that, and is armed anew.
void Endpoint::park(Time deadline) {
  if (deadline.is_never()) return;
  if (is_armed() && time_of_tick(expiry()) <= deadline) return;
  reactor().arm(*this, deadline);
}

// Here and in the other two from which the loop comes, no bad_alloc gets out: this connection alone ends by it.
void Endpoint::on_timer() {
  try {
    time_is_up();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

void Endpoint::time_is_up() {
  if (phase_ == Phase::discarding) return linger_on();
  const bool given_up = (is_closed() || (send_limits_->gives_up && output_waits())) && has_stalled();
  if (is_closed() && given_up) return finish_close(failure_of(ErrorCode::deadline_exceeded));
  if (is_closed()) return reactor().arm(*this, next_look());
  if (given_up) return give_up();
  const Time now = reactor().now();
  if (rare_ && rare_->look_at <= now) {
    rare_->look_at = Time::never();
    rare_->listener->on_look();
  }
  if (reader_ != nullptr && read_deadline_ <= now) {
    reader_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(reader_, nullptr)->resume();
  }
  if (writer_ != nullptr && write_deadline() <= now && !is_closed()) {
    writer_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(writer_, nullptr)->resume();
  }
  if (is_closed()) return;
  if (rare_) park(rare_->look_at);
  if (reader_ != nullptr) park(read_deadline_);
  if (writer_ != nullptr) park(write_deadline());
  if (output_waits()) watch_output();
}

void Endpoint::give_up() {
  gave_up_ = true;
  abort();
  if (listener() != nullptr) listener()->on_given_up();
}

Result<void> Endpoint::set_deadlines(Time deadline, bool read, bool write) {
  if (is_closed()) return std::unexpected(closed_error());
  const bool past = deadline <= reactor().now();
  if (read) {
    read_deadline_ = deadline;
    if (reader_ != nullptr && past)
      end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (reader_ != nullptr) park(deadline);
  }
  if (write && (rare_ || !deadline.is_never())) {
    rare().write_deadline = deadline;
    if (writer_ != nullptr && past)
      end_pending(std::exchange(writer_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (writer_ != nullptr) park(deadline);
  }
  return {};
}

}  // namespace reactord
