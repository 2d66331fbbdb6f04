// Server: listeners, handlers and live connections, within limits (limits.hpp) and with a graceful drain.
//
//     Reactor reactor;
//     Server server(reactor);
//     auto address = server.listen("127.0.0.1:9090", handler);
//     auto ran = reactor.run();                       // until the server has been drained
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "reactord/any_handler.hpp"
#include "reactord/end_cause.hpp"
#include "reactord/handler.hpp"
#include "reactord/limits.hpp"
#include "reactord/line_connection.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class ServerCore;

struct ConnectionEnd {
  std::uint64_t number;  // no other connection of the server has it; 0: it was never served, nor told why not
  std::string_view protocol;
  const Address& remote;
  EndCause cause;
  int error;  // the errno for reset and error, else 0
  // The option's name of the limit for over_limit and over_rate, such as "max-connections"; else empty.
  std::string_view limit;
  std::uint64_t lines, bytes_read, bytes_written;
  Duration duration;
  bool all_answered = true;  // true when no line had begun and the kernel had taken every answer
};

// A limit was reached, and no connection ended by it.
struct LimitReached {
  std::string_view limit;   // the name of its option: "max-connections", "accept-rate", "max-line"
  std::string_view action;  // "deferred", "truncated", "discarded"
  std::string_view protocol;
  const Address* remote;  // null when the limit defers all clients in the kernel's queue
};

// A handler has blocked the loop for longer than Limits::stall_threshold.
struct HandlerStall {
  std::string_view protocol;  // empty, with `remote` null, for work that belongs to no connection
  const Address* remote;
  Duration duration;
  std::uint64_t connection = 0;  // as ConnectionEnd::number; 0: of no connection
};

// An exception has left a handler. Its connection ends with EndCause::error.
struct HandlerFailure {
  std::string_view protocol;
  const Address& remote;
  std::string_view text;  // what() of a std::exception, else "unknown exception"
};

// The unfinished work of a Server: the number of connections in each state. A connection may count in several.
struct OpenWork {
  std::size_t half_lines = 0;  // a line has begun and not ended
  std::size_t unsent = 0;      // answers wait for a client that does not take them
  std::size_t streams = 0;     // a StreamHandler runs
};

using ListenerId = std::uint64_t;  // never 0

// The connections of one listener. Connections that wait for their address's turn, and rejected ones that linger, are open.
struct ListenerCounts {
  std::uint64_t accepted = 0;  // so far
  std::size_t open = 0;
};

// Receives the events of a Server, from the loop. It must not block or throw. Arguments are valid during the call. It
// may call its Server, and within a turn destroy it.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  // One more connection will be open when this returns; nothing was read from it yet.
  virtual void on_accepted() {}
  virtual void on_closed(const ConnectionEnd&) {}
  // Called at each such connection or line: an observer that logs it must bound the log.
  virtual void on_limit(const LimitReached&) {}
  virtual void on_stall(const HandlerStall&) {}
  virtual void on_handler_failed(const HandlerFailure&) {}
  virtual void on_wait_failed(const Error&) {}  // epoll_wait(2) has failed; the loop tries again
  virtual void on_accept_paused(const Error&, Duration) {}
  // The listener has failed and is closed: its address may be listened at again. The id is Server::listen()'s.
  virtual void on_listener_failed(ListenerId, const Error&) {}
  virtual void on_drained() {}  // the last connection has ended
};

struct ServerOptions {
  Limits limits = {};
  ServerObserver* observer = nullptr;  // must outlive the server
};

// It observes its Reactor for stalls and for memory that runs out. On a Reactor with several servers, the last one made
// does so.
class Server {
 public:
  static constexpr std::size_t lines_per_turn = 256;  // per connection, then the others have their turn
  // The number of rejected connections that may linger so that the client reads why. One more cuts the oldest short.
  // They count as open, and take none of the places of Limits::connections.
  static constexpr std::size_t rejections_at_once = 64;
  // The number of connections that may be accepted and not yet served, because of their address's limits.
  static constexpr std::size_t waiting_at_once = 1024;

  explicit Server(Reactor& reactor, ServerOptions options = {});  // `reactor` must outlive the server

  // Kills every connection and listener, and calls the observer no more. Outside a turn, if connections are still live,
  // it shuts the reactor down: when it returns, no handler runs. Within a turn (in a handler or on_drained(), say) it
  // returns at once, and the killed connections end in the turns that follow: no further line is delivered, but the
  // coroutine of a stream runs to its end, and its handler must live until then. After on_drained() no connection is
  // left.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves `handler`, a LineHandler, a StreamHandler or a LineConnectionFactory, at `address` from now on. It must
  // outlive the server. `protocol` is its name in the log; empty: AnyHandler::kind(). Result: the address, with the
  // port that the kernel chose. Errors: those of Address::parse() and reactord::listen().
  Result<Address> listen(std::string_view address, AnyHandler handler, std::string_view protocol = {});

  // Serves `handler` at an existing listener: an adopted one, or one made with its own options, whose on_pause is
  // called in place of on_accept_paused(). The server owns its deadline from now on: a deadline set before is cleared.
  // Result: the id for stop_listening().
  ListenerId listen(Listener listener, AnyHandler handler, std::string_view protocol = {});

  // Accepts the connections in the listener's kernel queue, as drain() does (none of an adopted listener), then closes
  // it. Open connections are served on. No effect on a listener that is closed already. It stays open while a limit
  // that defers keeps the server from accepting.
  void stop_listening(ListenerId id);

  // Undoes stop_listening(). False: the listener has closed, or there is none.
  bool resume_listening(ListenerId id);

  // As Listener::set_file(). Errors also: closed, when there is no such listener any more.
  Result<void> set_socket_file(ListenerId id, const SocketFileOptions& options);

  // As Listener::is_reachable(). Also false when there is no such listener any more.
  bool is_reachable(ListenerId id) const;

  // Serves `handler` at that listener from now on, in place of the former handler. Open connections keep the former
  // one. Result: the listener's new id; 0 when there is no such listener any more, because it has failed
  // (on_listener_failed) or was stopped: nothing is served then.
  ListenerId change_handler(ListenerId id, AnyHandler handler, std::string_view protocol = {});

  // Sets the limits from now on, also for open connections, which keep only their max_line: a connection that has been
  // silent for longer than the new idle timeout ends at once. A connection that waits for its address's turn waits
  // anew, and each address's rate begins anew.
  void set_limits(const Limits& limits);

  // Serves `handler` on one existing connection: dialled, adopted, or an end of a pipe, as in tests without a port. It
  // is counted and logged like an accepted one, also under limits on connections, but never rejected and never
  // deferred. While the server drains it is drained at once; after the drain, the drain's timeout begins anew; after a
  // kill it is killed. It is open when this returns, and its first line is served from the loop's own stack: so a
  // handler may call this.
  void serve(Conn conn, AnyHandler handler, std::string_view protocol = {});

  // Stops in order. Connections already in the kernel's queue are accepted, then the listeners close. Every line that
  // began before now is answered; an incomplete one may be completed within Limits::drain_line_timeout. Then each
  // connection ends with FIN.
  // A full server accepts queued connections as others end, but does not wait for the accept rate any more. A
  // connection that waits, or would have to wait, for its address's turn is ended unserved. After `timeout` the rest is
  // killed. The Reactor's run() returns when nothing else is left to run.
  void drain(Duration timeout);

  // Ends every connection and listener at once. Unsent bytes are dropped, and no further line is served.
  void kill();

  Reactor& reactor() const noexcept;  // the one it was made with
  bool is_draining() const noexcept;
  std::size_t open_connections() const noexcept;
  // The number of them that have been accepted and are not served yet, because of their address's limits.
  std::size_t waiting_connections() const noexcept;
  OpenWork open_work() const noexcept;  // walks over all connections
  // Says whether `handler` may be called yet: a listener serves it, or still accepts for it, or a connection of it is open
  // or waits for its turn. Walks over all of them.
  bool is_serving(AnyHandler handler) const noexcept;
  // The counts of a listener until it has closed; empty from then on, and when there is none. With another handler it
  // has another id, whose counts begin at zero. Connections of a former handler, of a listener that has closed, and
  // those given to serve() count for no listener, only for the server.
  std::optional<ListenerCounts> counts_of(ListenerId id) const noexcept;
  std::uint64_t accepted() const noexcept;
  std::uint64_t ended(EndCause cause) const noexcept;

  // Checks that every accepted connection is open or has ended by one cause, and every open one is known. For tests.
  bool check() const noexcept;

 private:
  friend class ConnectionWalk;
  WatchHandle<ServerCore> core_;
};

}  // namespace reactord
