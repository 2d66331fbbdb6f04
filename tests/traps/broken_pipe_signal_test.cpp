// A write to a connection that the peer has broken off raises SIGPIPE, which by default ends the program. The
// library asks the kernel not to with every send, on every path that sends, whatever the program does with
// the signal: the write gives an Error, is_reset(), and nothing else happens.
#include <csignal>

#include "traps/trap.hpp"

namespace {

using namespace traps;

// SIGPIPE as a program finds it: at its default and not blocked. A raised one ends this test program.
class DeadlySigpipe {
 public:
  DeadlySigpipe() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    REQUIRE(::sigaction(SIGPIPE, &action, &before_) == 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    REQUIRE(::pthread_sigmask(SIG_UNBLOCK, &set, &mask_) == 0);
  }
  DeadlySigpipe(const DeadlySigpipe&) = delete;
  DeadlySigpipe& operator=(const DeadlySigpipe&) = delete;
  ~DeadlySigpipe() {
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::sigaction(SIGPIPE, &before_, nullptr);
  }

 private:
  struct sigaction before_ {};
  sigset_t mask_{};
};

struct Writes {
  int failed = 0;
  bool reset = true;  // every failure was one that says the peer is gone
  bool ended = false;

  template <typename T>
  void note(const Result<T>& result) {
    if (result) return;
    ++failed;
    reset = reset && result.error().is_reset();
  }
};

// Several writes: the kernel tells a TCP reset once by its own name, and raises the signal from the second
// one on.
Task<> write_on(Conn& conn, std::size_t size, Writes& writes) {
  const std::string bytes(size, 'x');
  for (int time = 0; time < 4; ++time) {
    auto sent = co_await conn.write(bytes);
    writes.note(sent);
    auto flushed = co_await conn.flush();
    writes.note(flushed);
  }
  auto finished = co_await conn.finish();
  writes.ended = true;
}

void break_off(test::Link& link) {
  const int fd = descriptor_of(link.conn);
  if (link.conn.remote_addr().is_unix()) {
    link.peer.close();
  } else {
    link.peer.reset();
  }
  settle(fd, POLLHUP);
}

// The same, with the reset already told to a read, so that the very first send would raise the signal.
Task<> read_then_write_on(Conn& conn, std::size_t size, Writes& writes) {
  Seen seen;
  auto reading = read_all(conn, seen);
  co_await std::move(reading);
  auto writing = write_on(conn, size, writes);
  co_await std::move(writing);
}

constexpr std::size_t small = 100;                       // sent at the end of the turn
constexpr std::size_t large = 2 * Conn::high_watermark;  // sent from the caller's memory, gathered

class Answerer final : public LineHandler {
 public:
  void on_line(std::string_view line, Reply& reply) override {
    for (int part = 0; part < 1000; ++part) reply.write(line, "\n");
  }
};

}  // namespace

TEST_CASE("broken pipe: every path that writes gives an error, and no signal") {
  const DeadlySigpipe deadly;
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    for (const std::size_t size : {small, large}) {
      for (const auto writer : {write_on, read_then_write_on}) {
        CAPTURE(size);
        const test::DescriptorCheck descriptors;
        Reactor reactor;
        test::Link link = test::connect(reactor, transport);
        break_off(link);
        Writes writes;
        test::run(reactor, writer(link.conn, size, writes));
        CHECK(writes.ended);
        CHECK(writes.failed >= 4);
        CHECK(writes.reset);
      }
    }
  }
}

TEST_CASE("broken pipe: what is sent while a connection closes raises no signal either") {
  const DeadlySigpipe deadly;
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, Transport::unix_socket);
  break_off(link);
  auto write_and_let_go = [](Conn conn) -> Task<> { auto sent = co_await conn.write("last words"); };
  test::run(reactor, write_and_let_go(std::move(link.conn)));
}

TEST_CASE("broken pipe: a server whose client is gone notes a reset and lives on") {
  const DeadlySigpipe deadly;
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  constexpr std::size_t clients = 3;
  Watcher watcher(clients);
  Answerer answerer;
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", answerer);
  REQUIRE(address.has_value());
  for (std::size_t client = 0; client < clients; ++client) {
    Peer peer = Peer::connect(*address);
    peer.send("one\ntwo\nthree\n");
    while (!peer.everything_arrived()) ::sched_yield();
    peer.reset();
  }
  REQUIRE(reactor.run().has_value());
  CHECK(server.ended(EndCause::reset) == clients);
}
