// StreamLines: what the session of a stream has to do with the lines that its handler reads.
//
//     LineReader --- one comes to its end, waits, is too long ---> StreamLines ---> StreamSession: timer, log
//     LineReader <-- max_line, long_lines; give back what you hold --- StreamLines
//
// The limits of lines (limits.hpp) hold for them as for the lines of a line session: who reads raw bytes has none.
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

  // Of the session that serves this connection; null: none does, or it is not a stream's.
  static StreamLines* of(const Conn& conn) noexcept;

  virtual const Limits& limits() const noexcept = 0;
  void add(LineReader& reader) noexcept;
  void remove(LineReader& reader) noexcept;

  // What a reader tells. A line that has begun has its time while a read waits for the rest of it.
  void line_waits() noexcept;
  void line_rests() noexcept;  // nobody waits for it, for the time being
  void line_ended() noexcept;
  void line_is_too_long(std::size_t max_line) noexcept;  // and is to be the last one
  void line_is_truncated() noexcept;
  void line_is_discarded(std::size_t max_line) noexcept;

  void end_as(EndCause cause) noexcept { cause_ = cause; }  // what the handler says

 protected:
  explicit StreamLines(Endpoint& endpoint) noexcept : endpoint_(endpoint) {}
  ~StreamLines() = default;

  std::size_t buffered() const noexcept;  // in the readers' buffers, and in that of a pending read
  void drop() noexcept;     // all of that but a line that was handed out: the handler may look at it
  void answer_long_line();  // once the handler has returned, if it has not answered by itself

  bool waits_for_line() const noexcept { return !waiting_since_.is_never(); }
  Time line_began() const noexcept {
    return waiting_since_ + -waited_before_;
  }                                                // as if it had been waited for without pause
  std::optional<EndCause> cause() const noexcept;  // what handler and lines say

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
  std::size_t too_long_for_ = 0;  // the longest that would have been read; 0: none was longer
  std::uint64_t written_by_then_ = 0;
  std::optional<EndCause> cause_;
};

}  // namespace reactord
