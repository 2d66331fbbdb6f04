// How an Endpoint writes: into its output buffer, from there once a turn, and straight from the caller's
// memory once the buffer is full.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint.hpp"

namespace reactord {
namespace {

constexpr std::size_t parts_per_send = 64;

}  // namespace

bool Endpoint::begin_write(PendingWrite& operation) {
  std::size_t total = 0;
  for (std::size_t part = 0; part < operation.part_count_; ++part) total += operation.parts_[part].size();
  operation.failure_ = refusal(writer_, write_deadline_);
  if (operation.failure_ != 0) return true;
  if (operation.until_unsent_ == PendingWrite::until_low)
    operation.until_unsent_ = static_cast<std::uint32_t>(send_limits_->low);
  if (!output_waits()) note_progress();
  if (write_closed_ || write_failure_ != 0) {
    operation.failure_ = write_failure_ != 0 ? int{write_failure_} : EPIPE;
  } else if (total > 0 && output_.size() + total <= send_limits_->high) {
    for (std::size_t part = 0; part < operation.part_count_; ++part) {
      output_.append(reactor().buffers(), operation.parts_[part]);
    }
    operation.count_ = total;
    flush_output_later();
  } else if (output_.size() + total > operation.until_unsent_ && !continue_write(operation)) {
    writer_ = &operation;
    park(write_deadline_);
    watch_output();
    return false;
  }
  return true;
}

// Sends the buffered bytes and the operation's own straight from the caller's memory, until few enough are
// left to take over or the socket takes no more.
bool Endpoint::continue_write(PendingWrite& operation) {
  bool within_budget = spend(0);
  while (writable() && within_budget) {
    std::array<iovec, parts_per_send> parts;
    std::size_t count = 0, offered = 0;
    auto offer = [&](std::string_view bytes) {
      if (bytes.empty() || count == parts.size()) return;
      parts[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
      offered += bytes.size();
    };
    offer(output_.view());
    for (std::size_t part = 0; part < operation.part_count_; ++part) offer(operation.parts_[part]);
    if (count == 0) break;
    const ssize_t result = send_gathered(parts.data(), count);
    if (result < 0) {
      if (result == -EAGAIN) {
        not_writable();
        break;
      }
      fail_output(static_cast<int>(-result));
      operation.failure_ = write_failure_;
      return true;
    }
    auto sent = static_cast<std::size_t>(result);
    bytes_written_ += sent;
    last_activity_ = reactor().now();
    note_progress();
    within_budget = spend(sent);
    if (sent < offered) not_writable();
    const std::size_t buffered = std::min(sent, output_.size());
    output_.consume(buffered);
    sent -= buffered;
    operation.count_ += sent;
    operation.drop_sent(sent);
  }
  std::size_t left = output_.size();
  for (std::size_t part = 0; part < operation.part_count_; ++part) left += operation.parts_[part].size();
  if (left > operation.until_unsent_) {
    if (writable()) reactor().again(*this);  // the budget is spent, and epoll will not tell us again
    return false;
  }
  for (std::size_t part = 0; part < operation.part_count_; ++part) {
    if (operation.parts_[part].empty()) continue;
    output_.append(reactor().buffers(), operation.parts_[part]);
    operation.count_ += operation.parts_[part].size();
    flush_output_later();
  }
  return true;
}

inline ssize_t Endpoint::send_some(std::string_view bytes) noexcept {
  return fd() >= 0 ? system::send(fd(), bytes.data(), bytes.size()) : send(bytes.data(), bytes.size());
}

void Endpoint::send_output() noexcept {
  if (!writable() || output_.empty()) return;
  const ssize_t result = send_some(output_.view());
  if (result < 0) return send_stopped(result);
  count_sent(static_cast<std::size_t>(result), output_.size());
  output_.consume(static_cast<std::size_t>(result));
}

bool Endpoint::keep_unsent(Buffer& replies, ssize_t sent) noexcept {
  if (sent == -EINTR || fd() < 0) sent = 0;  // send_output() knows the way
  if (output_.empty() || sent > 0) note_progress();
  if (sent >= 0) {
    bytes_written_ += static_cast<std::size_t>(sent);
    replies.consume(static_cast<std::size_t>(sent));
  } else {
    send_stopped(sent);
  }
  if (write_failure_ == 0) output_.append(reactor().buffers(), replies.view());
  replies.clear();
  send_output();
  if (output_.empty()) return write_failure_ == 0;
  watch_output();
  return false;
}

bool Endpoint::output_waits() const noexcept {
  return !output_.empty() || (writer_ != nullptr && writer_->part_count_ > 0);
}

// Until the peer will have taken nothing for as long as it may, if it goes on so.
Duration Endpoint::time_to_stall() const noexcept {
  const auto now = static_cast<std::uint32_t>(tick_at_or_before(reactor().now()));
  const auto since = static_cast<std::int32_t>(now - progress_tick_);  // of this turn, it may be a tick ahead
  return send_limits_->timeout - std::max(since, 0) * 1ms;
}

void Endpoint::watch_output() {
  tell_buffered();
  if (send_limits_->gives_up && !closed_) park(reactor().now() + time_to_stall());
}

inline void Endpoint::count_sent(std::size_t sent, std::size_t offered) noexcept {
  bytes_written_ += sent;
  last_activity_ = reactor().now();
  if (sent < offered) [[unlikely]] {
    not_writable();
    note_progress();
  }
}

// After a send that failed.
void Endpoint::send_stopped(ssize_t result) noexcept {
  if (result == -EAGAIN) {
    not_writable();
  } else {
    fail_output(static_cast<int>(-result));
  }
}

void Endpoint::fail_output(int number) noexcept {
  write_failure_ = static_cast<std::int16_t>(number);
  output_.clear();
}

void Endpoint::on_flush() {
  if (closed_) return continue_close();
  if (writer_ != nullptr) {
    if (writable()) wake_writer();
    return;
  }
  if (writable() && !output_.empty()) send_output();
  if (!output_.empty()) watch_output();
  if (write_closed_ && !fin_sent_ && output_.empty() && write_failure_ == 0) {
    fin_sent_ = true;
    shut_write();
  }
}

// Whole parts leave the front, so that the next send does not look at them again.
void PendingWrite::drop_sent(std::size_t count) noexcept {
  while (part_count_ > 0 && count >= parts_->size()) {
    count -= parts_->size();
    *parts_++ = {};
    --part_count_;
  }
  if (count > 0) parts_->remove_prefix(count);
}

void Endpoint::wake_writer() {
  if (!continue_write(*writer_)) return;
  PendingWrite& operation = *std::exchange(writer_, nullptr);
  operation.resume();
}

}  // namespace reactord
