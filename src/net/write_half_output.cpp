// The output buffer: how it is emptied, and whether the peer takes what waits in it.
#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>

#include "net/write_half.hpp"

namespace reactord {

inline void WriteHalf::count_sent(std::size_t sent, std::size_t offered) noexcept {
  bytes_written_ += sent;
  last_activity_ = reactor().now();
  if (sent < offered) [[unlikely]] {
    not_writable();
    note_progress();
  }
}

ssize_t WriteHalf::send_indirectly(std::string_view bytes) noexcept {
  const ssize_t sent = Carrier::send_indirectly(bytes);
  if (sent > 0) tell_sent(bytes.substr(0, static_cast<std::size_t>(sent)));
  return sent;
}

ssize_t WriteHalf::send_gathered_indirectly(std::span<const iovec> parts) noexcept {
  const ssize_t sent = send_gathered(parts.data(), parts.size());
  auto left = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  for (std::size_t part = 0; left > 0; ++part) {
    const std::size_t count = std::min(left, parts[part].iov_len);
    tell_sent({static_cast<const char*>(parts[part].iov_base), count});
    left -= count;
  }
  return sent;
}

std::size_t WriteHalf::send_at_once(std::string_view bytes) noexcept {
  if (bytes.empty() || !output_.empty() || writer_ != nullptr) return 0;
  const ssize_t sent = send_some(bytes);
  if (sent < 0) {
    send_stopped(sent);
    return 0;
  }
  count_sent(static_cast<std::size_t>(sent), bytes.size());
  return static_cast<std::size_t>(sent);
}

void WriteHalf::append_behind(std::string_view bytes) {
  if (!output_waits()) note_progress();
  if (writer_ != nullptr) {
    take_over(*writer_);
    writer_->part_count_ = 0;  // it still waits until few enough bytes are unsent
  }
  output_.append(reactor().buffers(), bytes);
  flush_output_later();
}

void WriteHalf::send_output() noexcept {
  if (output_.empty()) return;
  const ssize_t result = send_some(output_.view());
  if (result < 0) return send_stopped(result);
  count_sent(static_cast<std::size_t>(result), output_.size());
  output_.consume(static_cast<std::size_t>(result));
}

bool WriteHalf::keep_unsent(Buffer& replies, ssize_t sent) noexcept {
  if (sent == -EINTR) sent = 0;  // send_output() tries again
  if (output_.empty() || sent > 0) note_progress();
  if (sent >= 0) {
    bytes_written_ += static_cast<std::size_t>(sent);
    replies.consume(static_cast<std::size_t>(sent));
  } else {
    send_stopped(sent);
  }
  if (replies.size() > Buffer::max_size - output_.size()) fail_output(ENOBUFS);  // nobody has set a limit
  if (write_failure_ == 0) keep(replies.view());
  replies.clear();
  send_output();
  if (output_.empty()) return write_failure_ == 0;
  time_output();
  return false;
}

// Answers without memory are lost, and so is the connection: no later one may take their place.
void WriteHalf::keep(std::string_view unsent) noexcept {
  try {
    output_.append(reactor().buffers(), unsent);
  } catch (const std::bad_alloc&) {
    fail_output(ENOMEM);
  }
}

void WriteHalf::say(std::string_view text) noexcept {
  try {
    output_.append(reactor().buffers(), text);
  } catch (const std::bad_alloc&) {  // unsaid
  }
}

// Judges a send that failed.
void WriteHalf::send_stopped(ssize_t result) noexcept {
  if (result == -EAGAIN) {
    not_writable();
  } else {
    fail_output(static_cast<int>(-result));
  }
}

void WriteHalf::fail_output(int number) noexcept {
  write_failure_ = static_cast<std::int16_t>(number);
  output_.clear();
}

bool WriteHalf::has_stalled() noexcept {
  return !peer_goes_on() && progress_.has_stalled(reactor().now(), send_limits_->timeout);
}

Time WriteHalf::next_look() const noexcept {
  return progress_.next_look(reactor().now(), send_limits_->timeout, tells_all_progress());
}

void WriteHalf::time_output() {
  tell_buffered();
  if (!send_limits_->gives_up || is_closed()) return;
  note_unacknowledged();
  park(next_look());
}

// Nobody has looked until now, so the time of what waits begins.
void WriteHalf::begin_to_time_output() noexcept {
  if (is_closed() || !output_waits()) return;
  note_progress();
  time_output();
}

void WriteHalf::note_unacknowledged() noexcept {
  if (!progress_.is_noted()) progress_.note(unacknowledged());
}

bool WriteHalf::peer_goes_on() noexcept {
  const Time now = reactor().now();
  const bool goes_on = progress_.goes_on(unacknowledged(), now);
  if (goes_on) last_activity_ = now;
  return goes_on;
}

bool WriteHalf::end_output() noexcept {
  assert(output_.empty());
  if (fin_sent_) return true;
  if (shut_write() == -EAGAIN) {
    not_writable();
    return false;
  }
  return fin_sent_ = true;
}

}  // namespace reactord
