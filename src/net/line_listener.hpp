// LineListener: who serves a connection whose lines are read. Readers ask it for the limits of a line, and tell it of lines
// that wait, end, or are too long.
//
//     BufferedReader --- a line waits, rests, ends, is too long ---> LineListener ---> what a server makes of it
//     BufferedReader <-- limits of a line; drop your buffer -------- LineListener
//
// It measures how long reads have waited for a line:
//
//     a line begins                      a deadline                     the rest comes
//        | a read waits for its rest        | nobody waits     | a read waits |
//        +---------- waited_before_ --------+                  +--------------+
//                                                         waiting_since_
#pragma once

#include <cstddef>

#include "net/endpoint.hpp"
#include "net/endpoint_listener.hpp"
#include "reactord/line_splitter.hpp"

namespace reactord {

class BufferedReader;

struct LineLimits {
  std::size_t max_line;
  LongLine long_lines;
};

class LineListener : public EndpointListener {
 public:
  LineListener(const LineListener&) = delete;
  LineListener& operator=(const LineListener&) = delete;

  // The listener that is told of the lines of this connection; null: none.
  static LineListener* of(const Endpoint& endpoint) noexcept {
    return endpoint.listener() == nullptr ? nullptr : endpoint.listener()->lines();
  }
  LineListener* lines() noexcept final { return this; }

  virtual LineLimits line_limits() const noexcept = 0;
  void add(BufferedReader& reader) noexcept;
  void remove(BufferedReader& reader) noexcept;

  // Called by readers. Time counts only while a read waits for the rest of a line.
  void line_waits() noexcept;
  void line_rests() noexcept;  // no read waits for the line any more
  void line_ended() noexcept {
    waiting_since_ = Time::never();
    waited_before_ = Duration{0};
  }
  virtual void on_line_too_long(std::size_t max_line) noexcept = 0;   // the reader delivers no further line
  virtual void on_line_truncated() noexcept = 0;                      // its beginning is delivered
  virtual void on_line_discarded(std::size_t max_line) noexcept = 0;  // the reader goes on behind it

 protected:
  explicit LineListener(Endpoint& endpoint) noexcept : endpoint_(endpoint) {}
  ~LineListener() = default;

  Endpoint& endpoint() const noexcept { return endpoint_; }
  std::size_t buffered() const noexcept;  // the bytes in the readers' buffers and in that of a pending read
  // Drops all of that but what was handed out, which its caller may still read.
  void drop() noexcept;

  bool waits_for_line() const noexcept { return !waiting_since_.is_never(); }
  // When the line would have begun if a read had waited for it without pause.
  Time line_began() const noexcept { return waiting_since_ + -waited_before_; }

 private:
  virtual void on_line_waits() noexcept = 0;  // a read begins to wait for the rest of a line

  Endpoint& endpoint_;
  BufferedReader* readers_ = nullptr;
  Time waiting_since_ = Time::never();
  Duration waited_before_{0};
};

}  // namespace reactord
