#include "net/endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace reactord {
namespace {

constexpr int failure_of(ErrorCode code) noexcept { return -static_cast<int>(code); }

// A read into a Buffer offers this much room; what is left of a line moves there if it is small.
constexpr std::size_t read_chunk = 64 * 1024;
constexpr std::size_t cheap_copy = 4 * 1024;
constexpr std::size_t parts_per_send = 64;

}  // namespace

Endpoint::Endpoint(Reactor& reactor, int fd, Address remote)
    : Watch(reactor, fd), last_activity_(reactor.now()), remote_(std::move(remote)) {}

Error Endpoint::error(const char* operation, int failure) const {
  auto error = failure > 0 ? Error::from_errno(failure, operation) : Error(static_cast<ErrorCode>(-failure));
  if (error.is_eof()) return error;
  return std::move(error).with_operation(operation, remote_.network(), local_address().text(),
                                         remote_.text());
}

Address Endpoint::local_address() const {
  if (!local_) {
    if (is_retired()) return Address();
    local_ = std::make_unique<Address>(find_local_address());
  }
  return *local_;
}

// ---- budgets

inline bool Endpoint::within_budget() noexcept {
  const auto turn = static_cast<std::uint32_t>(reactor().turns());
  if (budget_turn_ != turn) {
    budget_turn_ = turn;
    budget_spent_ = 0;
  }
  return budget_spent_ < Conn::bytes_per_turn;
}

inline void Endpoint::spend(std::size_t count) noexcept {
  budget_spent_ += static_cast<std::uint32_t>(count);
  last_activity_ = reactor().now();
}

// ---- reading

bool Endpoint::begin_read(ReadOperation& operation) {
  if (closed_) {
    operation.failure_ = failure_of(ErrorCode::closed);
  } else if (reader_ != nullptr) {
    operation.failure_ = failure_of(ErrorCode::busy);
  } else if (read_deadline_ <= reactor().now()) {
    operation.failure_ = failure_of(ErrorCode::deadline_exceeded);
  } else if (bytes_read_ >= read_limit_) {
    operation.failure_ = failure_of(ErrorCode::eof);
  } else if (operation.buffer_ != nullptr || !operation.into_.empty()) {
    if (readable_ && continue_read(operation)) return true;
    reader_ = &operation;
    park(read_deadline_);
    return false;
  }
  return true;
}

// Reads until the operation has enough, the socket is drained, or the turn's budget is spent.
bool Endpoint::continue_read(ReadOperation& operation) {
  Buffer* buffer = operation.buffer_;
  while (within_budget()) {
    std::span<char> room = operation.into_;
    if (buffer != nullptr) {
      const std::size_t held = buffer->size();
      room = buffer->prepare(reactor().buffers(), held <= cheap_copy ? read_chunk - held : 1);
    }
    if (read_limit_ - bytes_read_ < room.size()) [[unlikely]]
      room = room.first(read_limit_ - bytes_read_);
    const ssize_t count = receive(room.data(), room.size());
    if (count <= 0) [[unlikely]] {
      if (count == -EAGAIN) {
        readable_ = false;
        break;
      }
      if (buffer != nullptr) buffer->consume(0);
      if (count == 0 && write_failure_ == 0) {
        eof_ = true;
        operation.failure_ = failure_of(ErrorCode::eof);
      } else {
        // A reset that our own send was first to hear of ends the input too, and it is not an orderly end.
        read_failure_ = count == 0 ? write_failure_ : static_cast<int>(-count);
        operation.failure_ = read_failure_;
      }
      return true;
    }
    const auto received = static_cast<std::size_t>(count);
    if (received < room.size() && !hang_up_)
      readable_ = false;  // a short read has drained the socket: epoll(7)
    bytes_read_ += received;
    spend(received);
    operation.count_ += received;
    if (buffer != nullptr) buffer->commit(received);
    if (operation.enough_ == nullptr || operation.enough_(operation)) return true;
    if (!readable_ || bytes_read_ >= read_limit_) break;
  }
  if (bytes_read_ >= read_limit_) {
    operation.failure_ = failure_of(ErrorCode::eof);
    return true;
  }
  if (readable_) reactor().again(*this);  // the budget is spent, and epoll will not tell us again
  if (buffer != nullptr) {
    buffer->consume(0);
    buffer->shrink(reactor().buffers());
  }
  return false;
}

// ---- writing

bool Endpoint::begin_write(PendingWrite& operation) {
  std::size_t total = 0;
  for (std::size_t part = 0; part < operation.part_count_; ++part) total += operation.parts_[part].size();
  if (closed_) {
    operation.failure_ = failure_of(ErrorCode::closed);
  } else if (writer_ != nullptr) {
    operation.failure_ = failure_of(ErrorCode::busy);
  } else if (write_deadline_ <= reactor().now()) {
    operation.failure_ = failure_of(ErrorCode::deadline_exceeded);
  } else if (write_closed_ || write_failure_ != 0) {
    operation.failure_ = write_failure_ != 0 ? write_failure_ : EPIPE;
  } else if (total > 0 && output_.size() + total <= Conn::high_watermark) {
    for (std::size_t part = 0; part < operation.part_count_; ++part) {
      output_.append(reactor().buffers(), operation.parts_[part]);
    }
    operation.count_ = total;
    flush_output_later();
  } else if (output_.size() + total > operation.until_unsent_ && !continue_write(operation)) {
    writer_ = &operation;
    park(write_deadline_);
    return false;
  }
  return true;
}

// Sends the buffered bytes and the operation's own straight from the caller's memory, until few enough are
// left to take over or the socket takes no more.
bool Endpoint::continue_write(PendingWrite& operation) {
  while (writable_ && within_budget()) {
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
        writable_ = false;
        break;
      }
      fail_output(static_cast<int>(-result));
      operation.failure_ = write_failure_;
      return true;
    }
    auto sent = static_cast<std::size_t>(result);
    bytes_written_ += sent;
    spend(sent);
    if (sent < offered) writable_ = false;
    const std::size_t buffered = std::min(sent, output_.size());
    output_.consume(buffered);
    sent -= buffered;
    operation.count_ += sent;
    for (std::size_t part = 0; sent > 0; ++part) {
      const std::size_t step = std::min(sent, operation.parts_[part].size());
      operation.parts_[part].remove_prefix(step);
      sent -= step;
    }
  }
  std::size_t left = output_.size();
  for (std::size_t part = 0; part < operation.part_count_; ++part) left += operation.parts_[part].size();
  if (left > operation.until_unsent_) {
    if (writable_) reactor().again(*this);  // the budget is spent, and epoll will not tell us again
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

void Endpoint::send_output() noexcept {
  const std::string_view bytes = output_.view();
  const ssize_t result = send(bytes.data(), bytes.size());
  if (result < 0) [[unlikely]] {
    if (result == -EAGAIN) {
      writable_ = false;
    } else {
      fail_output(static_cast<int>(-result));
    }
    return;
  }
  const auto sent = static_cast<std::size_t>(result);
  if (sent < bytes.size()) writable_ = false;
  bytes_written_ += sent;
  last_activity_ = reactor().now();
  output_.consume(sent);
}

void Endpoint::fail_output(int number) noexcept {
  write_failure_ = number;
  output_.clear();
}

void Endpoint::on_flush() {
  if (closed_) return continue_close();
  if (writer_ != nullptr) return wake_writer();
  if (writable_ && !output_.empty()) send_output();
  if (write_closed_ && !fin_sent_ && output_.empty() && write_failure_ == 0) {
    fin_sent_ = true;
    shut_write();
  }
}

void Endpoint::wake_writer() {
  if (!continue_write(*writer_)) return;
  PendingWrite& operation = *std::exchange(writer_, nullptr);
  operation.handle.resume();
}

// ---- readiness and deadlines

void Endpoint::on_ready(Readiness ready) {
  using namespace readiness;
  if ((ready & (peer_finished | hang_up | readiness::error)) != 0) [[unlikely]]
    hang_up_ = readable_ = true;
  if ((ready & readable) != 0) readable_ = true;
  if ((ready & (writable | hang_up | readiness::error)) != 0) writable_ = true;
  if (closed_) [[unlikely]]
    return continue_close();
  if (writable_ && (writer_ != nullptr || !output_.empty())) on_flush();
  if (readable_ && reader_ != nullptr && continue_read(*reader_)) {
    std::exchange(reader_, nullptr)->handle.resume();
  }
}

// Arms the one timer at the earliest deadline that something waits for. Moving a deadline later costs
// nothing: the timer comes too early, sees that, and is armed anew.
inline void Endpoint::park(Time deadline) {
  if (deadline.is_never()) return;
  if (is_armed() && time_of_tick(expiry()) <= deadline) return;
  reactor().arm(*this, deadline);
}

void Endpoint::on_timer() {
  if (closed_) return finish_close(output_.empty() ? 0 : failure_of(ErrorCode::deadline_exceeded));
  const Time now = reactor().now();
  if (reader_ != nullptr && read_deadline_ <= now) {
    reader_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(reader_, nullptr)->handle.resume();
  }
  if (writer_ != nullptr && write_deadline_ <= now && !closed_) {
    writer_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(writer_, nullptr)->handle.resume();
  }
  if (closed_) return;
  if (reader_ != nullptr) park(read_deadline_);
  if (writer_ != nullptr) park(write_deadline_);
}

Result<void> Endpoint::set_deadlines(Time deadline, bool read, bool write) {
  if (closed_) {
    auto closed = Error(ErrorCode::closed);
    return std::unexpected(
        std::move(closed).with_operation("set", remote_.network(), "", local_address().text()));
  }
  const bool past = deadline <= reactor().now();
  if (read) {
    read_deadline_ = deadline;
    if (reader_ != nullptr && past)
      end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (reader_ != nullptr) park(deadline);
  }
  if (write) {
    write_deadline_ = deadline;
    if (writer_ != nullptr && past)
      end_pending(std::exchange(writer_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (writer_ != nullptr) park(deadline);
  }
  return {};
}

// Fails a pending operation from within a call of the user: its coroutine runs on later, from the loop's own
// stack.
void Endpoint::end_pending(IoOperation* operation, int failure) noexcept {
  if (operation == nullptr) return;
  operation->failure_ = failure;
  reactor().resume_later(*operation);
}

// ---- closing

Result<void> Endpoint::close() {
  if (closed_) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  local_address();  // while the kernel still knows it
  begin_close();
  return {};
}

void Endpoint::begin_close() {
  closed_ = true;
  fail_pending();
  reactor().timers().cancel(*this);
  continue_close();
}

void Endpoint::fail_pending() noexcept {
  end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::closed));
  end_pending(std::exchange(writer_, nullptr), failure_of(ErrorCode::closed));
}

bool Endpoint::begin_finish(FinishOperation& operation) {
  if (!closed_) begin_close();
  if (is_retired() || writer_ != nullptr) {
    operation.failure_ = writer_ != nullptr ? failure_of(ErrorCode::busy) : write_failure_;
    return true;
  }
  writer_ = &operation;
  return false;
}

void Endpoint::continue_close() noexcept {
  if (is_retired()) return;
  const std::size_t unsent = output_.size();
  if (unsent > 0 && writable_) send_output();
  if (write_failure_ != 0 || read_failure_ != 0) return finish_close(write_failure_);
  if (!output_.empty()) {
    if (!is_armed() || output_.size() < unsent) reactor().arm(*this, reactor().now() + Conn::send_timeout);
    if (writable_) reactor().again(*this);
    return;
  }
  if (eof_) return finish_close(0);
  if (!std::exchange(fin_sent_, true)) shut_write();
  if (!lingering_) {
    lingering_ = true;
    budget_spent_ = 0;
    reactor().arm(*this, reactor().now() + Conn::linger_timeout);
  }
  if (discard_input()) finish_close(0);
}

// Reads and forgets, so that no unread byte turns our close(2) into a reset that destroys the last reply on
// its way.
bool Endpoint::discard_input() noexcept {
  Buffer scratch;
  const std::span<char> room = scratch.prepare(reactor().buffers(), cheap_copy * 4);
  while (readable_) {
    const ssize_t count = receive(room.data(), room.size());
    if (count == -EAGAIN) break;
    if (count <= 0) return true;
    budget_spent_ += static_cast<std::uint32_t>(count);
    if (budget_spent_ > Conn::linger_bytes) return true;
    if (static_cast<std::size_t>(count) < room.size() && !hang_up_) break;
  }
  readable_ = false;
  return false;
}

void Endpoint::finish_close(int failure) noexcept {
  if (is_retired()) return;
  output_.clear();
  reactor().retire(*this);
  end_pending(std::exchange(writer_, nullptr), failure);
}

void Endpoint::abort() noexcept {
  if (is_retired()) return;
  if (!std::exchange(closed_, true)) fail_pending();
  finish_close(failure_of(ErrorCode::closed));
}

void Endpoint::on_release() {
  if (!closed_) begin_close();
}

Result<void> Endpoint::close_read() {
  if (closed_) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  limit_reading(bytes_read_);
  const int result = shut_read();
  if (result < 0) return std::unexpected(error("close", -result));
  return {};
}

void Endpoint::finish_reading() noexcept {
  if (!closed_) limit_reading(bytes_read_ + unread());
}

void Endpoint::limit_reading(std::uint64_t limit) noexcept {
  read_limit_ = std::min(read_limit_, limit);
  if (bytes_read_ >= read_limit_) end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::eof));
}

Result<void> Endpoint::close_write() {
  if (closed_) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  if (std::exchange(write_closed_, true)) return {};
  end_pending(std::exchange(writer_, nullptr), EPIPE);
  flush_output_later();
  return {};
}

}  // namespace reactord
