// Listener: accepts connections. Go's net.Listener.
//
//     auto listener = listen(reactor, "tcp", "127.0.0.1:0");
//     auto conn = co_await listener->accept();
//
// accept() never gives an error that a later try would not give. A connection that was gone before it could be accepted
// is skipped. When file descriptors or memory have run out, in the kernel or in the process, the listener pauses while
// the clients wait in the kernel's queue. A pause takes 5 ms, doubling to 1 s, and ends early when the Reactor closes a
// descriptor. The listener also pauses when accept(2) fails unexpectedly, and gives that error after failed_accepts
// failures in a row. It also pauses when epoll(7) has no room for an accepted connection (ENOSPC:
// fs.epoll.max_user_watches), and keeps that connection until it has.
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

// The file of a unix path. It has its mode and owner before a client can connect.
struct SocketFileOptions {
  // The mode as in chmod(2), 0 to 0777. Write permission allows connecting. None: 0777 less the umask.
  std::optional<unsigned> mode = {};
  std::optional<unsigned> owner = {}, group = {};  // ids; none: those of the process
  bool operator==(const SocketFileOptions&) const = default;
};

struct ListenOptions {
  int backlog = 0;              // passed to listen(2); 0: the kernel's maximum, net.core.somaxconn
  bool reuse_port = false;      // SO_REUSEPORT of socket(7): several processes share a port
  StreamOptions stream;         // applies to each accepted connection
  SocketFileOptions file = {};  // applies to a unix path

  // Called after socket(2) and before bind(2), for options that are not here. `network` is tcp4, tcp6 or unix. listen()
  // fails with the error it returns.
  std::function<Result<void>(int fd, Network network, const Address& address)> before_bind = {};

  // Called with each accepted socket before accept() hands it out, for options that are not here. The descriptor is valid
  // during the call only, and stays the listener's. False: the connection is closed, and accept() waits for the next. It
  // may close the listener. An exception that leaves it ends the program.
  std::function<bool(int fd, Network network, const Address& remote)> after_accept = {};

  // Called at each pause. `pause` is its longest duration.
  std::function<void(const Error& error, Duration pause)> on_pause = {};
};

class Listener {
 public:
  static constexpr std::uint32_t accepts_per_turn = 64;
  static constexpr std::uint32_t failed_accepts = 16;
  static constexpr Duration shortest_pause = 5ms, longest_pause = 1s;

  explicit Listener(WatchHandle<Acceptor> acceptor) noexcept;
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;
  ~Listener();  // close()

  // Suspends until a client has connected. Result: its Conn. Errors: closed, busy (one accept may be pending),
  // deadline_exceeded, system.
  AcceptOperation accept() & noexcept;

  // Stops waiting for clients: accept() hands out the connections already in the kernel's queue, then gives closed.
  // Connections in the queue of an adopted socket are left to its other holders.
  void drain() noexcept;

  // Undoes drain(): the listener goes on. False: it has closed already.
  bool resume() noexcept;

  // Changes the mode or owner of a unix path's file. Errors: system, also when the file is not this listener's any
  // more.
  Result<void> set_file(const SocketFileOptions& options) noexcept;

  // Ends a pending accept with interrupted, for an owner that has something else to do. No effect when none is pending.
  void interrupt() noexcept;

  // False when the file of a unix path is gone or belongs to another socket: no client can connect any more, and
  // nothing else reports it. Asks the file system at each call.
  bool is_reachable() const noexcept;

  // Ends a pending accept with closed. A port is free when this returns, an abstract name at the end of the turn. The
  // file of a unix socket is removed if it is still this listener's. An adopted socket is closed at the end of the turn
  // and keeps listening for its other holders. Errors: closed, if it is closed already.
  Result<void> close();

  // Sets the absolute deadline, also of the pending accept. A past deadline fails accept() even when a connection
  // waits; the connection is not lost. Time::never() clears it. Errors: closed.
  Result<void> set_deadline(Time deadline);

  // Sets whether the file of a unix path is removed. The default is true, but false for an adopted socket.
  void set_unlink_on_close(bool on) noexcept;

  Network network() const noexcept;  // the network that was requested
  // The address with the port that the kernel chose. Valid as long as the Listener.
  const Address& local_addr() const noexcept;
  std::uint64_t pauses() const noexcept;  // the number of pauses so far

 private:
  WatchHandle<Acceptor> acceptor_;
};

// Listens on `address`. An empty host, 0.0.0.0 and [::] all mean every address of the machine, over IPv4 and IPv6, as
// in Go. A unix path whose socket file was left behind by a dead server is taken over; that of a live server is
// refused. When several listen at one path at the same time, one gets it and the others fail as if it were in use. A
// file .NAME.reactord-lock exists beside the path until that is decided. Errors, as Go prints them: "listen tcp :9090:
// bind: address already in use".
Result<Listener> listen(Reactor& reactor, const Address& address, ListenOptions options = {});

// The same in Go's form: `network` is "tcp", "tcp4", "tcp6" or "unix"; `address` is as for Address::parse().
// Errors also: invalid, "listen tcp: address 99999: invalid port", "listen foo: unknown network foo".
Result<Listener> listen(Reactor& reactor, std::string_view network, std::string_view address,
                        ListenOptions options = {});

// Takes ownership of a listening stream socket that was opened elsewhere, such as in a parent process. It becomes
// nonblocking and close-on-exec. Only the options `stream`, `after_accept` and `on_pause` count. Errors: invalid or system; the caller
// then keeps the descriptor.
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
  WatchHandle<Endpoint> accepted_;
  int failure_ = 0;  // encoded as in IoOperation
};

}  // namespace reactord
