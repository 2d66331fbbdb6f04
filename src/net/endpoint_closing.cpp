// How an Endpoint ends: sending what is left, FIN, discarding, and the ways to be cut short (drawn in endpoint.hpp).
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "net/endpoint.hpp"

namespace reactord {

Result<void> Endpoint::close() {
  if (is_closed()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  try {
    local_address();  // asked for while the kernel still knows it
  } catch (const std::bad_alloc&) {
    // Later errors do not name it.
  }
  begin_close();
  return {};
}

void Endpoint::begin_close() {
  if (is_closed()) return;
  mark_closed();
  reactor().timers().cancel(*this);
  note_progress();  // the bytes that are left have all the time there is
  continue_close();
  on_closing();
}

void Endpoint::mark_closed() noexcept {
  phase_ = Phase::sending;
  if (closing_is_work()) reactor().work_began();
  end_both(failure_of(ErrorCode::closed));
}

bool Endpoint::begin_finish(FinishOperation& operation) {
  if (!is_closed()) begin_close();
  if (is_retired() || closer_ != nullptr) {
    operation.failure_ = closer_ != nullptr ? failure_of(ErrorCode::busy) : write_failure_;
    return true;
  }
  closer_ = &operation;
  return false;
}

void Endpoint::continue_close() noexcept {
  if (is_retired()) return;
  assert(phase_ == Phase::sending || phase_ == Phase::discarding);
  const std::size_t unsent = output_.size();
  if (unsent > 0 && writable()) send_output();
  if (write_failure_ == 0 && !output_.empty()) write_failure_ = read_failure_;  // these bytes are lost
  if (write_failure_ != 0 || read_failure_ != 0) return finish_close(write_failure_);
  const bool ends_so = eof_ && ends_by_closing();
  if (!output_.empty() || (!ends_so && !end_output())) {
    note_unacknowledged();
    if (!is_armed() || output_.size() < unsent) reactor().arm(*this, next_look());
    if (writable()) reactor().serve_next_turn(*this);
    return;
  }
  if (ends_so || !lingers()) return finish_close(write_failure_);
  if (phase_ == Phase::sending) begin_to_linger();
  if (discard_input()) finish_close(0);
}

// Gives the peer time to end its side.
void Endpoint::begin_to_linger() noexcept {
  phase_ = Phase::discarding;
  progress_.forget();
  last_activity_ = reactor().now();
  reactor().arm(*this, reactor().now() + Conn::linger_timeout);
}

// Looks when the time for the peer to end its side is up. The peer gets more while it still takes bytes of ours.
void Endpoint::linger_on() noexcept {
  assert(phase_ == Phase::discarding);
  if (endangered() <= 1) return finish_close(0);  // all but our FIN, perhaps
  if (!peer_goes_on() && reactor().now() - last_activity_ >= send_limits_->timeout)
    return finish_close(failure_of(ErrorCode::deadline_exceeded));
  reactor().arm(*this, reactor().now() + Conn::linger_timeout);
}

void Endpoint::finish_close(int failure) noexcept {
  if (is_retired()) return;
  phase_ = Phase::retired;
  if (closing_is_work()) reactor().work_ended();
  reactor().retire(*this);
  on_retired(failure == 0);
  output_.clear();
  end_pending(std::exchange(closer_, nullptr), failure);
}

void Endpoint::abort() noexcept {
  if (is_retired()) return;
  if (!is_closed()) mark_closed();
  finish_close(failure_of(ErrorCode::closed));
}

// Pending operations are told first: abort() would tell them of a close.
void Endpoint::run_out() noexcept {
  if (is_retired()) return;
  read_failure_ = ENOMEM;
  if (!is_closed()) end_both(ENOMEM);
  abort();
}

void Endpoint::on_release() {
  if (!is_closed()) begin_close();
}

Result<void> Endpoint::close_read() {
  if (is_closed()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  if (!limit_reading(bytes_read_)) run_out();
  const int result = shut_read();
  if (result < 0) return std::unexpected(error("close", -result));
  return {};
}

void Endpoint::finish_reading() noexcept {
  if (!is_closed() && !limit_reading(bytes_read_ + unread())) run_out();
}

Result<void> Endpoint::close_write() {
  if (is_closed()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  end_writing();
  return {};
}

}  // namespace reactord
