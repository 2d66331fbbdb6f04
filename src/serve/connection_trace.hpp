// ConnectionTrace: the bytes of one open connection of a Server, both ways, as they come and go.
//
//     searching --- it is there ---> attached --- on_end(cause) ---> ended
//         +-------- it is not -----> missing
//
//     ConnectionTrace trace(server, 7, tracer);
//     while (trace.search(128) == ConnectionTrace::State::searching) co_await reactor.next_turn();
//
// It begins with the next byte, in whatever state the connection is, and also where it closes already. What has been received
// or sent before, as a half line that waits for its end, is not told. The connection takes no notice: its bytes, counters and
// deadlines are as they would be, and its session may be replaced by another. A connection may have several traces, and costs
// nothing without one: see wire_tap.hpp for its bytes. Its end is found by the walks that stand at it (SessionOrder).
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/wire_tap.hpp"
#include "reactord/connection_walk.hpp"
#include "reactord/end_cause.hpp"

namespace reactord {

// Each call comes from amid the work of the connection: it must call neither that nor its Server, nor end its trace.
class ConnectionTracer : public WireTap {
 public:
  virtual void on_end(EndCause cause) noexcept = 0;  // its session has ended, and nothing follows

 protected:
  ~ConnectionTracer() = default;
};

class ConnectionTrace {
 public:
  enum class State : std::uint8_t {
    searching,  // the connection has not been found yet
    missing,    // there is none of that number
    attached,   // the tracer is told of its bytes
    ended,      // the connection has ended
  };

  // `tracer` must outlive it. `server` may end before it.
  ConnectionTrace(Server& server, std::uint64_t number, ConnectionTracer& tracer) noexcept;
  ~ConnectionTrace();
  ConnectionTrace(const ConnectionTrace&) = delete;
  ConnectionTrace& operator=(const ConnectionTrace&) = delete;

  // Looks at the next `most` connections, while it is searching. Throws std::bad_alloc: it is searching still.
  State search(std::size_t most);
  State state() const noexcept { return state_; }
  // While it is attached: the connection as it is now, valid until the next turn.
  OpenConnection connection() const noexcept;

 private:
  friend class SessionOrder;
  void session_ended(Session& session, EndCause cause) noexcept;

  ConnectionWalk walk_;  // attached: it stands at the session
  const std::uint64_t number_;
  ConnectionTracer& tracer_;
  State state_ = State::searching;
};

}  // namespace reactord
