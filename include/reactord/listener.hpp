// Listener: accepts connections. Go's net.Listener.
//
//     auto listener = listen(reactor, "tcp", "127.0.0.1:0");
//     auto conn = co_await listener->accept();
//
// accept() never gives an error that trying again mends. A connection that was gone before it could be accepted is
// skipped. When descriptors or memory, the kernel's or ours, have run out, the listener pauses (5 ms, doubling to 1 s, cut short when a
// descriptor of ours is closed) while the clients wait in the kernel's queue. So it does when accept(2) fails as it
// never should, and gives that error only when it came failed_accepts times in a row. It pauses, too, where epoll(7) has
// no room for a connection that was accepted (ENOSPC: fs.epoll.max_user_watches), and keeps that one until it has.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "reactord/conn.hpp"
#include "reactord/stream_options.hpp"

namespace reactord {

class Acceptor;
class AcceptOperation;

// The file of a unix path. It has its mode and owner before anybody can connect.
struct SocketFileOptions {
  std::optional<unsigned> mode =
      {};  // as of chmod(2), 0 to 0777: who may write may connect. None: 0777 less the umask
  std::optional<unsigned> owner = {}, group = {};  // ids. None: those of the process
  bool operator==(const SocketFileOptions&) const = default;
};

struct ListenOptions {
  int backlog = 0;              // of listen(2); 0: the most the kernel allows, net.core.somaxconn
  bool reuse_port = false;      // SO_REUSEPORT of socket(7): several processes share a port
  StreamOptions stream;         // for each accepted connection
  SocketFileOptions file = {};  // of a unix path

  // Called after socket(2) and before bind(2), for options that are not here. `network` is tcp4, tcp6 or unix. An
  // error ends listen() with it.
  std::function<Result<void>(int fd, Network network, const Address& address)> before_bind = {};

  // Told of each pause and of how long it is at most.
  std::function<void(const Error& error, Duration pause)> on_pause = {};
};

class Listener {
 public:
  static constexpr std::uint32_t accepts_per_turn = 64;
  static constexpr std::uint32_t failed_accepts = 16;
  static constexpr Duration shortest_pause = 5ms, longest_pause = 1s;

  explicit Listener(Owned<Acceptor> acceptor) noexcept;
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;
  ~Listener();  // close()

  // Suspends until a client has connected. Result: its Conn. Errors: closed, busy (one accept may be pending),
  // deadline_exceeded, system.
  AcceptOperation accept() & noexcept;

  // Lets no one wait any more: accept() hands out the connections already in the kernel's queue, then gives
  // closed. Those in the queue of an adopted socket are left to whoever else holds it.
  void drain() noexcept;

  // Takes drain() back: it listens on. False: too late, it has closed.
  bool resume() noexcept;

  // Gives the file of a unix path another mode or owner. Errors: system, where it is not ours any more or may not be.
  Result<void> set_file(const SocketFileOptions& options) noexcept;

  // Ends a pending accept with interrupted; no effect where none is. For whoever has something else to do than to wait.
  void interrupt() noexcept;

  // False where it listens at a unix path whose file is gone, or has become another's: nobody can connect there any more,
  // though nothing else tells of it. Asks the file system each time.
  bool is_reachable() const noexcept;

  // Ends a pending accept with closed. A port is free when this returns, an abstract name at the end of the turn. The
  // file of a unix socket is removed if it is still our own. An adopted socket is closed at the end of the turn, and goes
  // on listening for whoever else holds it. Errors: closed, if it is.
  Result<void> close();

  // Absolute, and for the pending accept too; a past one fails even where a connection waits, and loses none.
  // Time::never() clears. Errors: closed.
  Result<void> set_deadline(Time deadline);

  void set_unlink_on_close(bool on) noexcept;  // of a unix path: true, but false for an adopted one

  Network network() const noexcept;  // as it was asked for
  const Address& local_addr()
      const noexcept;                     // with the port the kernel chose; valid as long as the Listener
  std::uint64_t pauses() const noexcept;  // how often it has paused

 private:
  Owned<Acceptor> acceptor_;
};

// Listens on `address`. An empty host, 0.0.0.0 and [::] all mean every address of the machine, over IPv4 and IPv6, as
// in Go. A unix path where a socket file was left behind by a dead server is taken over; a live one is refused. Of
// several that listen at one path at the same time, one alone gets it: the others are refused as if it were in use. While
// that is decided there is a file .NAME.reactord-lock beside it.
// Errors, as Go prints them: "listen tcp :9090: bind: address already in use".
Result<Listener> listen(Reactor& reactor, const Address& address, ListenOptions options = {});

// The same in Go's form: network is "tcp", "tcp4", "tcp6" or "unix", and `address` what Address::parse() takes for it.
// Errors also: invalid, "listen tcp: address 99999: invalid port", "listen foo: unknown network foo".
Result<Listener> listen(Reactor& reactor, std::string_view network, std::string_view address,
                        ListenOptions options = {});

// Takes over a listening stream socket that somebody else has opened, a parent process perhaps. It becomes
// nonblocking and close-on-exec; of the options, `stream` and `on_pause` count. Errors: invalid or system; the
// descriptor then stays with the caller.
Result<Listener> adopt_listener(Reactor& reactor, int fd, ListenOptions options = {});

// The same for a connected stream socket.
Result<Conn> adopt_conn(Reactor& reactor, int fd, StreamOptions options = {});

class [[nodiscard]] AcceptOperation final : public Resumable {
 public:
  explicit AcceptOperation(Acceptor& acceptor) noexcept;
  AcceptOperation(const AcceptOperation&) = delete;
  ~AcceptOperation();
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wake(waiter); }
  Result<Conn> await_resume();

 private:
  friend class Acceptor;
  Acceptor& acceptor_;
  Owned<Endpoint> accepted_;
  int failure_ = 0;  // as in IoOperation
};

}  // namespace reactord
