// How an Endpoint ends: sending what is left, FIN, discarding, and the ways to be cut short (drawn in
// endpoint.hpp).
#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint.hpp"

namespace reactord {
namespace {

constexpr std::size_t discard_chunk = 16 * 1024;
constexpr std::size_t forgotten_at_most = 64 * 1024;

}  // namespace

Result<void> Endpoint::close() {
  if (is_closed()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  try {
    local_address();                 // while the kernel still knows it
  } catch (const std::bad_alloc&) {  // then later errors are without
  }
  begin_close();
  return {};
}

void Endpoint::begin_close() {
  if (is_closed()) return;
  mark_closed();
  reactor().timers().cancel(*this);
  note_progress();  // what is left has all the time there is
  continue_close();
  on_closing();
}

void Endpoint::mark_closed() noexcept {
  phase_ = Phase::sending;
  if (closing_is_work()) reactor().work_began();
  end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::closed));
  end_pending(std::exchange(writer_, nullptr), failure_of(ErrorCode::closed));
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
    if (writable()) reactor().again(*this);
    return;
  }
  if (ends_so || !lingers()) return finish_close(write_failure_);
  if (phase_ == Phase::sending) {
    phase_ = Phase::discarding;
    unacknowledged_ = not_asked;
    last_activity_ = reactor().now();
    reactor().arm(*this, reactor().now() + Conn::linger_timeout);
  }
  if (discard_input()) finish_close(0);
}

// Behind all output. False: it can't go out yet.
bool Endpoint::end_output() noexcept {
  if (fin_sent_) return true;
  if (shut_write() == -EAGAIN) {
    not_writable();
    return false;
  }
  return fin_sent_ = true;
}

// Reads and forgets, so that no unread byte turns our close(2) into a reset that destroys the last reply on
// its way. True when that has an end: the peer's, or the limit, which counts once the peer has all of ours.
// Without a memory for the limit, the end is now.
bool Endpoint::discard_input() noexcept {
  std::array<char, discard_chunk> room;
  Rare* const rare = rare_if_possible();
  if (rare == nullptr) return true;
  while (readable()) {
    const ssize_t count = receive_some(room);
    if (count == -EAGAIN) {
      not_readable();
      return false;
    }
    if (count <= 0) return true;
    const auto received = static_cast<std::size_t>(count);
    rare->discarded += received;
    bytes_read_ += received;
    if (received < room.size()) note_short_read();
    if (rare->discarded > Conn::linger_bytes && endangered() <= 1) return true;
    if (readable() && !spend(received)) {
      reactor().again(*this);
      return false;
    }
  }
  return false;
}

void Endpoint::forget_input() noexcept {
  if (is_retired() || (!is_socket_ && !readable())) return;
  std::array<char, discard_chunk> room;  // not the loop's storage: a handler may be reading lines there
  // Until it says that nothing is left, whatever epoll has told: the news may wait there.
  for (std::size_t forgotten = 0; forgotten < forgotten_at_most;) {
    const ssize_t count = receive_some(room);
    if (count <= 0) return;
    forgotten += static_cast<std::size_t>(count);
  }
}

// Bytes that our close(2) could destroy on their way. What a unix socket has taken lies with the peer already.
std::size_t Endpoint::endangered() const noexcept { return remote_.is_ip() ? unacknowledged() : 0; }

// The time for the peer to end its side is up. It gets more while it still takes bytes of ours.
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

// Whoever waits is told first: abort() would tell of a close.
void Endpoint::run_out() noexcept {
  if (is_retired()) return;
  read_failure_ = ENOMEM;
  if (!is_closed()) {
    end_pending(std::exchange(reader_, nullptr), ENOMEM);
    end_pending(std::exchange(writer_, nullptr), ENOMEM);
  }
  abort();
}

void Endpoint::on_release() {
  if (!is_closed()) begin_close();
}

Result<void> Endpoint::close_read() {
  if (is_closed()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  limit_reading(bytes_read_);
  const int result = shut_read();
  if (result < 0) return std::unexpected(error("close", -result));
  return {};
}

void Endpoint::finish_reading() noexcept {
  if (!is_closed()) limit_reading(bytes_read_ + unread());
}

void Endpoint::limit_reading(std::uint64_t limit) noexcept {
  Rare* const rare = rare_if_possible();
  if (rare == nullptr) return run_out();
  has_read_limit_ = true;
  rare->read_limit = std::min(rare->read_limit, limit);
  if (reads_ended()) end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::eof));
}

Result<void> Endpoint::close_write() {
  if (is_closed()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  end_writing();
  return {};
}

void Endpoint::end_writing() noexcept {
  if (write_closed_ || is_closed()) return;
  write_closed_ = true;
  end_pending(std::exchange(writer_, nullptr), EPIPE);
  flush_output_later();
}

}  // namespace reactord
