// A reset overtakes nothing: what the peer sent before it lies in our receive queue, readable, while epoll(7)
// already says error and hang-up. Code that acts on those before it reads loses the tail. The library takes
// them to mean "try to read": every byte is delivered, and then the reset, as an error and never as an
// orderly end.
#include "traps/trap.hpp"

namespace {

using namespace traps;

Task<> write_then_read(Conn& conn, Seen& written, Seen& read) {
  auto sent = co_await conn.write("into the void");
  auto flushed = co_await conn.flush();
  if (!flushed) written.note(flushed.error());
  written.ended = true;
  auto reading = read_all(conn, read);
  co_await std::move(reading);
}

Task<> send_twice_and_reset(Reactor& reactor, test::Link& link, const Seen& seen) {
  link.peer.send("first");
  while (seen.bytes != "first") co_await reactor.next_turn();
  link.peer.send("second");
  settle(link.conn, 6);
  reset(link);
}

// Only collects: with an answer it would be the send that first hears of the reset.
class Collector final : public LineHandler {
 public:
  void on_line(std::string_view line, Reply&) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class Answerer final : public LineHandler {
 public:
  void on_line(std::string_view line, Reply& reply) override {
    ++lines;
    reply.write("Server: ", line, "\n");
  }
  int lines = 0;
};

// A client that has sent `bytes` and reset before the server so much as accepts it.
void serve_one_reset(LineHandler& handler, Watcher& watcher, std::string_view bytes) {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", handler);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address);
  CHECK(peer.send(bytes) == bytes.size());
  while (!peer.everything_arrived()) ::sched_yield();
  peer.reset();
  REQUIRE(reactor.run().has_value());
  CHECK(reactor.live_tasks() == 0);
}

}  // namespace

TEST_CASE("bytes before reset: all that was sent is read, then the reset is told") {
  const test::DescriptorCheck descriptors;
  for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, std::size_t{50'000}}) {
    for (const std::size_t piece : {std::size_t{700}, std::size_t{4096}, std::size_t{1'000'000}}) {
      CAPTURE(size);
      CAPTURE(piece);
      Reactor reactor;
      test::Link link = test::connect(reactor, Transport::tcp);
      const std::string bytes = numbered(size);
      link.peer.send(bytes);
      settle(link.conn, size);
      reset(link);
      Seen seen;
      reactor.spawn(read_all(link.conn, seen, piece));
      REQUIRE(reactor.run().has_value());
      CHECK(same(seen.bytes, bytes));
      CHECK(seen.number == ECONNRESET);
      CHECK(reactor.live_tasks() == 0);
    }
  }
}

TEST_CASE("bytes before reset: the reset comes while the reader waits for more") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, Transport::tcp);
  Seen seen;
  reactor.spawn(read_all(link.conn, seen));
  reactor.spawn(send_twice_and_reset(reactor, link, seen));
  REQUIRE(reactor.run().has_value());
  CHECK(seen.bytes == "firstsecond");
  CHECK(seen.number == ECONNRESET);
}

TEST_CASE("bytes before reset: a send that hears of it first does not make it an orderly end") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, Transport::tcp);
  link.peer.send("last words");
  reset(link);
  Seen written, read;
  reactor.spawn(write_then_read(link.conn, written, read));
  REQUIRE(reactor.run().has_value());
  CHECK(written.code == ErrorCode::system);
  CHECK(read.bytes == "last words");
  CHECK(read.code == ErrorCode::system);
}

TEST_CASE("bytes before reset: a server hands over every complete line, and calls the end a reset") {
  Watcher watcher;
  Collector collector;
  serve_one_reset(collector, watcher, "one\ntwo\nthree\nhalf");
  CHECK(collector.lines == std::vector<std::string>{"one", "two", "three"});
  CHECK(watcher.cause == EndCause::reset);
  CHECK(watcher.error == ECONNRESET);
}

TEST_CASE("bytes before reset: the same where the answers meet the reset") {
  Watcher watcher;
  Answerer answerer;
  serve_one_reset(answerer, watcher, "one\ntwo\nthree\n");
  CHECK(answerer.lines == 3);
  CHECK(watcher.lines == 3);
  CHECK(watcher.cause == EndCause::reset);
}
