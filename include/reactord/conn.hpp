// Conn: one end of a byte stream. Go's net.Conn (https://pkg.go.dev/net#Conn) with awaited verbs.
//
// A Conn is a handle of one pointer: it moves, it does not copy, and letting go of it closes the connection.
//
//   * Every operation checks in this order: closed, busy, cancelled, deadline passed, then it tries. So a past deadline
//     fails at once even where data is ready, and loses none of it.
//   * At most one read and one write may be pending; a second one fails with busy.
//   * Deadlines are absolute and apply to the pending operation too. After a timeout the connection is as usable as
//     before; a later deadline revives it. Time::never() clears.
//   * eof is only what the peer's orderly FIN gives. A broken connection is an error (Error::is_reset()), and what was
//     received before it is delivered first.
//   * Writes are collected and sent once at the end of the turn. A write succeeds when its bytes have been taken over;
//     with more than `high_watermark` bytes unsent it suspends until `low_watermark` is left.
//   * close() loses nothing that a write took over: it sends, ends the stream (FIN), reads and discards a little so
//     that no reset destroys the last reply, and only then gives the descriptor back, all bounded in time. It keeps
//     Reactor::run() going meanwhile (an end of a pipe does not). docs/semantics.md has a table of what is guaranteed
//     about the last bytes at every kind of end.
//   * An urgent byte (MSG_OOB of send(2)) is left out of the stream, as by default; what comes behind it is read like
//     everything else. Descriptors that a peer attaches (SCM_RIGHTS of unix(7)) are not taken: the kernel closes them.
//
//   * Memory that runs out ends the connection it is needed for: what is pending fails with ENOMEM, later operations with
//     closed.
//
// Errors name the operation and both addresses: "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

#include "reactord/address.hpp"
#include "reactord/buffer.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class Context;
class Endpoint;
class ReadOperation;
class PendingWrite;
class FinishOperation;
class GatherOperation;
template <std::size_t Count>
class WriteOperation;
template <std::size_t Count>
class WriteOfTemporaries;

namespace detail {

// A part of a write whose bytes are gone at the end of the statement, as those of std::to_string(7).
template <typename Part>
inline constexpr bool is_temporary = !std::is_lvalue_reference_v<Part> && !std::is_pointer_v<Part> &&
                                     !std::ranges::enable_borrowed_range<std::remove_cv_t<Part>>;

}  // namespace detail

template <typename... Parts>
using WriteOperationOf =
    std::conditional_t<(detail::is_temporary<Parts> || ...), WriteOfTemporaries<sizeof...(Parts)>,
                       WriteOperation<sizeof...(Parts)>>;

class Conn {
 public:
  static constexpr std::size_t high_watermark = 64 * 1024;  // bytes written and not yet sent
  static constexpr std::size_t low_watermark = 16 * 1024;
  static constexpr std::size_t bytes_per_turn = 256 * 1024;  // read or sent, then the others have their turn
  // The parts of one write that are sent in a turn: a part counts as at least its share of bytes_per_turn, an empty one too.
  static constexpr std::size_t parts_per_turn = 4096;
  static constexpr Duration send_timeout =
      30s;  // after close(): while the peer acknowledges nothing; then the unsent bytes are given up
  static constexpr Duration linger_timeout = 2s;  // after our FIN: how long the peer may take to end its side
  static constexpr std::size_t linger_bytes =
      1024 * 1024;  // and how much of what it still sends is discarded

  explicit Conn(Owned<Endpoint> endpoint) noexcept;
  Conn(Conn&&) noexcept;
  Conn& operator=(Conn&&) noexcept;
  ~Conn();  // close()

  // Reads what is there, at most into.size() bytes; suspends until something is. The span's memory must live
  // until then. Result: how many bytes, 0 only for an empty span (on a pipe() also where it met an empty write).
  // Errors: eof, closed, busy, cancelled, deadline_exceeded, system.
  ReadOperation read(std::span<char> into) & noexcept;

  // The same, appended to `into`, which borrows storage only once there are bytes. `into` must live until
  // then. Errors also: system (ENOBUFS) where it is full, see Buffer::max_size. A Server that runs out of buffer memory
  // (Limits::max_buffers) may empty it while the read waits; that then fails with closed.
  ReadOperation read(Buffer& into) & noexcept;

  // Writes all of the parts, one after the other. The memory must live until the operation ends: one that is given
  // temporaries, as in `co_await conn.write(std::to_string(7), "\n")`, can be awaited where it is made only.
  // Result: the number of bytes taken over, always all of them. Errors: closed, busy, cancelled,
  // deadline_exceeded, system; taken_over() of the named operation tells how many bytes a failed one had handed on.
  template <typename... Parts>
  WriteOperationOf<Parts...> write(Parts&&... parts) & noexcept;

  // The same for any number of parts. What has been taken over leaves the front of `parts`, so after a failure they
  // hold what is left. The span must live as long as the memory. Time is linear in the parts, and what one turn does
  // is bounded by parts_per_turn. Go's net.Buffers.
  GatherOperation write_gathered(std::span<std::string_view> parts) & noexcept;

  // Suspends until every byte written is with the kernel. Errors as for write().
  WriteOperation<0> flush() & noexcept;

  // Sends what was written now, as much as the kernel takes, not at the end of the turn: where a turn has so much else
  // to do that the peer would wait. A failure shows at the next read or write.
  void send_now() noexcept;

  // Suspends while more than low_watermark bytes are unsent. Errors as for write().
  WriteOperation<0> wait_writable() & noexcept;

  // Ends the connection as the head of this file says, in the background. Pending operations fail with
  // closed. Errors: closed, if it is.
  Result<void> close();

  // close(), if it is open, and suspends until the descriptor is given back. Errors: what kept the last bytes
  // from being sent.
  FinishOperation finish() & noexcept;

  // Ends it now: unsent bytes are dropped. No effect on a closed one that is no longer lingering.
  void abort() noexcept;

  Result<void> close_read();       // reads then give eof; what still comes is discarded at the end
  void finish_reading() noexcept;  // reads give what has been received by now, then eof
  // Sends what was written, then FIN: the peer reads eof. Writes then fail: EPIPE.
  Result<void> close_write();

  Result<void> set_deadline(Time deadline);  // both of the following
  Result<void> set_read_deadline(Time deadline);
  Result<void> set_write_deadline(Time deadline);

  // Once `context` is done, the pending read and write and all later ones fail with its code: cancelled ("operation
  // was canceled") or deadline_exceeded. It takes the place of an earlier one; null detaches, and a connection that
  // was cancelled is as usable as before. close() and its kin take no notice of it.
  void set_context(Context* context);

  Network network() const noexcept;  // as it was asked for when listening or dialling

  // Where the two ends sit. Valid after close() too.
  Address local_addr() const;
  const Address& remote_addr() const noexcept;  // valid as long as the Conn

  Reactor& reactor() const noexcept;
  std::size_t unsent() const noexcept;           // bytes written and not yet with the kernel
  std::size_t unread() const noexcept;           // bytes received and not yet read; an urgent byte is none
  std::uint64_t bytes_read() const noexcept;     // since the connection began
  std::uint64_t bytes_written() const noexcept;  // given to the kernel since the connection began
  Time last_activity() const noexcept;           // the turn in which bytes last moved, either way

 private:
  friend class Session;
  friend class LineReader;
  friend class StreamLines;
  friend class ConnTransport;
  Owned<Endpoint> endpoint_;
};

// What Conn::read() and its kin return: to be awaited, once, by the coroutine that made it. Each refers to the connection
// (no verb can be called on a temporary Conn, which would be closed by then), and is a node that the connection points
// to while its coroutine is suspended.
class IoOperation : public Resumable {
 public:
  explicit IoOperation(Endpoint& endpoint) noexcept : endpoint_(endpoint) {}
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wake(waiter); }
  int failure() const noexcept { return failure_; }  // 0: none; above: an errno; below: failure_of() a code
 protected:
  friend class Endpoint;
  friend class PipeEndpoint;
  Result<std::size_t> result(const char* operation) const;

  Endpoint& endpoint_;
  // Where a read puts its bytes.
  enum class Kind : std::uint8_t { memory, buffer, until_enough, take };

  std::size_t count_ = 0;  // bytes moved
  int failure_ = 0;
  Kind kind_ = Kind::memory;
};

constexpr int failure_of(ErrorCode code) noexcept { return -static_cast<int>(code); }

class [[nodiscard]] ReadOperation : public IoOperation {
 public:
  static constexpr std::size_t resume_bit = ~(~std::size_t{0} >> 1);

  ReadOperation(Endpoint& endpoint, std::span<char> into) noexcept
      : IoOperation(endpoint), bytes_(into.data()), size_(into.size()) {}
  ReadOperation(Endpoint& endpoint, Buffer& into) noexcept : IoOperation(endpoint), buffer_(&into), size_(1) {
    kind_ = Kind::buffer;
  }
  bool await_ready() noexcept;
  Result<std::size_t> await_resume() const { return result("read"); }

 protected:
  friend class Endpoint;

  friend class PipeEndpoint;

  // Told after each piece; true: it is enough, resume.
  using Enough = bool (*)(ReadOperation&) noexcept;
  // Handed the bytes where they arrive; says how many it has taken off their front, with resume_bit: and that
  // its waiter is to be resumed. What it leaves waits in the buffer.
  using Take = std::size_t (*)(ReadOperation&, std::string_view bytes) noexcept;

  ReadOperation(Endpoint& endpoint, Buffer& into, Enough enough) noexcept
      : IoOperation(endpoint), buffer_(&into), enough_(enough) {
    kind_ = Kind::until_enough;
  }
  ReadOperation(Endpoint& endpoint, Buffer& into, Take take) noexcept
      : IoOperation(endpoint), buffer_(&into), take_(take) {
    kind_ = Kind::take;
  }

  union {
    char* bytes_;     // of memory
    Buffer* buffer_;  // of the other kinds
  };
  union {
    std::size_t size_;  // of memory; 1 for buffer
    Enough enough_;
    Take take_;
  };
};

class PendingWrite : public IoOperation {
 public:
  PendingWrite(Endpoint& endpoint, std::string_view* parts, std::size_t count,
               std::size_t until_unsent) noexcept
      : IoOperation(endpoint),
        parts_(parts),
        part_count_(static_cast<std::uint32_t>(count)),
        until_unsent_(static_cast<std::uint32_t>(until_unsent)) {}
  bool await_ready() noexcept;
  Result<std::size_t> await_resume() const { return result("write"); }
  std::size_t taken_over() const noexcept { return count_; }

  // As a limit: that of the connection, Conn::low_watermark where nothing else was set.
  static constexpr std::uint32_t until_low = 0xffff'ffff;

 protected:
  friend class Endpoint;
  friend class PipeEndpoint;
  void drop_part() noexcept {
    *parts_++ = {};
    --part_count_;
  }
  void drop_sent(std::size_t count, std::size_t most_parts) noexcept;
  std::size_t left(std::size_t limit) const noexcept;
  std::string_view* parts_;
  std::uint32_t part_count_;
  std::uint32_t until_unsent_;  // complete once no more than this is left
};

template <std::size_t Count>
class [[nodiscard]] WriteOperation final : public PendingWrite {
 public:
  using Parts = std::array<std::string_view, Count>;
  WriteOperation(Endpoint& endpoint, std::size_t until_unsent, const Parts& parts) noexcept
      : PendingWrite(endpoint, nullptr, Count, until_unsent), storage_(parts) {
    parts_ = storage_.data();
  }
  WriteOperation(const WriteOperation&) = delete;

 private:
  Parts storage_;
};

// A write whose parts are gone at the end of the statement, so it must be awaited in that. It is no awaitable once it has
// a name, and neither moves nor copies.
template <std::size_t Count>
class [[nodiscard]] WriteOfTemporaries {
 public:
  using Parts = typename WriteOperation<Count>::Parts;
  WriteOfTemporaries(Endpoint& endpoint, std::size_t until_unsent, const Parts& parts) noexcept
      : endpoint_(endpoint), until_unsent_(until_unsent), parts_(parts) {}
  WriteOfTemporaries(const WriteOfTemporaries&) = delete;

  friend WriteOperation<Count> operator co_await(WriteOfTemporaries write) noexcept {
    return {write.endpoint_, write.until_unsent_, write.parts_};
  }

 private:
  Endpoint& endpoint_;
  std::size_t until_unsent_;
  Parts parts_;
};

class [[nodiscard]] GatherOperation final : public PendingWrite {
 public:
  GatherOperation(Endpoint& endpoint, std::size_t until_unsent, std::span<std::string_view> parts) noexcept
      : PendingWrite(endpoint, parts.data(), parts.size(), until_unsent) {}
};

// For the makers of connections: connects an endpoint that has just been made. Result: an errno, or a code by
// failure_of(); 0 once there is a connection.
class [[nodiscard]] ConnectOperation final : public PendingWrite {
 public:
  explicit ConnectOperation(Endpoint& endpoint) noexcept : PendingWrite(endpoint, nullptr, 0, 0) {}
  bool await_ready() noexcept;
  int await_resume() const noexcept { return failure_; }
};

class [[nodiscard]] FinishOperation final : public PendingWrite {
 public:
  explicit FinishOperation(Endpoint& endpoint) noexcept : PendingWrite(endpoint, nullptr, 0, 0) {}
  bool await_ready() noexcept;
  Result<void> await_resume() const;
};

template <typename... Parts>
WriteOperationOf<Parts...> Conn::write(Parts&&... parts) & noexcept {
  return {*endpoint_, PendingWrite::until_low, {std::string_view(parts)...}};
}

}  // namespace reactord
