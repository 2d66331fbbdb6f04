// How an Endpoint serves a transport above it, in place of a coroutine.
#include <cerrno>

#include "net/endpoint.hpp"

namespace reactord {

ssize_t Endpoint::receive_now(std::span<char> room) noexcept {
  if (is_closed()) return read_failure_ != 0 ? -read_failure_ : -ENOTCONN;
  if (!readable() && !eof_) return -EAGAIN;
  ReadOperation operation(*this, room);
  if (!continue_read(operation)) return -EAGAIN;
  if (operation.failure_ == 0) return static_cast<ssize_t>(operation.count_);
  return operation.failure_ == failure_of(ErrorCode::eof) ? 0 : -operation.failure_;
}

// As write() does, up to the watermark; it is sent at the end of the turn, with all that comes until then.
ssize_t Endpoint::send_now(std::string_view bytes) noexcept {
  if (is_closed() || write_closed_) return write_failure_ != 0 ? -write_failure_ : -EPIPE;
  std::size_t taken = 0;
  if (!output_waits()) note_progress();
  while (write_failure_ == 0) {
    const std::size_t room = output_.size() < send_limits_->high ? send_limits_->high - output_.size() : 0;
    const std::string_view piece = bytes.substr(taken, room);
    keep(piece);
    taken += piece.size();
    if (taken == bytes.size() || !writable()) break;
    send_output();
  }
  if (write_failure_ != 0) return -write_failure_;
  flush_output_later();
  return taken > 0 ? static_cast<ssize_t>(taken) : -EAGAIN;
}

}  // namespace reactord
