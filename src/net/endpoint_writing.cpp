// How an Endpoint writes: into its output buffer, from there once a turn, and straight from the caller's
// memory once the buffer is full.
#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint.hpp"

namespace reactord {
namespace {

constexpr std::size_t parts_per_send = 64;
constexpr std::size_t parts_per_look = 1024;  // by one send, among empty ones
constexpr int first_look = 64;                // after this fraction of the time there is

}  // namespace

// How many bytes are left, if no more than `limit`; else, or where it takes too many parts to say, more than that.
std::size_t PendingWrite::left(std::size_t limit) const noexcept {
  if (part_count_ > Conn::parts_per_turn) return limit + 1;
  std::size_t bytes = 0;
  for (std::size_t part = 0; part < part_count_ && bytes <= limit; ++part) bytes += parts_[part].size();
  return bytes;
}

bool Endpoint::begin_write(PendingWrite& operation) {
  try {
    return try_write(operation);
  } catch (const std::bad_alloc&) {
    run_out();
  }
  operation.failure_ = ENOMEM;
  return true;
}

bool Endpoint::try_write(PendingWrite& operation) {
  operation.failure_ = refusal(writer_, write_deadline());
  if (operation.failure_ != 0) return true;
  if (operation.until_unsent_ == PendingWrite::until_low)
    operation.until_unsent_ = static_cast<std::uint32_t>(send_limits_->low);
  if (!output_waits()) note_progress();
  const std::size_t total = operation.left(send_limits_->high);
  if (write_closed_ || write_failure_ != 0) {
    operation.failure_ = write_failure_ != 0 ? int{write_failure_} : EPIPE;
  } else if (total > 0 && output_.size() + total <= send_limits_->high) {
    take_over(operation);
  } else if (output_.size() + total > operation.until_unsent_ && !continue_write(operation)) {
    writer_ = &operation;
    park(write_deadline());
    watch_output();
    return false;
  }
  return true;
}

void Endpoint::take_over(PendingWrite& operation) {
  for (std::size_t part = 0; part < operation.part_count_; ++part) {
    output_.append(reactor().buffers(), operation.parts_[part]);
    operation.count_ += operation.parts_[part].size();
  }
  if (!output_.empty()) flush_output_later();
}

// Sends the buffered bytes and the operation's own straight from the caller's memory, until few enough are
// left to take over or the socket takes no more.
bool Endpoint::continue_write(PendingWrite& operation) {
  bool within_budget = spend(0);
  while (writable() && within_budget && (!output_.empty() || operation.part_count_ > 0)) {
    within_budget = send_parts(operation);
    if (write_failure_ == 0) continue;
    operation.failure_ = write_failure_;
    return true;
  }
  const std::size_t enough = operation.until_unsent_;
  if (output_.size() > enough || operation.left(enough - output_.size()) > enough - output_.size()) {
    if (writable()) reactor().again(*this);  // the budget is spent, and epoll will not tell us again
    return false;
  }
  take_over(operation);
  return true;
}

// One send of the buffered bytes and of the parts in front. False: the budget is spent.
bool Endpoint::send_parts(PendingWrite& operation) noexcept {
  std::array<iovec, parts_per_send> parts;
  std::size_t count = 0, offered = 0, looked_at = 0;
  auto offer = [&](std::string_view bytes) {
    if (bytes.empty()) return;
    parts[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
    offered += bytes.size();
  };
  offer(output_.view());
  const std::size_t most = std::min<std::size_t>(operation.part_count_, parts_per_look);
  while (looked_at < most && count < parts.size()) offer(operation.parts_[looked_at++]);
  std::size_t sent = 0;
  if (count > 0) {
    const ssize_t result = send_gathered(parts.data(), count);
    if (result < 0) {
      send_stopped(result);
      return true;
    }
    sent = static_cast<std::size_t>(result);
    bytes_written_ += sent;
    last_activity_ = reactor().now();
    note_progress();
    if (sent < offered) not_writable();
  }
  const std::size_t buffered = std::min(sent, output_.size());
  output_.consume(buffered);
  operation.count_ += sent - buffered;
  operation.drop_sent(sent - buffered, looked_at);
  return spend(std::max(sent, looked_at * part_share));
}

inline ssize_t Endpoint::send_some(std::string_view bytes) noexcept {
  return is_socket_ ? system::send(fd(), bytes.data(), bytes.size()) : send(bytes.data(), bytes.size());
}

void Endpoint::send_output() noexcept {
  if (!writable() || output_.empty()) return;
  const ssize_t result = send_some(output_.view());
  if (result < 0) return send_stopped(result);
  count_sent(static_cast<std::size_t>(result), output_.size());
  output_.consume(static_cast<std::size_t>(result));
}

bool Endpoint::keep_unsent(Buffer& replies, ssize_t sent) noexcept {
  if (sent == -EINTR) sent = 0;  // send_output() knows the way
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
  watch_output();
  return false;
}

// Answers without memory are lost, and so is the connection: no later one may take their place.
void Endpoint::keep(std::string_view unsent) noexcept {
  try {
    output_.append(reactor().buffers(), unsent);
  } catch (const std::bad_alloc&) {
    fail_output(ENOMEM);
  }
}

void Endpoint::say(std::string_view text) noexcept {
  try {
    output_.append(reactor().buffers(), text);
  } catch (const std::bad_alloc&) {  // unsaid
  }
}

bool Endpoint::output_waits() const noexcept {
  return !output_.empty() || (writer_ != nullptr && writer_->part_count_ > 0);
}

// Whether the peer has taken nothing for as long as it may.
bool Endpoint::has_stalled() noexcept {
  return !peer_goes_on() && reactor().now() - progress_ >= send_limits_->timeout;
}

// When to look next whether the peer goes on: seldom, and seldom later than a little after it has.
Time Endpoint::next_look() const noexcept {
  const Duration longest = send_limits_->timeout;
  if (tells_all_progress()) return progress_ + longest;
  const Duration elapsed = reactor().now() - progress_;
  return progress_ + (elapsed < longest / 2 ? std::max(2 * elapsed, longest / first_look) : longest);
}

void Endpoint::watch_output() {
  tell_buffered();
  if (!send_limits_->gives_up || is_closed()) return;
  note_unacknowledged();
  park(next_look());
}

// Nobody has looked until now: its time begins.
void Endpoint::begin_to_watch_output() noexcept {
  if (is_closed() || !output_waits()) return;
  note_progress();
  watch_output();
}

// The socket has just taken all that it takes: what peer_goes_on() will compare with.
void Endpoint::note_unacknowledged() noexcept {
  if (unacknowledged_ == not_asked) unacknowledged_ = static_cast<std::uint32_t>(unacknowledged());
}

// The kernel takes more only once a good part of its buffer is free, so a peer that reads slowly makes progress that no
// send shows.
bool Endpoint::peer_goes_on() noexcept {
  const auto left = static_cast<std::uint32_t>(unacknowledged());
  const std::uint32_t before = std::exchange(unacknowledged_, left);
  if (left >= before || (before == not_asked && left == 0)) return false;
  progress_ = last_activity_ = reactor().now();
  return true;
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
  try {
    flush();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

void Endpoint::flush() {
  if (is_closed()) return continue_close();
  if (writer_ != nullptr) {
    if (writable()) wake_writer();
    return;
  }
  if (writable() && !output_.empty()) send_output();
  if (!output_.empty()) watch_output();
  if (write_closed_ && output_.empty() && write_failure_ == 0) end_output();
  tell_ready();
}

// Whole parts leave the front, so that the next send does not look at them again: no more than `most_parts`.
void PendingWrite::drop_sent(std::size_t count, std::size_t most_parts) noexcept {
  for (; most_parts > 0 && count >= parts_->size(); --most_parts) {
    count -= parts_->size();
    drop_part();
  }
  if (count > 0) parts_->remove_prefix(count);
}

void Endpoint::wake_writer() {
  if (!continue_write(*writer_)) return watch_output();
  PendingWrite& operation = *std::exchange(writer_, nullptr);
  operation.resume();
}

}  // namespace reactord
