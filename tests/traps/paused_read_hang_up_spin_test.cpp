// While nobody reads from a connection (backpressure), its peer resets it or both sides have finished:
// level-triggered epoll(7) then reports the hang-up at every wait, even with an empty mask, and the loop
// spins. The library registers edge-triggered: the hang-up wakes it once, is remembered, and is told to the
// next read or write.
#include "traps/trap.hpp"

namespace {

using namespace traps;

// What two sleeps and the events of one hang-up may cost. A spin makes thousands of turns in the same time.
constexpr std::uint64_t few_turns = 12;

// Lets the loop wait in the kernel, real time, with nobody reading from `conn`; then reads what came of it.
Task<> pause_then_read(Conn& conn, std::uint64_t& turns, Seen& seen) {
  Reactor& reactor = conn.reactor();
  const std::uint64_t before = reactor.turns();
  for (int part = 0; part < 2; ++part) auto slept = co_await reactor.sleep(20ms);
  turns = reactor.turns() - before;
  auto reading = read_all(conn, seen);
  co_await std::move(reading);
}

struct Outcome {
  std::uint64_t turns = 0;
  Seen seen;
};

Outcome pause_through(Transport transport, void (*happen)(test::Link&)) {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, transport);
  happen(link);
  Outcome outcome;
  test::run(reactor, pause_then_read(link.conn, outcome.turns, outcome.seen));
  return outcome;
}

void close_peer(test::Link& link) {
  const int fd = descriptor_of(link.conn);
  link.peer.close();
  settle(fd, POLLHUP | POLLRDHUP);
}

Task<> finish_ours(Conn& conn) {
  auto closed = conn.close_write();
  auto flushed = co_await conn.flush();
}

void finish_both(test::Link& link) {
  const int fd = descriptor_of(link.conn);
  test::run(link.conn.reactor(), finish_ours(link.conn));
  link.peer.finish();
  settle(fd, POLLHUP);
}

}  // namespace

TEST_CASE("paused read: a TCP reset makes no further wake-ups, and the next read tells it") {
  const Outcome outcome = pause_through(Transport::tcp, reset);
  CHECK(outcome.turns <= few_turns);
  CHECK(outcome.seen.number == ECONNRESET);
}

TEST_CASE("paused read: FIN both ways makes no further wake-ups, and the next read is eof") {
  const Outcome outcome = pause_through(Transport::tcp, finish_both);
  CHECK(outcome.turns <= few_turns);
  CHECK(outcome.seen.code == ErrorCode::eof);
}

TEST_CASE("paused read: a unix peer that is gone makes no further wake-ups, and the next read is eof") {
  const Outcome outcome = pause_through(Transport::unix_socket, close_peer);
  CHECK(outcome.turns <= few_turns);
  CHECK(outcome.seen.code == ErrorCode::eof);
}

TEST_CASE("paused read: data and a reset in one, the data is still there after the pause") {
  const Outcome outcome = pause_through(Transport::tcp, [](test::Link& link) {
    link.peer.send("last words");
    settle(link.conn, 10);
    reset(link);
  });
  CHECK(outcome.turns <= few_turns);
  CHECK(outcome.seen.bytes == "last words");
  CHECK(outcome.seen.number == ECONNRESET);
}

namespace {

// Answers each line with far more than a peer that does not read can take: the session stops reading.
class Flooder final : public LineHandler {
 public:
  void on_line(std::string_view, Reply& reply) override {
    ++lines;
    reply.write(std::string(64 * 1024, 'x'), "\n");
  }
  int lines = 0;
};

Task<> reset_while_paused(Reactor& reactor, Flooder& flooder, Peer& peer, std::uint64_t& turns) {
  int lines = -1;
  while (lines != flooder.lines) {  // until the server has stopped handing out lines
    lines = flooder.lines;
    auto slept = co_await reactor.sleep(20ms);
  }
  const std::uint64_t before = reactor.turns();
  peer.finish();
  for (int part = 0; part < 2; ++part) auto slept = co_await reactor.sleep(20ms);
  turns = reactor.turns() - before;
  peer.reset();
}

}  // namespace

TEST_CASE("paused read: a server that waits for room sleeps through the peer's FIN, and ends at its reset") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher;
  Flooder flooder;
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", flooder);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address, {.receive_buffer = 4096});
  std::string lines;
  for (int line = 0; line < 1000; ++line) lines += "more\n";
  CHECK(peer.send(lines) == lines.size());
  std::uint64_t turns = 0;
  test::run(reactor, reset_while_paused(reactor, flooder, peer, turns));
  CHECK(flooder.lines > 0);
  CHECK(flooder.lines < 1000);
  CHECK(turns <= few_turns);
  CHECK(watcher.cause == EndCause::reset);
}
