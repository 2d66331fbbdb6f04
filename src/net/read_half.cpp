#include "net/read_half.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace reactord {
namespace {

// A read into a Buffer offers this much room. What is left of a line moves there if it is small.
constexpr std::size_t read_chunk = 64 * 1024;
constexpr std::size_t cheap_copy = 4 * 1024;

}  // namespace

bool ReadHalf::try_read(ReadOperation& operation) {
  operation.failure_ = refusal(reader_, read_deadline_);
  if (operation.failure_ != 0) return true;
  if (reads_ended()) {
    operation.failure_ = failure_of(ErrorCode::eof);
  } else if (operation.kind_ != IoOperation::Kind::memory || operation.size_ > 0) {
    reader_ = &operation;
    if (readable() && !spend(0)) {
      reactor().serve_next_turn(*this);
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

const Buffer* ReadHalf::pending_input() const noexcept {
  const bool fills = reader_ != nullptr && (reader_->kind_ == IoOperation::Kind::buffer ||
                                            reader_->kind_ == IoOperation::Kind::until_enough);
  return fills ? reader_->buffer_ : nullptr;
}

// Bytes that are not taken are appended to nothing, or shrunk.
std::size_t ReadHalf::capacity_left(const Buffer& held, std::size_t rest) noexcept {
  if (rest == 0 || held.empty()) return Buffer::capacity_for(rest);
  return 2 * rest > held.capacity() / 4 ? held.capacity() : Buffer::capacity_for(2 * rest);
}

void ReadHalf::drop_pending_input() noexcept {
  if (pending_input() != nullptr) reader_->buffer_->clear();
}

[[gnu::always_inline]] inline void ReadHalf::count_received(std::size_t received, std::size_t room) noexcept {
  bytes_read_ += received;
  last_activity_ = reactor().now();
  if (received < room) [[likely]]
    note_short_read();
}

// Goes on after a take that left something to do: bytes to keep, more to read, a coroutine to resume; or that got no
// bytes.
bool ReadHalf::keep_taking(ReadOperation& operation, ssize_t received, std::size_t taken) {
  if (received == -EINTR) return continue_long_take(operation);
  if (received <= 0) return read_stopped(operation, received);
  std::string_view rest(reactor().scratch(), static_cast<std::size_t>(received));
  rest.remove_prefix(taken & ~ReadOperation::resume_bit);
  if (!rest.empty()) operation.buffer_->append(reactor().buffers(), rest);
  if ((taken & ReadOperation::resume_bit) != 0) return true;
  if (!readable()) return false;
  if (spend(static_cast<std::size_t>(received))) return continue_long_take(operation);
  reactor().serve_next_turn(*this);  // the budget is spent, and epoll will not tell us again
  return false;
}

// Takes from the operation's own buffer: bytes of a line begun earlier are in it. A long line is copied seldom, however
// it trickles in.
bool ReadHalf::continue_long_take(ReadOperation& operation) {
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
  if (readable()) reactor().serve_next_turn(*this);
  return false;
}

// Returns where the next bytes of a read into memory or a Buffer go: no more than the read limit allows.
std::span<char> ReadHalf::room_for(ReadOperation& operation) {
  assert(!reads_ended());
  std::span<char> room;
  if (operation.kind_ == IoOperation::Kind::memory) {
    room = {operation.bytes_, operation.size_};
  } else {
    const std::size_t held = operation.buffer_->size();
    room = operation.buffer_->prepare(reactor().buffers(), held <= cheap_copy ? read_chunk - held : 1);
  }
  if (!rare_) return room;
  return room.first(
      static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), rare_->read_limit - bytes_read_)));
}

// Reads until the operation has enough, the socket is drained, or the turn's budget is spent.
bool ReadHalf::continue_read(ReadOperation& operation) {
  if (operation.kind_ == IoOperation::Kind::take) {
    // A connection that is no socket may take within a delivery of another, which has the scratch storage.
    return is_socket() ? continue_take<false>(operation) : continue_long_take(operation);
  }
  Buffer* const buffer = operation.kind_ == IoOperation::Kind::memory ? nullptr : operation.buffer_;
  bool within_budget = true;
  do {
    if (buffer != nullptr && buffer->size() == Buffer::max_size) {
      operation.failure_ = ENOBUFS;
      return true;
    }
    const std::span<char> room = room_for(operation);
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
  if (readable()) reactor().serve_next_turn(*this);  // the budget is spent, and epoll will not tell us again
  return false;
}

// The socket may have been found empty before: what was put back makes it readable, and is no plain receive.
void ReadHalf::put_back(Buffer& held) {
  if (held.empty()) return;
  Buffer& kept = detour().put_back;
  assert(kept.empty());
  bytes_read_ -= held.size();
  kept.swap(held);
  choose_way();
  ready_ |= readiness::readable;
}

ssize_t ReadHalf::receive_indirectly(std::span<char> room) noexcept {
  if (!rare_ || !rare_->detour) return receive(room.data(), room.size());
  return receive_by_detour(room);
}

// Taps have been told of what was put back.
ssize_t ReadHalf::receive_by_detour(std::span<char> room) noexcept {
  Buffer& put_back = rare_->detour->put_back;
  if (put_back.empty()) {
    const ssize_t received = receive(room.data(), room.size());
    if (received > 0) tell_received({room.data(), static_cast<std::size_t>(received)});
    return received;
  }
  const std::string_view held = put_back.view().substr(0, room.size());
  const std::size_t count = held.copy(room.data(), room.size());
  put_back.consume(count);
  more_may_wait();
  if (put_back.empty()) choose_way();
  return static_cast<ssize_t>(count);
}

// Judges a receive that gave no bytes. True: the operation has completed.
bool ReadHalf::read_stopped(ReadOperation& operation, ssize_t result) noexcept {
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

void ReadHalf::read_on() {
  if (reader_ == nullptr || !readable()) return;
  if (continue_read(*reader_)) return complete_read();
  if (pending_input() != nullptr) tell_buffered();
}

void ReadHalf::set_read_deadline(Time deadline) {
  read_deadline_ = deadline;
  if (reader_ == nullptr) return;
  if (deadline <= reactor().now()) return end_read(failure_of(ErrorCode::deadline_exceeded));
  park(deadline);
}

void ReadHalf::expire_read(Time now) {
  if (reader_ == nullptr || read_deadline_ > now) return;
  reader_->failure_ = failure_of(ErrorCode::deadline_exceeded);
  std::exchange(reader_, nullptr)->resume();
}

// The taker itself may have closed the connection. Then the read has failed, and is resumed by the queue.
void ReadHalf::complete_read() {
  if (reader_ != nullptr) std::exchange(reader_, nullptr)->resume();
}

}  // namespace reactord
