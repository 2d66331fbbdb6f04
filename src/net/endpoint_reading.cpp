// How an Endpoint reads: what became ready, and the two ways to take it, into the caller's memory or where it
// arrives.
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint.hpp"

namespace reactord {
namespace {

// A read into a Buffer offers this much room; what is left of a line moves there if it is small.
constexpr std::size_t read_chunk = 64 * 1024;
constexpr std::size_t cheap_copy = 4 * 1024;

}  // namespace

bool Endpoint::begin_read(ReadOperation& operation) {
  try {
    return try_read(operation);
  } catch (const std::bad_alloc&) {
    // A handler may have ended it from within: then the loop has it in its queue.
    const bool is_queued = reader_ != &operation;
    reader_ = nullptr;
    run_out();
    if (is_queued) return false;
  }
  operation.failure_ = ENOMEM;
  return true;
}

bool Endpoint::try_read(ReadOperation& operation) {
  operation.failure_ = refusal(reader_, read_deadline_);
  if (operation.failure_ != 0) return true;
  if (reads_ended()) {
    operation.failure_ = failure_of(ErrorCode::eof);
  } else if (operation.kind_ != IoOperation::Kind::memory || operation.size_ > 0) {
    reader_ = &operation;
    if (readable() && !spend(0)) {
      reactor().again(*this);
    } else if (readable() && continue_read(operation) && reader_ != nullptr) {
      reader_ = nullptr;
      return true;
    }
    if (reader_ != nullptr) {
      park(read_deadline_);
      if (pending_input() != nullptr) tell_buffered();
    }
    return false;
  }
  return true;
}

const Buffer* Endpoint::pending_input() const noexcept {
  const bool fills = reader_ != nullptr && (reader_->kind_ == IoOperation::Kind::buffer ||
                                            reader_->kind_ == IoOperation::Kind::until_enough);
  return fills ? reader_->buffer_ : nullptr;
}

// They are appended to nothing, or shrunk.
std::size_t Endpoint::capacity_left(const Buffer& held, std::size_t rest) noexcept {
  if (rest == 0 || held.empty()) return Buffer::capacity_for(rest);
  return 2 * rest > held.capacity() / 4 ? held.capacity() : Buffer::capacity_for(2 * rest);
}

void Endpoint::drop_pending_input() noexcept {
  if (pending_input() != nullptr) reader_->buffer_->clear();
}

[[gnu::always_inline]] inline void Endpoint::count_received(std::size_t received, std::size_t room) noexcept {
  bytes_read_ += received;
  last_activity_ = reactor().now();
  if (received < room) [[likely]]
    note_short_read();
}

// The same for an operation that takes its bytes where they arrive, in the reactor's scratch storage: it says
// how many it has taken, and how many more it wants (see ReadOperation::take_). Only what it leaves is
// copied, to its buffer. Direct: by recv(2), and a short read drains.
template <bool Direct>
[[gnu::always_inline]] inline bool Endpoint::continue_take(ReadOperation& operation) {
  if (!operation.buffer_->empty()) [[unlikely]]
    return continue_long_take(operation);
  char* const scratch = reactor().scratch();
  const ssize_t count = Direct ? system::receive_once(fd(), scratch, Reactor::scratch_size)
                               : receive_some({scratch, Reactor::scratch_size});
  if (count <= 0) [[unlikely]]
    return keep_taking(operation, count, 0);
  const auto received = static_cast<std::size_t>(count);
  bytes_read_ += received;
  last_activity_ = reactor().now();
  if (received < Reactor::scratch_size) [[likely]]
    Direct ? not_readable() : note_short_read();
  const bool drained = !readable();
  const std::size_t taken = operation.take_(operation, std::string_view(scratch, received));
  if (taken == received && drained) [[likely]]
    return false;
  return keep_taking(operation, count, taken);
}

// After a take that left something to do: bytes to keep, more to read, a coroutine to resume; or that got no
// bytes.
bool Endpoint::keep_taking(ReadOperation& operation, ssize_t received, std::size_t taken) {
  if (received == -EINTR) return continue_long_take(operation);
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
  if (operation.kind_ == IoOperation::Kind::take) {
    // What is no socket takes within a delivery of another's, perhaps, which has the scratch storage.
    return is_socket_ ? continue_take<false>(operation) : continue_long_take(operation);
  }
  Buffer* buffer = operation.kind_ == IoOperation::Kind::memory ? nullptr : operation.buffer_;
  bool within_budget = true;
  do {
    std::span<char> room;
    if (buffer == nullptr) {
      room = {operation.bytes_, operation.size_};
    } else if (const std::size_t held = buffer->size(); held == Buffer::max_size) {
      operation.failure_ = ENOBUFS;
      return true;
    } else {
      room = buffer->prepare(reactor().buffers(), held <= cheap_copy ? read_chunk - held : 1);
    }
    if (has_read_limit_ && rare_->read_limit - bytes_read_ < room.size())
      room = room.first(rare_->read_limit - bytes_read_);
    const ssize_t count = receive_some(room);
    if (count <= 0) return read_stopped(operation, count);
    const auto received = static_cast<std::size_t>(count);
    count_received(received, room.size());
    operation.count_ += received;
    if (buffer != nullptr) buffer->commit(received);
    within_budget = spend(received);
    if (operation.kind_ != IoOperation::Kind::until_enough || operation.enough_(operation)) return true;
  } while (readable() && !reads_ended() && within_budget);
  if (buffer != nullptr) buffer->shrink(reactor().buffers());
  if (reads_ended()) {
    operation.failure_ = failure_of(ErrorCode::eof);
    return true;
  }
  if (readable()) reactor().again(*this);  // the budget is spent, and epoll will not tell us again
  return false;
}

// After a receive that gave no bytes.
bool Endpoint::read_stopped(ReadOperation& operation, ssize_t result) noexcept {
  const bool buffered = operation.kind_ != IoOperation::Kind::memory;
  if (buffered) operation.buffer_->consume(0);  // gives back storage that stayed empty
  if (result == -EAGAIN) {
    not_readable();
    if (buffered) operation.buffer_->shrink(reactor().buffers());
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

void Endpoint::on_ready(Readiness ready) {
  ready_ |= ready;
  try {
    serve_ready();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

[[gnu::always_inline]] inline void Endpoint::serve_ready() {
  ReadOperation* reader = reader_;
  constexpr Readiness usual = readiness::readable, unusual = read_on_bits | indirect;
  if (reader == nullptr || reader->kind_ != IoOperation::Kind::take || !output_.empty() ||
      (ready_ & (usual | unusual)) != usual) [[unlikely]] {
    return become_ready();
  }
  if (continue_take<true>(*reader)) [[unlikely]]
    complete_read();
}

// Everything but the usual case, in which bytes have arrived for an operation that takes them.
void Endpoint::become_ready() {
  if (is_over()) ready_ |= readiness::readable | readiness::writable;  // the next call tells what it is
  if (is_closed()) return continue_close();
  if (phase_ == Phase::connecting) return continue_connect();
  assert(phase_ == Phase::open);
  if (writable() && (writer_ != nullptr || !output_.empty() || write_closed_)) on_flush();
  if (reader_ == nullptr) return tell_ready();
  if (!readable()) return;
  if (continue_read(*reader_)) return complete_read();
  if (pending_input() != nullptr) tell_buffered();
}

// Unless the taker itself has closed the connection: then the read has failed, and is resumed by the queue.
void Endpoint::complete_read() {
  if (reader_ != nullptr) std::exchange(reader_, nullptr)->resume();
}

}  // namespace reactord
