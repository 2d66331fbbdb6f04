// ReadHalf: how a connection reads: into the caller's memory or Buffer, or from where the bytes arrive. It is a
// layer of an Endpoint (drawn in endpoint.hpp).
//
//     receive --+--> the caller's span or Buffer                         memory, buffer, until_enough
//               +--> the loop's scratch storage ---> the operation       take: it says how much it has taken
//                                        |
//                                        +-- what it leaves, half a line --> the operation's own Buffer
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/system.hpp"
#include "net/write_half.hpp"
#include "reactord/buffer.hpp"

namespace reactord {

class ReadHalf : public WriteHalf {
 public:
  // ---- For sessions.

  // The Buffer that a pending read fills. Null: none does.
  const Buffer* pending_input() const noexcept;
  // Gives back that Buffer's storage, with what lies in it.
  void drop_pending_input() noexcept;
  // Storage that `held`, the buffer of a read that hands its bytes over, will have when `rest` of them are not taken.
  static std::size_t capacity_left(const Buffer& held, std::size_t rest) noexcept;
  // Ends a pending read with interrupted; no effect where none is. For an owner that has something else to do.
  void interrupt_read() noexcept { end_read(failure_of(ErrorCode::interrupted)); }
  // Sets the deadline of the next read. No read may be pending.
  void set_next_read_deadline(Time deadline) noexcept {
    assert(reader_ == nullptr);
    read_deadline_ = deadline;
  }
  // Receives and forgets, up to 64 KiB: before an abort that shall be no reset.
  void forget_input() noexcept;

  // Makes the bytes of `held`, the last that were received, be received again. Empties it. Throws std::bad_alloc, and
  // changes nothing then.
  void put_back(Buffer& held);
  // The number of bytes received and not yet read.
  std::size_t unread() const noexcept {
    return unreceived() + (rare_ && rare_->detour ? rare_->detour->put_back.size() : 0);
  }

  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  int read_failure() const noexcept { return read_failure_; }
  bool has_eof() const noexcept { return eof_; }
  // True once the carrier has told of an error, such as a reset, whether anybody reads or not.
  bool has_error() const noexcept { return (ready_ & readiness::error) != 0; }

 protected:
  using WriteHalf::WriteHalf;

  // Returns true when the operation has completed. Otherwise it is pending.
  bool try_read(ReadOperation& operation);
  // Goes on with the pending read, when there is something to read.
  void read_on();
  // Does the same in the usual case: bytes have arrived at a TCP socket, nothing else is known of it, and the operation
  // takes them where they arrive.
  [[gnu::always_inline]] void take_arrived() {
    if (continue_take<true>(*reader_)) [[unlikely]]
      complete_read();
  }
  // Reads what is there, for an operation that is pending, or is given up if it does not complete. True when it has
  // completed.
  bool continue_read(ReadOperation& operation);
  // Ends the pending read, from within a call of the user.
  void end_read(int failure) noexcept { end_pending(std::exchange(reader_, nullptr), failure); }

  void set_read_deadline(Time deadline);
  // Resumes the pending read, if its time is over.
  void expire_read(Time now);

  // Reads give eof once `limit` bytes have been read. False: there is no memory for that.
  bool limit_reading(std::uint64_t limit) noexcept;
  bool reads_ended() const noexcept { return rare_ && bytes_read_ >= rare_->read_limit; }
  // Reads and forgets, so that no unread byte turns our close(2) into a reset that destroys the last reply on its way.
  // True when that has an end: the peer's, or Conn::linger_bytes, which counts once the peer has all of ours. Where there
  // is no memory for the count, the end is now.
  bool discard_input() noexcept;

 private:
  ssize_t receive_indirectly(std::span<char> room) noexcept override;
  ssize_t receive_by_detour(std::span<char> room) noexcept;
  template <bool Direct>
  bool continue_take(ReadOperation& operation);
  bool keep_taking(ReadOperation& operation, ssize_t received, std::size_t taken);
  bool continue_long_take(ReadOperation& operation);
  std::span<char> room_for(ReadOperation& operation);
  bool read_stopped(ReadOperation& operation, ssize_t result) noexcept;
  void count_received(std::size_t received, std::size_t room) noexcept;
  void complete_read();

 protected:
  bool eof_ = false;               // the peer's FIN has been read
  std::int16_t read_failure_ = 0;  // an errno: the connection is gone
  ReadOperation* reader_ = nullptr;
  Time read_deadline_ = Time::never();
  std::uint64_t bytes_read_ = 0;
};

// Takes bytes where they arrive, in the reactor's scratch storage: the operation says how many it has taken, and whether
// it is to be resumed (ReadOperation::take_). Only what it leaves is copied, to its buffer. Direct: by recv(2), and a
// short read drains. It is in this header because the path of every line goes through it.
template <bool Direct>
[[gnu::always_inline]] inline bool ReadHalf::continue_take(ReadOperation& operation) {
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

}  // namespace reactord
