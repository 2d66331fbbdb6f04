// Server: listeners, handlers and live connections, within limits (limits.hpp) and with a graceful drain.
//
//     Reactor reactor;
//     Server server(reactor);
//     auto address = server.listen("127.0.0.1:9090", handler);
//     auto ran = reactor.run();                       // until the server has been drained
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/handler.hpp"
#include "reactord/limits.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class Admission;
class Session;
class Service;
class BufferBudget;

// Why a connection ended.
enum class EndCause : std::uint8_t {
  eof,            // the peer finished, and everything it sent was answered
  finished,       // the protocol ended it
  reset,          // the peer broke it off
  idle,           // no complete line (of a stream: no byte either way) within the idle timeout
  slow_line,      // a line that began was not complete within the line timeout
  slow_reader,    // the peer took nothing of what waited for it within the write timeout, or too much waited
  lifetime,       // it had its time, and everything received before was answered
  line_too_long,  // the peer was told so
  over_limit,  // more connections, or more buffered bytes, than there may be; the peer was told so where it listens
  over_rate,  // more new connections in a second than there may be; the peer was told so
  drained,    // the server went down, everything received before was answered
  killed,     // the server went down at once, or the drain took too long
  error,      // something else, see ConnectionEnd::error
};
inline constexpr std::size_t end_causes = 13;
const char* to_string(EndCause cause) noexcept;  // as in the log: "slow-reader"

struct ConnectionEnd {
  std::string_view protocol;
  const Address& remote;
  EndCause cause;
  int error;  // errno behind reset and error, else 0
  std::string_view
      limit;  // behind over_limit and over_rate, as its option is named: "max-connections"; else empty
  std::uint64_t lines, bytes_read, bytes_written;
  Duration duration;
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

// Told of what happens, from the loop; must not block. What it is given is valid during the call.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  virtual void on_accepted() {}  // one more is open; called before anything is read from it
  virtual void on_closed(const ConnectionEnd&) {}
  virtual void on_limit(const LimitReached&) {
  }  // at each such connection or line: who logs it bounds the log
  virtual void on_stall(const HandlerStall&) {}
  virtual void on_wait_failed(const Error&) {}  // the kernel would not let the loop wait; it tries again
  virtual void on_accept_paused(const Error&, Duration) {}
  virtual void on_listener_failed(const Error&) {}  // this listener accepts no more
  virtual void on_drained() {}                      // the last connection has ended
};

struct ServerOptions {
  Limits limits = {};
  ServerObserver* observer = nullptr;  // must outlive the server
};

using ListenerId = std::uint64_t;

// Observes its Reactor, for the stalls, and keeps the buffers below Limits::max_buffers: of several servers on one
// Reactor, the last one made.
class Server final : Timer, ReactorObserver {
 public:
  static constexpr std::size_t lines_per_turn = 256;  // of one connection, then the others have their turn
  // Connections that were told of a limit and may linger, so that the client reads it: one more, and the oldest is cut
  // short. They count as open, and take none of the places of Limits::connections.
  static constexpr std::size_t rejections_at_once = 64;
  static constexpr std::size_t waiting_at_once =
      1024;  // accepted and not yet served, because of their address's limits

  explicit Server(Reactor& reactor, ServerOptions options = {});  // `reactor` must outlive the server
  ~Server();  // kills what is left; with connections still live, it shuts the reactor down
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

  // Serves `handler` at that listener from now on, in the place of what was served there; whoever is connected is
  // served on as before. Result: what it is known by now. `id` must be one that has not been stopped.
  ListenerId change_handler(ListenerId id, LineHandler& handler, std::string_view protocol = "line");
  ListenerId change_handler(ListenerId id, StreamHandler& handler, std::string_view protocol = "stream");

  // From now on these limits. Who is connected keeps max_line, and whether there is a lifetime, and a time that runs
  // runs to its end; everything else holds for all. Who waits for its address's turn waits anew; each address's rate
  // begins anew. Not to be called by a handler or an observer.
  void set_limits(const Limits& limits);

  // Serves `handler` on one connection that is there already: dialled, adopted, or an end of a pipe, as in tests
  // without a port. It is counted and logged like an accepted one, also where connections are limited, but never
  // rejected and never held back. While the server drains it is drained at once; after the drain, its timeout begins
  // anew; after a kill it is killed.
  void serve(Conn conn, LineHandler& handler, std::string_view protocol = "line");
  void serve(Conn conn, StreamHandler& handler, std::string_view protocol = "stream");

  // Stops in order: connections already in the kernel's queue are accepted, then the listeners close; every
  // line that began before now is answered, a half one may be completed; then each connection ends with FIN.
  // A full server accepts the queue's as others end, but does not wait for the accept rate any more. What waits, or
  // would have to wait, for its address's turn is ended unserved. After `timeout` the rest is killed. The Reactor's
  // run() returns when nothing else is left to run.
  void drain(Duration timeout);

  // Ends every connection and listener at once. Unsent bytes are dropped.
  void kill();

  bool is_draining() const noexcept { return draining_; }
  std::size_t open_connections() const noexcept { return open_; }
  std::uint64_t accepted() const noexcept { return accepted_; }
  std::uint64_t ended(EndCause cause) const noexcept { return ended_[static_cast<std::size_t>(cause)]; }

  // The books balance: every connection that was accepted is open or has ended, by one cause. For tests.
  bool check() const noexcept;

 private:
  friend class Admission;
  friend class Session;
  friend class Service;

  Result<Address> add_service(std::string_view address, LineHandler* lines, StreamHandler* stream,
                              std::string_view protocol);
  ListenerId add_service(Listener listener, LineHandler* lines, StreamHandler* stream,
                         std::string_view protocol);
  Listener take_listener(ListenerId id);
  void forget_unused_services();
  void count_places();  // each connection that takes one, with the admission
  Service& single_service(LineHandler* lines, StreamHandler* stream, std::string_view protocol);
  void admit(Service& service, Conn conn);
  void serve_given(Service& service, Conn conn);
  void begin_session(Service& service, Conn conn);  // of one that has been counted
  void on_timer() override { kill(); }
  void on_stall(const Watch* watch, Duration took) override;
  void on_wait_failed(const Error& error) override;
  void session_began(Session& session) noexcept;
  void session_ended(Session& session, EndCause cause);
  void report_drained();

  Reactor& reactor_;
  ServerOptions options_;
  Context context_;  // what every handler's hangs on: done at a drain
  std::unique_ptr<Admission> admission_;
  std::vector<std::unique_ptr<Service>> services_;
  Session* sessions_ = nullptr;  // the newest first
  const Session* queued_ =
      nullptr;  // the last that the loop has resumed from its queue, if it is still there
  std::uint64_t queued_dispatch_ = 0;
  Owned<BufferBudget> budget_;
  std::size_t open_ = 0;
  std::size_t accepting_ = 0;  // accept loops that run
  ListenerId last_listener_ = 0;
  std::uint64_t accepted_ = 0;
  std::array<std::uint64_t, end_causes> ended_{};
  Duration drain_timeout_{0};
  Time limits_changed_ = Time::from_nanoseconds(-1);  // before every session
  bool draining_ = false;
  bool killed_ = false;
  bool reported_ = false;
};

}  // namespace reactord
