// LineHandler, LineConnection and StreamHandler: the interfaces that a protocol implements.
//
//     LineHandler     complete lines in, replies out; one object serves every connection and keeps no state of any
//     LineConnection  the same with a memory: one object per connection (line_connection.hpp)
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

class StreamHandler;

// The output of a LineHandler. Valid only during the call it is given to: it can be neither copied nor moved, and a
// coroutine can't have one as a parameter. Writes to a Reply that was kept after the call are discarded.
class Reply {
 public:
  Reply(BufferPool& pool, Buffer& output, std::size_t limit = Conn::high_watermark) noexcept
      : pool_(pool), output_(&output), limit_(limit) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  // Appends every part to the connection's output buffer. Never suspends and never fails. The handler is given no
  // further line while more than Limits::output.high bytes wait for the peer (backpressure).
  template <typename... Parts>
  void write(const Parts&... parts) {
    output_->append(pool_, parts...);
  }

  void close() noexcept { limit_ = 0; }  // after this line, sends what was written, then ends the connection

  // After this line, sends what was written, then has `handler`, which must outlive the server, serve the rest of the
  // connection as bytes, beginning with the first one behind this line. The connection stays the same: it has one
  // lifetime, one line in the log, and the cause that `handler` ends it for. No effect after
  // close(), and in a last line without a newline. Bytes that have been received do not count for Limits::max_buffers until
  // they are read.
  void hand_over(StreamHandler& handler) noexcept {
    if (!is_closed()) next_ = &handler;
    close();
  }
  bool is_closed() const noexcept { return limit_ == 0; }

  // True when the output should be sent before the next line, or no line is to follow.
  bool is_full() const noexcept { return output_->size() >= limit_; }

 private:
  friend class Delivery;
  BufferPool& pool_;
  Buffer* output_;
  std::size_t limit_;
  StreamHandler* next_ = nullptr;  // serves the connection after this line; null: nobody
};

template <>
inline constexpr bool is_valid_during_call_only<Reply> = true;

// Sets the cause that the log gives for the end of a StreamHandler's connection, in place of `finished`, `eof`,
// `drained` or another cause that the server derives from a handler's return. A connection that the server or the
// kernel ended (a limit, a kill, a reset) keeps that cause. No effect on a Conn that no Server serves.
void end_as(Conn& conn, EndCause cause) noexcept;

class LineHandler {
 public:
  virtual ~LineHandler() = default;

  // Called for every line, without its end ("\n" or "\r\n"), in order. `line` and `reply` are valid during the call.
  // Must not block: it runs on the loop. It may call its Server: drain(), kill(), serve(), set_limits(), or the
  // destructor. After a kill it is given no further line. An exception that leaves it ends this connection alone, in
  // order, with EndCause::error.
  virtual void on_line(std::string_view line, Reply& reply) = 0;
};

class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // Serves one connection to its end. `conn` outlives the coroutine. When the coroutine returns, its output is sent and
  // the connection is closed in order. At a drain, reads give the bytes received before, then eof.
  //
  // `context` is done once the server drains, or this connection has been given up. Pass it to whatever else the
  // protocol waits for, as in `co_await context.sleep(1min)` or dial(). It does not end the operations of `conn`, so
  // answers can still be written; conn.set_context(&context) changes that. It outlives the coroutine too.
  //
  // A LineReader on `conn` has the server's line limits. Bytes that are read without one have none of them
  // (limits.hpp).
  //
  // An exception that leaves the coroutine ends this connection alone, in order, with EndCause::error.
  virtual Task<> serve(Conn& conn, Context& context) = 0;
};

}  // namespace reactord
