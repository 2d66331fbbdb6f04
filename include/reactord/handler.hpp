// StreamHandler and LineHandler: all that the author of a protocol reads.
//
//     LineHandler     complete lines in, replies out; one object serves every connection and keeps nothing of any
//     StreamHandler   any byte protocol: one coroutine per connection, whose locals are its memory
//
// The Server around them does the rest: deadlines, limits, backpressure, draining, the log.
#pragma once

#include <string_view>

#include "reactord/buffer.hpp"
#include "reactord/conn.hpp"
#include "reactord/context.hpp"
#include "reactord/end_cause.hpp"
#include "reactord/task.hpp"

namespace reactord {

// What a LineHandler answers with. Valid only during the call it is given to: it can be neither copied nor moved, and a
// coroutine can't have one as a parameter. What is written to one that was kept all the same goes nowhere.
class Reply {
 public:
  Reply(BufferPool& pool, Buffer& output, std::size_t limit = Conn::high_watermark) noexcept
      : pool_(pool), output_(&output), limit_(limit) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  // Appends every part to the connection's output. Never suspends and never fails: what the peer does not
  // take waits, and the handler is given no further line while more than Limits::output.high bytes do.
  template <typename... Parts>
  void write(const Parts&... parts) {
    output_->append(pool_, parts...);
  }

  void close() noexcept { limit_ = 0; }  // after this line: send what was written, then end the connection
  bool is_closed() const noexcept { return limit_ == 0; }

  // Whether the bytes that wait should go out before the next line, or no line is to follow.
  bool is_full() const noexcept { return output_->size() >= limit_; }

 private:
  friend class Delivery;
  BufferPool& pool_;
  Buffer* output_;
  std::size_t limit_;
};

template <>
inline constexpr bool is_valid_during_call_only<Reply> = true;

// From within a StreamHandler: for the log, why the connection ends, in the place of `finished`, `eof`, `drained` or
// whatever else the server would say of a handler that has returned. What the server itself or the kernel ended (a limit,
// a kill, a reset) keeps its own cause. No effect on a Conn that no Server serves.
void end_as(Conn& conn, EndCause cause) noexcept;

class LineHandler {
 public:
  virtual ~LineHandler() = default;

  // Called for every line, without its end ("\n" or "\r\n"), in order. `line` and `reply` are valid during
  // the call. Must not block: it runs on the loop. It may call its Server: drain(), kill(), serve(), set_limits(), or
  // end it. After a kill it is given no further line. An exception that leaves it ends this connection, in order, with
  // EndCause::error, and no other.
  virtual void on_line(std::string_view line, Reply& reply) = 0;
};

class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // Serves one connection to its end. `conn` outlives the coroutine; when it returns, what it wrote is sent
  // and the connection is closed in order. At a drain, reads give what had been received, then eof.
  //
  // `context` is done once the server drains, or this connection has been given up: for whatever else the protocol
  // waits for, as in `co_await context.sleep(1min)` or dial(). The connection itself does not hang on it, so that
  // answers can still be written; who wants that calls conn.set_context(&context). It outlives the coroutine too.
  //
  // Lines are read with a LineReader: it has the server's limits of lines. Bytes that are read without one have none of
  // those (limits.hpp).
  //
  // An exception that leaves the coroutine ends this connection, in order, with EndCause::error, and no other.
  virtual Task<> serve(Conn& conn, Context& context) = 0;
};

}  // namespace reactord
