// Server: listeners, handlers and live connections, within limits (limits.hpp) and with a graceful drain.
//
//     Reactor reactor;
//     Server server(reactor);
//     auto address = server.listen("127.0.0.1:9090", handler);
//     auto ran = reactor.run();                       // until the server has been drained
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reactord/end_cause.hpp"
#include "reactord/handler.hpp"
#include "reactord/limits.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class ServerCore;

struct ConnectionEnd {
  std::string_view protocol;
  const Address& remote;
  EndCause cause;
  int error;  // errno behind reset and error, else 0
  std::string_view
      limit;  // behind over_limit and over_rate, as its option is named: "max-connections"; else empty
  std::uint64_t lines, bytes_read, bytes_written;
  Duration duration;
  bool all_answered = true;  // no line had begun, and the kernel had taken every answer
};

// A limit was reached, and nobody's connection ended by it.
struct LimitReached {
  std::string_view limit;   // as its option is named: "max-connections", "accept-rate", "max-line"
  std::string_view action;  // "deferred", "truncated", "discarded"
  std::string_view protocol;
  const Address* remote;  // null: the kernel's queue waits, whoever is in it
};

// A handler has held the loop for longer than Limits::stall_threshold.
struct HandlerStall {
  std::string_view protocol;  // empty, and `remote` null: of work that belongs to no connection
  const Address* remote;
  Duration duration;
};

// An exception has left a handler. Its connection ends with EndCause::error.
struct HandlerFailure {
  std::string_view protocol;
  const Address& remote;
  std::string_view text;  // what() of a std::exception, else "unknown exception"
};

// What the open connections of a Server have to do yet. One may count in several.
struct OpenWork {
  std::size_t half_lines = 0;  // a line has begun and not ended
  std::size_t unsent = 0;      // answers wait for a client that does not take them
  std::size_t streams = 0;     // a StreamHandler runs
};

using ListenerId = std::uint64_t;  // never 0

// Told of what happens, from the loop; must not block or throw. What it is given is valid during the call. It may call its
// Server, and within a turn end it.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  virtual void on_accepted() {}  // one more will be open when this returns; nothing was read from it yet
  virtual void on_closed(const ConnectionEnd&) {}
  virtual void on_limit(const LimitReached&) {
  }  // at each such connection or line: who logs it bounds the log
  virtual void on_stall(const HandlerStall&) {}
  virtual void on_handler_failed(const HandlerFailure&) {}
  virtual void on_wait_failed(const Error&) {}  // the kernel would not let the loop wait; it tries again
  virtual void on_accept_paused(const Error&, Duration) {}
  // This listener has failed and is closed: its address may be listened at anew. The id is Server::listen()'s.
  virtual void on_listener_failed(ListenerId, const Error&) {}
  virtual void on_drained() {}  // the last connection has ended
};

struct ServerOptions {
  Limits limits = {};
  ServerObserver* observer = nullptr;  // must outlive the server
};

// Observes its Reactor, for the stalls and for memory that runs out: of several servers on one Reactor, the last one made.
class Server {
 public:
  static constexpr std::size_t lines_per_turn = 256;  // of one connection, then the others have their turn
  // Connections that were told of a limit and may linger, so that the client reads it: one more, and the oldest is cut
  // short. They count as open, and take none of the places of Limits::connections.
  static constexpr std::size_t rejections_at_once = 64;
  static constexpr std::size_t waiting_at_once =
      1024;  // accepted and not yet served, because of their address's limits

  explicit Server(Reactor& reactor, ServerOptions options = {});  // `reactor` must outlive the server

  // Kills what is left, and tells the observer of nothing any more. With connections still live it shuts the reactor
  // down: when it returns, no handler runs. From within a turn, a handler or on_drained() perhaps, it returns at once,
  // and what it killed ends in the turns that follow: no line is delivered any more, but the coroutine of a stream
  // runs to its end, and its handler must live until then. After on_drained() nothing is left.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves `handler` at `address` from now on; both live as long as the server. `protocol` names it in the
  // log. Result: the address, with the port the kernel chose. Errors: those of Address::parse() and
  // reactord::listen().
  Result<Address> listen(std::string_view address, LineHandler& handler, std::string_view protocol = "line");
  Result<Address> listen(std::string_view address, StreamHandler& handler,
                         std::string_view protocol = "stream");

  // Serves `handler` at a listener that is there already: an adopted one, or one made with options of its own, which
  // say too who is told of its pauses. Its deadline is the server's from here on: one that was set is cleared. Result:
  // what stop_listening() knows it by.
  ListenerId listen(Listener listener, LineHandler& handler, std::string_view protocol = "line");
  ListenerId listen(Listener listener, StreamHandler& handler, std::string_view protocol = "stream");

  // Accepts what is in that listener's queue in the kernel, as drain() does (nothing of an adopted one), then closes it.
  // Whoever is connected is served on. No effect on one that is closed already. While a limit that defers keeps the
  // server from accepting, it stays open.
  void stop_listening(ListenerId id);

  // Takes stop_listening() back. False: too late, that listener has closed, or there is none.
  bool resume_listening(ListenerId id);

  // As Listener::set_file(). Errors also: closed, where there is no such listener any more.
  Result<void> set_socket_file(ListenerId id, const SocketFileOptions& options);

  // As Listener::is_reachable(). False, too, where there is no such listener any more.
  bool is_reachable(ListenerId id) const;

  // Serves `handler` at that listener from now on, in the place of what was served there; whoever is connected is
  // served on as before. Result: what it is known by now; 0 where there is no such listener any more, because it has
  // failed (on_listener_failed) or was stopped: nothing is served then.
  ListenerId change_handler(ListenerId id, LineHandler& handler, std::string_view protocol = "line");
  ListenerId change_handler(ListenerId id, StreamHandler& handler, std::string_view protocol = "stream");

  // These limits hold from now on, for those who are connected too, who keep their max_line alone: a connection that has
  // been silent for longer than the idle timeout allows by now ends at once. A connection that waits for its address's turn
  // waits anew; each address's rate begins anew.
  void set_limits(const Limits& limits);

  // Serves `handler` on one connection that is there already: dialled, adopted, or an end of a pipe, as in tests
  // without a port. It is counted and logged like an accepted one, also where connections are limited, but never
  // rejected and never held back. While the server drains it is drained at once; after the drain, its timeout begins
  // anew; after a kill it is killed. It is open when this returns, and its first line is served from the loop's own
  // stack: so a handler may call this.
  void serve(Conn conn, LineHandler& handler, std::string_view protocol = "line");
  void serve(Conn conn, StreamHandler& handler, std::string_view protocol = "stream");

  // Stops in order: connections already in the kernel's queue are accepted, then the listeners close; every
  // line that began before now is answered, a half one may be completed within Limits::drain_line_timeout; then each
  // connection ends with FIN.
  // A full server accepts the queue's as others end, but does not wait for the accept rate any more. What waits, or
  // would have to wait, for its address's turn is ended unserved. After `timeout` the rest is killed. The Reactor's
  // run() returns when nothing else is left to run.
  void drain(Duration timeout);

  // Ends every connection and listener at once. Unsent bytes are dropped, and no further line is served.
  void kill();

  bool is_draining() const noexcept;
  std::size_t open_connections() const noexcept;
  OpenWork open_work() const noexcept;  // walks over all connections
  std::uint64_t accepted() const noexcept;
  std::uint64_t ended(EndCause cause) const noexcept;

  // The books balance: every connection that was accepted is open or has ended, by one cause, and every open one is
  // known. For tests.
  bool check() const noexcept;

 private:
  Owned<ServerCore> core_;
};

}  // namespace reactord
