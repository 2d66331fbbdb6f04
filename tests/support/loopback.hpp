// In-process test support: a Reactor run to its end, and connections over loopback with a raw socket at the
// far end.
//
//     Conn (the code under test) <---- TCP loopback or unix ----> Peer (a plain nonblocking descriptor)
//
// One thread does both. A Peer's waits poll from turn to turn of the loop, so while one waits a virtual clock
// stands still: time moves only where a test sleeps or advances the clock.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "reactord/conn.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"
#include "support/stage.hpp"

namespace test {

struct PeerOptions {
  int receive_buffer = 0;  // SO_RCVBUF and SO_SNDBUF, set before connect(2); 0: the kernel's default
  int send_buffer = 0;
};

// The far end: a plain descriptor, nonblocking.
class Peer {
 public:
  explicit Peer(int fd = -1) noexcept : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(other.release()), at_end_(other.at_end_), error_(other.error_) {}
  Peer& operator=(Peer&& other) noexcept;
  ~Peer() { close(); }

  // Connects to a listening socket: complete when it returns.
  static Peer connect(const reactord::Address& address, PeerOptions options = {});

  int fd() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }  // the caller's from now on

  std::size_t send(std::string_view bytes);              // as many as the kernel takes now
  std::string receive(std::size_t at_most = 64 * 1024);  // what is there now
  bool at_end() const noexcept { return at_end_; }       // receive() has met the end of the stream
  int error() const noexcept { return error_; }          // errno of that end; 0: orderly
  bool everything_arrived() const;                       // the other kernel end has all that was sent
  reactord::Address local_addr() const;

  void finish();  // FIN: no more will be sent
  void reset();   // RST; on a unix socket just close(2)
  void close() noexcept;

 private:
  int fd_;
  bool at_end_ = false;
  int error_ = 0;
};

// What a peer does in time. Peer and bytes must live until the task has ended.
reactord::Task<> send_all(reactord::Reactor& reactor, Peer& peer,
                          std::string_view bytes);  // until all has arrived
reactord::Task<std::string> read_bytes(reactord::Reactor& reactor, Peer& peer, std::size_t count);
reactord::Task<std::string> read_line(reactord::Reactor& reactor, Peer& peer);  // with its end
reactord::Task<std::string> read_to_end(reactord::Reactor& reactor, Peer& peer);

enum class Transport { tcp, unix_socket };
const char* to_string(Transport transport);

struct Link {
  reactord::Conn conn;
  Peer peer;
};

// A connected Conn with its raw peer. Turns the loop, so: not from within a task.
Link connect(reactord::Reactor& reactor, Transport transport, PeerOptions options = {});

// A stage with one connection, for the tests of a Conn.
struct ConnStage : Stage {
  explicit ConnStage(Transport over, PeerOptions options = {})
      : transport(over), link(connect(reactor, over, options)) {}
  Transport transport;
  Link link;
  reactord::Conn& conn = link.conn;
  Peer& peer = link.peer;
};

// Runs `body` on a stage over TCP, then on one over a unix socket.
void over_each_transport(reactord::Task<> (*body)(ConnStage&), PeerOptions options = {});

}  // namespace test
