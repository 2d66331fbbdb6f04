// BufferedReader: reads a connection by lines, by counts of bytes and by delimiters, all from one buffer. Go's bufio.Reader
// (https://pkg.go.dev/bufio#Reader).
//
//     buffer_ -->  +---------------------------+------------------------------+
//                  | given out by the last call| received and not asked for   | <-- Conn::read()
//                  +---------------------------+------------------------------+
//                    gone at the next call       buffered()
//
// A call that has what it needs in the buffer does not suspend and does not look at the connection: what was received before
// a close, a deadline or an error is given before it. A call that fails takes nothing: what has arrived by then stays for
// the next call, after a deadline as after an error. Each view is valid until the next call on the reader.
//
// Memory is bounded: by max_line for lines, by max_bytes for everything else, and the 64 KiB of one receive. An idle reader
// owns no storage. Calls allocate nothing of their own: a buffer's storage comes from the Reactor's pool.
//
// On a connection that a Server serves (StreamHandler), read_line() has that server's limits: max_line (unless another
// is given), long_lines, line_timeout while it waits for the rest of a line, and max_buffers. A line that is too long
// is answered "ERR line too long (max N)" once the handler has returned, if the handler has written nothing since its
// read failed. The log says line-too-long, or slow-line. The other calls have max_buffers and idle_timeout of the server
// alone: a handler that reads bytes sets its own deadlines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "reactord/conn.hpp"
#include "reactord/line_splitter.hpp"

namespace reactord {

class LineListener;
class ReadBytesOperation;
class ReadLineOperation;

class BufferedReader {
 public:
  static constexpr std::size_t default_max_bytes = 64 * 1024;
  static constexpr std::size_t most_max_bytes = LineSplitter::most_max_line;

  // The connection must outlive the reader; its Conn may be moved meanwhile. The default of `max_line` is that of the
  // server that serves `conn`, else LineSplitter::default_max_line. `max_bytes` is 1 to
  // most_max_bytes; an impossible value is taken as the nearest possible one.
  explicit BufferedReader(Conn& conn) noexcept;
  BufferedReader(Conn& conn, std::size_t max_line, std::size_t max_bytes = default_max_bytes) noexcept;
  BufferedReader(const BufferedReader&) = delete;
  BufferedReader& operator=(const BufferedReader&) = delete;
  ~BufferedReader();

  // Suspends until a line is complete. Result: the line without its end; at end of file the last line, although it has
  // none. Errors: those of Conn::read(); line_too_long, also at every further call, because the next line's beginning
  // is unknown. The server's long_lines may cut or discard a line that is too long instead.
  ReadLineOperation read_line() & noexcept;

  // Never suspends. Result: the line that read_line() would give from what has been received; empty where it would wait or
  // fail, or leave out a line that is too long first: it is to be called then. Many lines of one receive cost one await:
  //
  //     auto line = co_await lines.read_line();
  //     for (auto next = std::optional(*line); next; next = lines.next_line()) ...
  std::optional<std::string_view> next_line() noexcept;

  // Suspends until `count` bytes are there, and gives exactly those: Go's io.ReadFull. Zero bytes are there at once.
  // Errors: those of Conn::read(), eof only where no byte has come; unexpected_eof where the stream ends amid them;
  // buffer_full where `count` is more than max_bytes.
  ReadBytesOperation read_exactly(std::size_t count) & noexcept;

  // Suspends until `delimiter` has come. Result: the bytes up to it, and it too: Go's ReadSlice. Errors: as those of
  // read_exactly(), buffer_full where it does not come within max_bytes.
  ReadBytesOperation read_until(char delimiter) & noexcept;

  // Gives `count` bytes as read_exactly() does, and takes none of them: the next call gives them again. Errors: the same.
  ReadBytesOperation peek(std::size_t count) & noexcept;

  // Suspends until there is any byte. Result: what is there, 1 to `at_most` bytes: for a body of a known length, or one
  // that goes on to the end. Zero `at_most` gives nothing, at once. Errors: those of Conn::read().
  ReadBytesOperation read_some(std::size_t at_most = default_max_bytes) & noexcept;

  // The bytes that have been received and that no call has taken. What the last call gave is not among them, unless that
  // was peek(). Valid until the next call.
  std::string_view buffered() const noexcept { return buffer_.view().substr(taken_); }

  // Takes buffered() out of the reader, for whoever reads the connection from now on. The reader is empty then, and may go
  // on. Where a connection becomes encrypted (STARTTLS), bytes that came before the handshake must not count as text that
  // came after it: hand them to the cipher (as_transport()), or refuse a client that has sent any.
  Buffer take_rest() noexcept;

  // Moves buffered() into as little storage as holds it: for a handler that waits long before its next call, because a read
  // leaves room for 64 KiB, which counts for Limits::max_buffers. What the last call gave is gone.
  void shrink() noexcept;

  std::size_t max_line() const noexcept { return splitter_.max_line(); }
  std::size_t max_bytes() const noexcept { return max_bytes_; }

 private:
  friend class ReadBytesOperation;
  friend class ReadLineOperation;
  friend class LineListener;

  BufferedReader(Endpoint& endpoint, LineListener* lines, std::size_t max_line,
                 std::size_t max_bytes) noexcept;

  // The verbs of lines, in line_reader.cpp.
  LongLine long_lines() const noexcept;
  bool has_line() noexcept;
  bool leave_out_rest() noexcept;
  void cut_line() noexcept;
  Result<std::string_view> long_line();
  void waits() noexcept;  // starts the line timeout if a line has begun

  void drop_taken() noexcept { buffer_.consume(std::exchange(taken_, 0)); }
  void forget_line() noexcept;  // its beginning has been taken as bytes
  bool has_lent() const noexcept { return taken_ > 0 || peeked_; }
  void drop() noexcept;

  Endpoint& endpoint_;
  LineListener* lines_;  // belongs to the session that serves the connection; null when there is none
  BufferedReader* next_ = nullptr;
  Buffer buffer_;
  LineSplitter splitter_;
  bool cutting_ = false;  // set while the rest of a line is discarded
  bool peeked_ = false;   // set by peek(), until a call waits: the caller may be reading in the buffer
  std::uint32_t max_bytes_;
  std::size_t taken_ = 0;  // the number of bytes given out last, which go at the next call
};

// Reads until a line is complete: the coroutine is not resumed for half a line.
class [[nodiscard]] ReadLineOperation final : public ReadOperation {
 public:
  explicit ReadLineOperation(BufferedReader& reader) noexcept;
  bool await_ready() noexcept;
  Result<std::string_view> await_resume();

 private:
  static bool is_enough(ReadOperation& operation) noexcept;

  BufferedReader& reader_;
};

// Reads until there is what was asked for: the coroutine is not resumed for less.
class [[nodiscard]] ReadBytesOperation final : public ReadOperation {
 public:
  bool await_ready() noexcept;
  Result<std::string_view> await_resume();

 private:
  friend class BufferedReader;
  enum class Wanted : std::uint8_t {
    some,     // any byte, at most count_wanted_
    exactly,  // count_wanted_ bytes
    peeked,   // the same, which stay
    until,    // bytes up to delimiter_
  };

  ReadBytesOperation(BufferedReader& reader, Wanted wanted, std::size_t count, char delimiter) noexcept;
  static bool is_enough(ReadOperation& operation) noexcept;
  bool has_enough() noexcept;
  bool is_too_much() const noexcept;
  bool has_delimiter() noexcept;
  std::string_view give() noexcept;

  BufferedReader& reader_;
  // For `until`, the bytes up to the delimiter and it, once it is found; before, the bytes that were searched.
  std::size_t count_wanted_;
  Wanted wanted_;
  char delimiter_;
  bool found_ = false;  // the delimiter
};

inline ReadLineOperation BufferedReader::read_line() & noexcept { return ReadLineOperation(*this); }

}  // namespace reactord
