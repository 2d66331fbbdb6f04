#include "net/endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/system.hpp"

namespace reactord {
namespace {

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
  std::string local = local_ || !is_retired() ? local_address().text() : std::string();
  return std::move(error).with_operation(operation, remote_.network(), std::move(local), remote_.text());
}

Address Endpoint::local_address() const {
  if (!local_) {
    if (is_retired()) return Address();
    local_ = std::make_unique<Address>(find_local_address());
  }
  return *local_;
}

// Counts bytes moved in this turn. False: the connection has had its share, the others are waiting.
bool Endpoint::spend(std::size_t count) noexcept {
  const auto turn = static_cast<std::uint32_t>(reactor().turns());
  if (budget_turn_ != turn) {
    budget_turn_ = turn;
    budget_spent_ = 0;
  }
  budget_spent_ += static_cast<std::uint32_t>(count);
  return budget_spent_ < Conn::bytes_per_turn;
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
    if (readable() && !spend(0)) {
      reactor().again(*this);
    } else if (readable() && continue_read(operation)) {
      return true;
    }
    reader_ = &operation;
    park(read_deadline_);
    return false;
  }
  return true;
}

inline ssize_t Endpoint::receive_some(std::span<char> room) noexcept {
  return fd() >= 0 ? system::receive(fd(), room.data(), room.size()) : receive(room.data(), room.size());
}

[[gnu::always_inline]] inline void Endpoint::count_received(std::size_t received, std::size_t room) noexcept {
  bytes_read_ += received;
  last_activity_ = reactor().now();
  if (received < room && !is_over()) [[likely]]
    not_readable();  // a short read has drained the socket: epoll(7)
}

// The same for an operation that takes its bytes where they arrive, in the reactor's scratch storage: it says
// how many it has taken, and how many more it wants (see ReadOperation::take_). Only what it leaves is
// copied, to its buffer.
[[gnu::always_inline]] inline bool Endpoint::continue_take(ReadOperation& operation) {
  if (!operation.buffer_->empty()) [[unlikely]]
    return continue_long_take(operation);
  char* const scratch = reactor().scratch();
  const ssize_t count = system::receive_once(fd(), scratch, Reactor::scratch_size);
  if (count <= 0) [[unlikely]]
    return keep_taking(operation, count, 0);
  const auto received = static_cast<std::size_t>(count);
  count_received(received, Reactor::scratch_size);
  const bool drained = !readable();
  const std::size_t taken = operation.take_(operation, std::string_view(scratch, received));
  if (taken == received && drained) [[likely]]
    return false;
  return keep_taking(operation, count, taken);
}

// After a take that left something to do: bytes to keep, more to read, a coroutine to resume; or that got no
// bytes.
bool Endpoint::keep_taking(ReadOperation& operation, ssize_t received, std::size_t taken) {
  if (received == -EINTR || fd() < 0) return continue_long_take(operation);
  if (received <= 0) return read_stopped(operation, received);
  std::string_view rest(reactor().scratch(), static_cast<std::size_t>(received));
  rest.remove_prefix(taken & ~ReadOperation::resume_bit);
  if (!rest.empty()) operation.buffer_->append(reactor().buffers(), rest);
  if ((taken & ReadOperation::resume_bit) != 0) return true;
  if (!readable()) return false;
  if (spend(static_cast<std::size_t>(received))) return continue_long_take(operation);
  reactor().again(*this);  // the budget is spent, and epoll will not tell us again
  return false;
}

// Takes from the operation's own buffer: bytes of a line begun earlier are in it. A long one is copied
// seldom, however it trickles in.
bool Endpoint::continue_long_take(ReadOperation& operation) {
  Buffer& held = *operation.buffer_;
  bool within_budget = true;
  do {
    const std::size_t before = held.size();
    const std::span<char> room =
        held.prepare(reactor().buffers(), before <= cheap_copy ? read_chunk - before : 1);
    const ssize_t count = receive_some(room);
    if (count <= 0) return read_stopped(operation, count);
    const auto received = static_cast<std::size_t>(count);
    count_received(received, room.size());
    within_budget = spend(received);
    held.commit(received);
    const std::size_t taken = operation.take_(operation, held.view());
    held.consume(taken & ~ReadOperation::resume_bit);
    if ((taken & ReadOperation::resume_bit) != 0) return true;
  } while (readable() && within_budget);
  held.shrink(reactor().buffers());
  if (readable()) reactor().again(*this);
  return false;
}

// Reads until the operation has enough, the socket is drained, or the turn's budget is spent.
bool Endpoint::continue_read(ReadOperation& operation) {
  if (operation.take_ != nullptr) return continue_take(operation);
  Buffer* buffer = operation.buffer_;
  bool within_budget = true;
  do {
    std::span<char> room = operation.into_;
    if (buffer != nullptr) {
      const std::size_t held = buffer->size();
      room = buffer->prepare(reactor().buffers(), held <= cheap_copy ? read_chunk - held : 1);
    }
    if (read_limit_ - bytes_read_ < room.size()) room = room.first(read_limit_ - bytes_read_);
    const ssize_t count = receive_some(room);
    if (count <= 0) return read_stopped(operation, count);
    const auto received = static_cast<std::size_t>(count);
    count_received(received, room.size());
    operation.count_ += received;
    if (buffer != nullptr) buffer->commit(received);
    within_budget = spend(received);
    if (operation.enough_ == nullptr || operation.enough_(operation)) return true;
  } while (readable() && bytes_read_ < read_limit_ && within_budget);
  if (buffer != nullptr) buffer->shrink(reactor().buffers());
  if (bytes_read_ >= read_limit_) {
    operation.failure_ = failure_of(ErrorCode::eof);
    return true;
  }
  if (readable()) reactor().again(*this);  // the budget is spent, and epoll will not tell us again
  return false;
}

// After a receive that gave no bytes.
bool Endpoint::read_stopped(ReadOperation& operation, ssize_t result) noexcept {
  if (operation.buffer_ != nullptr) operation.buffer_->consume(0);  // gives back storage that stayed empty
  if (result == -EAGAIN) {
    not_readable();
    if (operation.buffer_ != nullptr) operation.buffer_->shrink(reactor().buffers());
    return false;
  }
  if (result == 0 && write_failure_ == 0) {
    eof_ = true;
    operation.failure_ = failure_of(ErrorCode::eof);
    return true;
  }
  // A reset that our own send was first to hear of ends the input too, and it is not an orderly end.
  read_failure_ = result == 0 ? write_failure_ : static_cast<std::int16_t>(-result);
  operation.failure_ = read_failure_;
  return true;
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
    operation.failure_ = write_failure_ != 0 ? int{write_failure_} : EPIPE;
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
    within_budget = spend(sent);
    if (sent < offered) not_writable();
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
  if (sent >= 0) {
    bytes_written_ += static_cast<std::size_t>(sent);
    replies.consume(static_cast<std::size_t>(sent));
  } else {
    send_stopped(sent);
  }
  if (write_failure_ == 0) output_.append(reactor().buffers(), replies.view());
  replies.clear();
  send_output();
  return output_.empty();
}

inline void Endpoint::count_sent(std::size_t sent, std::size_t offered) noexcept {
  bytes_written_ += sent;
  last_activity_ = reactor().now();
  if (sent < offered) [[unlikely]]
    not_writable();
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
  ready_ |= ready;
  ReadOperation* reader = reader_;
  if (reader == nullptr || reader->take_ == nullptr || !output_.empty() || !readable()) [[unlikely]] {
    return become_ready();
  }
  if (continue_take(*reader)) [[unlikely]]
    std::exchange(reader_, nullptr)->handle.resume();
}

// Everything but the usual case, in which bytes have arrived for an operation that takes them.
void Endpoint::become_ready() {
  if (is_over()) ready_ |= readiness::readable | readiness::writable;  // the next call tells what it is
  if (closed_) return continue_close();
  if (writable() && (writer_ != nullptr || !output_.empty())) on_flush();
  if (!readable() || reader_ == nullptr) return;
  const bool complete = reader_->take_ != nullptr ? continue_take(*reader_) : continue_read(*reader_);
  if (complete) std::exchange(reader_, nullptr)->handle.resume();
}

// Arms the one timer at the earliest deadline that something waits for. Moving a deadline later costs
// nothing: the timer comes too early, sees that, and is armed anew.
inline void Endpoint::park(Time deadline) {
  if (deadline.is_never()) return;
  if (is_armed() && time_of_tick(expiry()) <= deadline) return;
  reactor().arm(*this, deadline);
}

void Endpoint::on_timer() {
  if (closed_ && lingering_) return linger_on();
  if (closed_) return finish_close(failure_of(ErrorCode::deadline_exceeded));
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
  reactor().resume_later(*operation, *this);
}

}  // namespace reactord
