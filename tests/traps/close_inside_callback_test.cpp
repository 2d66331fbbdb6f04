// A callback closes its own connection, or another whose event comes later in the same batch, while the loop
// still has both in hand: use after free, or an event for a dead one. The library closes in two phases:
// events and pending operations end at once, the object lives to the end of the turn. (The build with the
// address sanitizer is the judge.)
#include <memory>

#include "traps/trap.hpp"

namespace {

using namespace traps;

using Owner = std::unique_ptr<Conn>;

enum class Deed { close, abort, destroy, abort_and_destroy };
constexpr Deed deeds[] = {Deed::close, Deed::abort, Deed::destroy, Deed::abort_and_destroy};

void do_to(Deed deed, Owner& conn) {
  if (deed == Deed::close) CHECK(conn->close().has_value());
  if (deed == Deed::abort || deed == Deed::abort_and_destroy) conn->abort();
  if (deed == Deed::destroy || deed == Deed::abort_and_destroy) conn.reset();
}

struct TwoLinksStage : test::Stage {
  explicit TwoLinksStage(Transport transport)
      : first(test::connect(reactor, transport)), second(test::connect(reactor, transport)) {}
  test::Link first, second;
  Owner first_conn{new Conn(std::move(first.conn))}, second_conn{new Conn(std::move(second.conn))};
  std::vector<Seen> seen{4};
};

Task<> read_then(Owner& own, Owner& victim, Deed deed, Seen& seen) {
  char byte = 0;
  auto read = co_await own->read(std::span(&byte, 1));
  if (!read) seen.note(read.error());
  seen.ended = true;
  if (read && victim != nullptr) do_to(deed, victim);
}

Task<> keep_reading(Owner& own, Seen& seen) {
  char byte = 0;
  auto read = co_await own->read(std::span(&byte, 1));
  if (!read) seen.note(read.error());
  seen.ended = true;
}

// More than the socket takes: pending until the connection ends.
Task<> keep_writing(Owner& own, const std::string& bytes, Seen& seen) {
  auto sent = co_await own->write(bytes);
  if (!sent) seen.note(sent.error());
  seen.ended = true;
}

Task<> wait_turns(Owner& conn, Deed deed, Reactor& reactor) {
  for (int turn = 0; turn < 3; ++turn) co_await reactor.next_turn();
  do_to(deed, conn);
}

Task<> wait_time(Owner& conn, Deed deed, Reactor& reactor) {
  auto slept = co_await reactor.sleep(2ms);
  do_to(deed, conn);
}

// Spawned after those who read: they are pending when this runs, and the next wait of the loop finds both
// events, in this order.
Task<> make_ready(Conn& conn, Peer& peer, Conn& next_conn, Peer& next_peer) {
  peer.send("x");
  settle(conn, 1);
  next_peer.send("x");
  settle(next_conn, 1);
  co_return;
}

template <typename Body>
void over_all(Body body) {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    for (const Deed deed : deeds) {
      const int number = static_cast<int>(deed);
      CAPTURE(number);
      TwoLinksStage stage(transport);
      body(stage, deed);
      CHECK(stage.reactor.live_tasks() == 0);
    }
  }
}

}  // namespace

TEST_CASE("close inside a callback: one's own connection, with bytes and events left") {
  over_all([](TwoLinksStage& stage, Deed deed) {
    stage.first.peer.send("more than one byte");
    stage.reactor.spawn(read_then(stage.first_conn, stage.first_conn, deed, stage.seen[0]));
    REQUIRE(stage.reactor.run().has_value());
    CHECK(stage.seen[0].ended);
  });
}

TEST_CASE("close inside a callback: another connection whose event is in the same batch") {
  over_all([](TwoLinksStage& stage, Deed deed) {
    stage.reactor.spawn(read_then(stage.first_conn, stage.second_conn, deed, stage.seen[0]));
    stage.reactor.spawn(keep_reading(stage.second_conn, stage.seen[1]));
    stage.reactor.spawn(
        make_ready(*stage.first_conn, stage.first.peer, *stage.second_conn, stage.second.peer));
    REQUIRE(stage.reactor.run().has_value());
    CHECK(stage.seen[1].ended);
    CHECK(stage.seen[1].code == ErrorCode::closed);
  });
}

TEST_CASE("close inside a callback: whichever of two comes first ends the other") {
  over_all([](TwoLinksStage& stage, Deed deed) {
    stage.reactor.spawn(read_then(stage.first_conn, stage.second_conn, deed, stage.seen[0]));
    stage.reactor.spawn(read_then(stage.second_conn, stage.first_conn, deed, stage.seen[1]));
    stage.reactor.spawn(
        make_ready(*stage.second_conn, stage.second.peer, *stage.first_conn, stage.first.peer));
    REQUIRE(stage.reactor.run().has_value());
    CHECK(stage.seen[0].ended);
    CHECK(stage.seen[1].ended);
    CHECK((stage.seen[0].code == ErrorCode::closed) != (stage.seen[1].code == ErrorCode::closed));
  });
}

TEST_CASE("close inside a callback: a reader and a writer wait on the connection that a third task ends") {
  const std::string bytes(16 * 1024 * 1024, 'x');
  for (const auto ender : {wait_turns, wait_time}) {
    over_all([&](TwoLinksStage& stage, Deed deed) {
      stage.reactor.spawn(keep_reading(stage.first_conn, stage.seen[0]));
      stage.reactor.spawn(keep_writing(stage.first_conn, bytes, stage.seen[1]));
      stage.reactor.spawn(ender(stage.first_conn, deed, stage.reactor));
      REQUIRE(stage.reactor.run().has_value());
      CHECK(stage.seen[0].code == ErrorCode::closed);
      CHECK(stage.seen[1].code == ErrorCode::closed);
    });
  }
}

TEST_CASE("close inside a callback: the reader, resumed first, ends the connection its writer waits on") {
  const std::string bytes(16 * 1024 * 1024, 'x');
  over_all([&](TwoLinksStage& stage, Deed deed) {
    stage.reactor.spawn(keep_writing(stage.first_conn, bytes, stage.seen[1]));
    stage.reactor.spawn(read_then(stage.first_conn, stage.first_conn, deed, stage.seen[0]));
    stage.reactor.spawn(
        make_ready(*stage.first_conn, stage.first.peer, *stage.second_conn, stage.second.peer));
    REQUIRE(stage.reactor.run().has_value());
    CHECK(stage.seen[0].ended);
    CHECK(stage.seen[1].code == ErrorCode::closed);
  });
}

namespace {

Task<> accept_until_closed(Listener& listener, Seen& seen) {
  auto accepted = co_await listener.accept();
  if (!accepted) seen.note(accepted.error());
  seen.ended = true;
}

Task<> let_go(Reactor& reactor, std::unique_ptr<Listener>& listener) {
  co_await reactor.next_turn();
  listener.reset();
}

class HangUp final : public LineHandler {
 public:
  void on_line(std::string_view line, Reply& reply) override {
    reply.write("bye ", line, "\n");
    if (line == "quit" || line == "kill and quit") reply.close();
    if (line == "kill" || line == "kill and quit") server->kill();
    if (line == "drain") server->drain(10s);
  }
  Server* server = nullptr;
};

// `warm`: the connection has been served before, so that the lines come to a read that is pending.
Task<> talk(Reactor& reactor, Peer& peer, bool warm, std::string_view lines, std::string& answer) {
  if (warm) {
    peer.send("hello\n");
    const std::string hello = co_await test::read_line(reactor, peer);
    CHECK(hello == "bye hello\n");
  }
  peer.send(lines);
  answer = co_await test::read_to_end(reactor, peer);
  peer.close();
}

struct Ended {
  std::string answer;
  std::uint64_t killed, drained, finished;
};

// One client whose lines end with `more` pipelined ones after `command`.
Ended command_amid_lines(const std::string& command, bool warm, int more) {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher;
  HangUp handler;
  Server server(reactor, {.observer = &watcher});
  watcher.server = handler.server = &server;
  auto address = server.listen("127.0.0.1:0", handler);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address);
  std::string lines = "one\n" + command + "\n", answer;
  for (int line = 0; line < more; ++line) lines += "more\n";
  test::run(reactor, talk(reactor, peer, warm, lines, answer));
  CHECK(server.open_connections() == 0);
  return {answer, server.ended(EndCause::killed), server.ended(EndCause::drained),
          server.ended(EndCause::finished)};
}

constexpr int few = 1, many = 3 * static_cast<int>(Server::lines_per_turn);

}  // namespace

TEST_CASE("close inside a callback: a listener is let go while an accept is pending") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  auto listener = std::make_unique<Listener>(listen_at(reactor));
  Seen seen;
  reactor.spawn(accept_until_closed(*listener, seen));
  test::run(reactor, let_go(reactor, listener));
  CHECK(seen.code == ErrorCode::closed);
}

TEST_CASE("close inside a callback: a handler ends its connection amid pipelined lines") {
  for (const bool warm : {false, true}) {
    for (const int more : {few, many}) {
      const Ended ended = command_amid_lines("quit", warm, more);
      CHECK(ended.answer == "bye one\nbye quit\n");
      CHECK(ended.finished == 1);
    }
  }
}

TEST_CASE("close inside a callback: a handler kills its own server amid pipelined lines") {
  for (const bool warm : {false, true}) {
    for (const int more : {0, few, many}) {
      for (const std::string command : {"kill", "kill and quit"}) {
        CAPTURE(warm);
        CAPTURE(more);
        CAPTURE(command);
        const Ended ended = command_amid_lines(command, warm, more);
        CHECK(ended.killed + ended.finished == 1);
      }
    }
  }
}

TEST_CASE("close inside a callback: a handler drains its own server, and what was received is answered") {
  for (const bool warm : {false, true}) {
    for (const int more : {0, few, many}) {
      CAPTURE(warm);
      CAPTURE(more);
      std::string expected = "bye one\nbye drain\n";
      for (int line = 0; line < more; ++line) expected += "bye more\n";
      const Ended ended = command_amid_lines("drain", warm, more);
      CHECK(same(ended.answer, expected));
      CHECK(ended.drained == 1);
    }
  }
}

TEST_CASE("close inside a callback: a server is killed by one of two connections that are ready together") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher(2);
  HangUp handler;
  Server server(reactor, {.observer = &watcher});
  watcher.server = handler.server = &server;
  auto address = server.listen("127.0.0.1:0", handler);
  REQUIRE(address.has_value());
  Peer first = Peer::connect(*address), second = Peer::connect(*address);
  std::string first_answer, second_answer;
  reactor.spawn(talk(reactor, first, true, "kill\nnever\n", first_answer));
  test::run(reactor, talk(reactor, second, true, "kill\nnever\n", second_answer));
  CHECK(server.open_connections() == 0);
  CHECK(server.ended(EndCause::killed) == 2);
}
