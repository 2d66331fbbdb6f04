// RDHUP of epoll_ctl(2), asked for level-triggered, is reported at every wait once the peer's FIN has come: a
// connection that is still being answered spins until it ends. The library asks for it edge-triggered, where
// it only says "do not stop at a short read": end of file is what the read says, and a half-closed connection
// sleeps like any other.
#include "traps/trap.hpp"

namespace {

using namespace traps;

constexpr std::uint64_t few_turns = 12;  // what two sleeps and one FIN may cost; a spin makes thousands

struct Outcome {
  std::uint64_t turns = 0;
  std::string request, answer;
  ErrorCode end{};
};

// Reads to eof, then computes for a while, in real time, before it answers.
Task<> answer_slowly(Conn& conn, Outcome& outcome) {
  Seen seen;
  auto reading = read_all(conn, seen);
  co_await std::move(reading);
  outcome.request = seen.bytes;
  outcome.end = seen.code;
  const std::uint64_t before = conn.reactor().turns();
  for (int part = 0; part < 2; ++part) auto slept = co_await conn.reactor().sleep(20ms);
  outcome.turns = conn.reactor().turns() - before;
  auto sent = co_await conn.write("answer to ", seen.bytes);
  auto closed = conn.close();
}

// The same, but the FIN comes while nothing is read, with the data unread before it.
Task<> read_after_sleep(Conn& conn, Outcome& outcome) {
  const std::uint64_t before = conn.reactor().turns();
  for (int part = 0; part < 2; ++part) auto slept = co_await conn.reactor().sleep(20ms);
  outcome.turns = conn.reactor().turns() - before;
  Seen seen;
  auto reading = read_all(conn, seen);
  co_await std::move(reading);
  outcome.request = seen.bytes;
  outcome.end = seen.code;
}

}  // namespace

TEST_CASE("peer finished: a half-closed connection makes no wake-ups while its answer is computed") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport);
    link.peer.send("question");
    finish(link);
    Outcome outcome;
    test::run(reactor, answer_slowly(link.conn, outcome));
    CHECK(outcome.request == "question");
    CHECK(outcome.end == ErrorCode::eof);
    CHECK(outcome.turns <= few_turns);
    settle(link.peer.fd(), POLLRDHUP);
    CHECK(link.peer.receive() == "answer to question");
  }
}

TEST_CASE("peer finished: nor while it is paused with bytes unread, and all of them are read after it") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport);
    const std::string question = numbered(20'000);
    CHECK(link.peer.send(question) == question.size());
    settle(link.conn, question.size());
    finish(link);
    Outcome outcome;
    test::run(reactor, read_after_sleep(link.conn, outcome));
    CHECK(same(outcome.request, question));
    CHECK(outcome.end == ErrorCode::eof);
    CHECK(outcome.turns <= few_turns);
  }
}

TEST_CASE("peer finished: a FIN in the same event as the last short piece is not missed") {
  // The read is shorter than its room, which without a FIN would mean "drained": but no event will come any
  // more.
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, Transport::tcp);
  link.peer.send("tail");
  finish(link);
  Seen seen;
  test::run(reactor, read_all(link.conn, seen));
  CHECK(seen.bytes == "tail");
  CHECK(seen.code == ErrorCode::eof);
}
