// Conn: one end of a byte stream. Go's net.Conn (https://pkg.go.dev/net#Conn) with awaited verbs.
//
// A Conn is a handle of one pointer: it moves, it does not copy, and letting go of it closes the connection.
//
//   * Every operation checks in this order: closed, busy, cancelled, deadline passed, then it tries. So a past deadline
//     fails at once even where data is ready, and loses none of it.
//   * At most one read and one write may be pending; a second one fails with busy.
//   * Deadlines are absolute and apply to the pending operation too. After a timeout the connection is as usable as
//     before; a later deadline revives it. Time::never() clears.
//   * Only the peer's orderly FIN gives eof. A broken connection is an error (Error::is_reset()), and bytes received
//     before it are delivered first.
//   * Writes are collected and sent once at the end of the turn; of many Conns some, and the others at the end of the
//     turns behind it. A write succeeds when its bytes have been taken over;
//     with more than `high_watermark` bytes unsent it suspends until `low_watermark` is left (backpressure).
//   * close() loses no byte that a write took over: it sends, ends the stream (FIN), reads and discards a little so
//     that no reset destroys the last reply, and only then closes the descriptor, all bounded in time. It keeps
//     Reactor::run() going meanwhile (an end of a pipe does not). A table in docs/semantics.md says what is guaranteed
//     about the last bytes at every kind of end.
//   * An urgent byte (MSG_OOB of send(2)) is left out of the stream, as by default; bytes behind it are read like all
//     others. Descriptors that a peer attaches (SCM_RIGHTS of unix(7)) are not taken: the kernel closes them.
//   * When memory runs out, the connection that needs it ends: pending operations fail with ENOMEM, later ones with
//     closed.
//
// Errors name the operation and both addresses: "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "reactord/address.hpp"
#include "reactord/buffer.hpp"
#include "reactord/error.hpp"
#include "reactord/io_operation.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class Context;
class Endpoint;

class Conn {
 public:
  static constexpr std::size_t high_watermark = 64 * 1024;  // bytes written and not yet sent
  static constexpr std::size_t low_watermark = 16 * 1024;
  static constexpr std::size_t bytes_per_turn = 256 * 1024;  // read or sent, then the others have their turn
  // The parts of one write that are sent in a turn: a part counts as at least its share of bytes_per_turn, an empty one
  // too.
  static constexpr std::size_t parts_per_turn = 4096;
  // After close(), unsent bytes are given up when the peer has acknowledged nothing for this long.
  static constexpr Duration send_timeout = 30s;
  // After our FIN, the peer has this long to end its side, and so many of its further bytes are discarded.
  static constexpr Duration linger_timeout = 2s;
  static constexpr std::size_t linger_bytes = 1024 * 1024;

  explicit Conn(WatchHandle<Endpoint> endpoint) noexcept;
  Conn(Conn&&) noexcept;
  Conn& operator=(Conn&&) noexcept;
  ~Conn();  // close()

  // Reads the bytes that are there, at most into.size(); suspends until there are some. The span's memory must live until
  // then. Result: the number of bytes, 0 only for an empty span (on a pipe() also where it met an empty write).
  // Errors: eof, closed, busy, cancelled, deadline_exceeded, system.
  ReadOperation read(std::span<char> into) & noexcept;

  // The same, appended to `into`, which borrows storage only once there are bytes. `into` must live until
  // then. Errors also: system (ENOBUFS) where it is full, see Buffer::max_size. A Server that runs out of buffer memory
  // (Limits::max_buffers) may empty it while the read waits; the read then fails with closed.
  ReadOperation read(Buffer& into) & noexcept;

  // Writes all of the parts, one after the other. The memory must live until the operation ends: a write of temporaries,
  // as in `co_await conn.write(std::to_string(7), "\n")`, can be awaited only in the statement that makes it.
  // Result: the number of bytes taken over, always all of them. Errors: closed, busy, cancelled,
  // deadline_exceeded, system; taken_over() of the named operation says how many bytes a failed write had handed on.
  template <typename... Parts>
  WriteOperationOf<Parts...> write(Parts&&... parts) & noexcept;

  // The same for any number of parts. Bytes that have been taken over leave the front of `parts`, so after a failure they
  // hold the rest. The span must live as long as the memory. Time is linear in the parts, and parts_per_turn bounds the
  // work of one turn. Go's net.Buffers.
  GatherOperation write_gathered(std::span<std::string_view> parts) & noexcept;

  // Suspends until every byte written is with the kernel. Errors as for write().
  WriteOperation<0> flush() & noexcept;

  // Sends the written bytes now, as many as the kernel takes, and not at the end of the turn: for turns that have so much
  // else to do that the peer would wait. A failure shows at the next read or write.
  void send_now() noexcept;

  // Suspends while more than low_watermark bytes are unsent. Errors as for write().
  WriteOperation<0> wait_writable() & noexcept;

  // Ends the connection as the head of this file says, in the background. Pending operations fail with
  // closed. Errors: closed, if it is.
  Result<void> close();

  // close(), if it is open, then suspends until the descriptor is closed. Errors: the cause that kept the last bytes from
  // being sent.
  FinishOperation finish() & noexcept;

  // Ends it now: unsent bytes are dropped. No effect on a closed one that is no longer lingering.
  void abort() noexcept;

  // The same, and a TCP peer is told that the connection is broken (RST), whatever it had sent: Go's SetLinger(0) and
  // Close(). What the kernel has not sent is lost. On a unix socket, a pipe or a transport it is abort().
  void reset() noexcept;

  Result<void> close_read();       // reads then give eof; bytes that still come are discarded at the end
  void finish_reading() noexcept;  // reads give the bytes received by now, then eof
  // Half-close: sends the written bytes, then FIN, and the peer reads eof. Later writes fail: EPIPE.
  Result<void> close_write();

  Result<void> set_deadline(Time deadline);  // sets both of the following
  Result<void> set_read_deadline(Time deadline);
  Result<void> set_write_deadline(Time deadline);

  // Once `context` is done, the pending read and write and all later ones fail with its code: cancelled ("operation
  // was canceled") or deadline_exceeded. It replaces an earlier context; null detaches, and a connection that was
  // cancelled is as usable as before. close(), finish() and abort() ignore it.
  void set_context(Context* context);

  bool is_closed()
      const noexcept;  // by close(), finish(), abort() or reset(), by a limit, or by the end of the Reactor

  Network network() const noexcept;  // the network that was requested when listening or dialling

  // The addresses of the two ends. Valid after close() too.
  Address local_addr() const;
  const Address& remote_addr() const noexcept;  // valid as long as the Conn

  // The socket, for system calls on its options (socket_options.hpp has the usual ones); -1 for a pipe, a transport and a
  // closed connection. It stays the connection's, which closes it: it is valid until the connection ends, by whomever.
  // Reading, writing, closing it, or making it blocking breaks the connection.
  int fd() const noexcept;

  Reactor& reactor() const noexcept;
  std::size_t unsent() const noexcept;           // bytes written and not yet with the kernel
  std::size_t unread() const noexcept;           // bytes received and not yet read, without an urgent byte
  std::uint64_t bytes_read() const noexcept;     // since the connection began
  std::uint64_t bytes_written() const noexcept;  // given to the kernel since the connection began
  Time last_activity() const noexcept;           // the turn in which bytes last moved, either way

 private:
  friend class Session;
  friend class BufferedReader;
  friend class StreamLines;
  friend class AsyncLines;
  friend class ConnTransport;
  friend class SocketOptions;
  WatchHandle<Endpoint> endpoint_;
};

template <typename... Parts>
WriteOperationOf<Parts...> Conn::write(Parts&&... parts) & noexcept {
  return {*endpoint_, PendingWrite::until_low, {std::string_view(parts)...}};
}

}  // namespace reactord
