#include "net/write_half.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

namespace reactord {
namespace {

constexpr std::size_t parts_per_send = 64;
constexpr std::size_t parts_per_look = 1024;  // by one send, among empty ones

}  // namespace

bool WriteHalf::try_write(PendingWrite& operation) {
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
    time_output();
    return false;
  }
  return true;
}

void WriteHalf::take_over(PendingWrite& operation) {
  for (std::size_t part = 0; part < operation.part_count_; ++part) {
    output_.append(reactor().buffers(), operation.parts_[part]);
    operation.count_ += operation.parts_[part].size();
  }
  if (!output_.empty()) flush_output_later();
}

bool WriteHalf::try_take_over(std::string_view bytes) {
  if (write_closed_ || write_failure_ != 0) return false;
  if (output_.size() + bytes.size() > send_limits_->high || refusal(writer_, write_deadline()) != 0)
    return false;
  if (bytes.empty()) return true;
  if (output_.empty()) note_progress();
  output_.append(reactor().buffers(), bytes);
  flush_output_later();
  return true;
}

// Sends the buffered bytes and the operation's own straight from the caller's memory, until few enough are left to take
// over or the socket takes no more.
bool WriteHalf::continue_write(PendingWrite& operation) {
  bool within_budget = spend(0);
  while (writable() && within_budget && (!output_.empty() || operation.part_count_ > 0)) {
    within_budget = send_parts(operation);
    if (write_failure_ == 0) continue;
    operation.failure_ = write_failure_;
    return true;
  }
  const std::size_t enough = operation.until_unsent_;
  if (output_.size() > enough || operation.left(enough - output_.size()) > enough - output_.size()) {
    if (writable())
      reactor().serve_next_turn(*this);  // the budget is spent, and epoll will not tell us again
    return false;
  }
  take_over(operation);
  return true;
}

// Sends the buffered bytes and the parts in front, once. False: the budget is spent.
bool WriteHalf::send_parts(PendingWrite& operation) noexcept {
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
    const ssize_t result = sends_directly() ? system::send_gathered(fd(), parts.data(), count)
                                            : send_gathered_indirectly(std::span(parts).first(count));
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

void WriteHalf::flush() {
  assert(!is_closed());
  if (writer_ != nullptr) {
    if (writable()) wake_writer();
    return;
  }
  if (writable() && !output_.empty()) send_output();
  if (!output_.empty()) time_output();
  if (write_closed_ && output_.empty() && write_failure_ == 0) end_output();
  tell_ready();
}

void WriteHalf::wake_writer() {
  if (!continue_write(*writer_)) return time_output();
  PendingWrite& operation = *std::exchange(writer_, nullptr);
  operation.resume();
}

// Takes bytes up to the watermark. They are sent at the end of the turn, with all that comes until then.
ssize_t WriteHalf::send_now(std::string_view bytes) noexcept {
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

void WriteHalf::end_writing() noexcept {
  if (write_closed_ || is_closed()) return;
  write_closed_ = true;
  end_write(EPIPE);
  flush_output_later();
}

void WriteHalf::set_write_deadline(Time deadline) {
  if (!rare_ && deadline.is_never()) return;
  rare().write_deadline = deadline;
  if (writer_ == nullptr) return;
  if (deadline <= reactor().now()) return end_write(failure_of(ErrorCode::deadline_exceeded));
  park(deadline);
}

void WriteHalf::expire_write(Time now) {
  if (writer_ == nullptr || write_deadline() > now) return;
  writer_->failure_ = failure_of(ErrorCode::deadline_exceeded);
  std::exchange(writer_, nullptr)->resume();
}

}  // namespace reactord
