// StreamLines: the line limits of a stream's session, for the lines that its handler reads.
//
//     LineReader --- a line ends, waits, is too long ---> StreamLines ---> StreamSession: timer, log
//     LineReader <-- max_line, long_lines; drop your buffer --- StreamLines
//
// The line limits (limits.hpp) hold for them as for those of a line session. A handler that reads raw bytes has none.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/endpoint.hpp"
#include "reactord/limits.hpp"
#include "reactord/server.hpp"

namespace reactord {

class LineReader;

class StreamLines : public EndpointListener {
 public:
  StreamLines(const StreamLines&) = delete;
  StreamLines& operator=(const StreamLines&) = delete;

  // The StreamLines of the session that serves this connection. Null when none does, or it is a line session.
  static StreamLines* of(const Conn& conn) noexcept;

  virtual const Limits& limits() const noexcept = 0;
  void add(LineReader& reader) noexcept;
  void remove(LineReader& reader) noexcept;

  // Called by readers. The line timeout runs only while a read waits for the rest of a line.
  void line_waits() noexcept;
  void line_rests() noexcept;  // no read waits for the line any more
  void line_ended() noexcept;
  void line_is_too_long(std::size_t max_line) noexcept;  // the reader delivers no further line
  void line_is_truncated() noexcept;
  void line_is_discarded(std::size_t max_line) noexcept;

  void end_as(EndCause cause) noexcept { cause_ = cause; }  // called by the handler

 protected:
  explicit StreamLines(Endpoint& endpoint) noexcept : endpoint_(endpoint) {}
  ~StreamLines() = default;

  std::size_t buffered() const noexcept;  // the bytes in the readers' buffers and in that of a pending read
  // Drops all of that but a line that was handed out, which the handler may still read.
  void drop() noexcept;
  void answer_long_line();  // called once the handler has returned; no effect if it has answered by itself

  bool waits_for_line() const noexcept { return !waiting_since_.is_never(); }
  // When the line would have begun if a read had waited for it without pause.
  Time line_began() const noexcept { return waiting_since_ + -waited_before_; }
  std::optional<EndCause> cause() const noexcept;  // set by the handler or by a line

 private:
  virtual void on_line_waits() noexcept = 0;
  virtual void on_line_cut(std::string_view action) noexcept = 0;
  virtual void on_overflow() noexcept = 0;
  virtual void on_no_memory() noexcept = 0;
  std::uint64_t written() const noexcept { return endpoint_.bytes_written() + endpoint_.unsent(); }

  Endpoint& endpoint_;
  LineReader* readers_ = nullptr;
  Time waiting_since_ = Time::never();
  Duration waited_before_{0};
  std::size_t too_long_for_ = 0;  // the max_line of the first line that was too long; 0: none was
  std::uint64_t written_by_then_ = 0;
  std::optional<EndCause> cause_;
};

}  // namespace reactord
