// ConnectionWalk: the open connections of a Server, in the order in which they began, some in each turn of the loop.
//
//     ConnectionWalk walk(server);
//     while (walk.next(256, [&](const OpenConnection& connection) { return print(connection), Fate::lives; }))
//       co_await reactor.next_turn();
//
//     1  2  .  4  5  6 | 7 8      a walk that began when 6 was the last one. 3 has ended; 7 and 8 are not shown
//     shown    ^ next
//
// A connection that is open during the whole walk is shown once. One that ends meanwhile may be left out. Each is shown as it
// is at that moment. What has been accepted and waits for its address's turn (limits.hpp) is no open connection yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "reactord/address.hpp"
#include "reactord/list.hpp"
#include "reactord/time.hpp"

namespace reactord {

class ConnectionTrace;
class Server;
class ServerCore;
class Session;
class SessionOrder;

// The state of a connection.
enum class ConnectionState : std::uint8_t {
  idle,     // it has had all its answers, and no line has begun
  in_line,  // a line has begun and not ended
  sending,  // output waits for a peer that does not take it
  stream,   // a StreamHandler serves it, and no output waits
  closing,  // it is being closed
};
inline constexpr std::size_t connection_states = 5;
std::string_view to_string(
    ConnectionState state) noexcept;  // "idle", "in-line", "sending", "stream", "closing"

// Valid during the call that it is given to.
struct OpenConnection {
  std::uint64_t number;  // ConnectionEnd::number of its end; each of a Server has another
  std::string_view protocol;
  const Address& remote;
  ConnectionState state;
  Duration age;     // since it was accepted
  Duration silent;  // since bytes came or went
  std::uint64_t lines, bytes_read, bytes_written;
  std::size_t buffered;  // bytes of memory that its buffers hold
  std::size_t unsent;    // bytes of output that wait for the peer
};

// The fate of a connection that was shown.
enum class Fate : std::uint8_t {
  lives,
  killed,  // it ends at once, by EndCause::killed: unsent bytes are dropped, and no further line is served
};

class ConnectionWalk {
 public:
  using Show = std::move_only_function<Fate(const OpenConnection&)>;

  explicit ConnectionWalk(Server& server) noexcept;  // `server` may end before it: the walk is over then
  ~ConnectionWalk();
  ConnectionWalk(const ConnectionWalk&) = delete;
  ConnectionWalk& operator=(const ConnectionWalk&) = delete;

  // Shows the next `most` connections. `show` must not call the server. False: there is none left.
  bool next(std::size_t most, Show& show);
  bool next(std::size_t most, Show&& show) { return next(most, show); }

  // The number of the connection that was the newest when the walk began: it shows none above it.
  std::uint64_t last() const noexcept { return last_; }

 private:
  friend class SessionOrder;
  friend class ConnectionTrace;
  friend class List<ConnectionWalk>;

  void stand_at(Session* session) noexcept;

  SessionOrder* order_;      // null when the server has gone
  Session* next_ = nullptr;  // null when it is over
  std::uint64_t last_;       // the number of the last connection that it shows
  // Is told when the session has ended at which the walk stays. Null: the walk goes on to the next one.
  ConnectionTrace* trace_ = nullptr;
  ListNode<ConnectionWalk> node_;  // among the walks of the server
};

}  // namespace reactord
