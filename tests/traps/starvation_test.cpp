// One peer that sends without end, a flood of new clients or a timer that is always due keeps an
// edge-triggered loop busy in one place, since it must go on until the kernel says "no more". The library
// gives each of them a budget per turn and queues who has spent his behind the others. Counted in turns and
// bytes, not in time.
#include "traps/trap.hpp"

namespace {

using namespace traps;

// From the turn in which a ping is sent: one turn to be answered, one to see it, one to spare.
constexpr std::uint64_t turns_per_answer = 3;
constexpr int pings = 30;
constexpr std::size_t pingers = 5;

// The most of something in a single turn.
class PerTurn {
 public:
  void count(std::uint64_t turn, std::size_t amount) {
    if (turn != turn_) current_ = 0;
    turn_ = turn;
    current_ += amount;
    total_ += amount;
    most_ = std::max(most_, current_);
  }
  std::size_t most() const noexcept { return most_; }
  std::size_t total() const noexcept { return total_; }

 private:
  std::uint64_t turn_ = 0;
  std::size_t current_ = 0, most_ = 0, total_ = 0;
};

struct Hall {
  Reactor& reactor;
  std::size_t pinging = pingers;
  std::uint64_t slowest = 0;  // turns until an answer
  PerTurn flood;
};

Task<> ping(Hall& hall, Peer& peer) {
  for (int number = 0; number < pings; ++number) {
    const std::uint64_t sent = hall.reactor.turns();
    peer.send("ping\n");
    const std::string answer = co_await test::read_bytes(hall.reactor, peer, 5);
    if (answer != "ping\n") break;
    hall.slowest = std::max(hall.slowest, hall.reactor.turns() - sent);
  }
  --hall.pinging;
}

// Fills the kernel's buffers at every turn, and empties what comes back, as long as anybody pings.
Task<> flood(Hall& hall, Peer& peer, const std::string& bytes) {
  std::size_t at = 0;
  while (hall.pinging > 0) {
    std::size_t count = 0;
    do {
      count = peer.send(std::string_view(bytes).substr(at));
      at = (at + count) % bytes.size();
    } while (count > 0);
    while (!peer.receive(256 * 1024).empty()) {
    }
    co_await hall.reactor.next_turn();
  }
  peer.reset();
}

class EchoLines final : public LineHandler {
 public:
  explicit EchoLines(Hall& hall) : hall_(hall) {}
  void on_line(std::string_view line, Reply& reply) override {
    if (line != "ping") return hall_.flood.count(hall_.reactor.turns(), 1);
    reply.write(line, "\n");
  }

 private:
  Hall& hall_;
};

// Echoes what it reads, in pieces far smaller than what lies ready.
class EchoBytes final : public StreamHandler {
 public:
  EchoBytes(Hall& hall, std::size_t piece) : hall_(hall), piece_(piece) {}

 private:
  Task<> serve(Conn& conn, Context&) override {
    std::string room(piece_, '\0');
    while (true) {
      auto count = co_await conn.read(std::span(room));
      if (!count) co_return;
      if (room.front() == 'x') hall_.flood.count(hall_.reactor.turns(), *count);
      auto sent = co_await conn.write(std::string_view(room).substr(0, *count));
      if (!sent) co_return;
    }
  }

  Hall& hall_;
  std::size_t piece_;
};

// Flood and pings against `handler`, to the end.
template <typename Handler>
void run_flood(Hall& hall, Handler& handler, const std::string& bytes) {
  const test::DescriptorCheck descriptors;
  Watcher watcher(pingers + 1);
  Server server(hall.reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", handler);
  REQUIRE(address.has_value());
  Peer loud = Peer::connect(*address);
  std::vector<Peer> quiet;
  for (std::size_t one = 0; one < pingers; ++one) quiet.push_back(Peer::connect(*address));
  hall.reactor.spawn(flood(hall, loud, bytes));
  for (Peer& peer : quiet) hall.reactor.spawn(ping(hall, peer));
  auto leave = [](Hall& of, std::vector<Peer>& peers) -> Task<> {
    while (of.pinging > 0) co_await of.reactor.next_turn();
    for (Peer& peer : peers) peer.close();
  };
  test::run(hall.reactor, leave(hall, quiet));
}

}  // namespace

TEST_CASE(
    "starvation: a peer that sends lines without end is served its budget a turn, the others in between") {
  Reactor reactor;
  Hall hall{reactor, pingers, 0, {}};
  EchoLines handler(hall);
  std::string lines;
  for (int line = 0; line < 100'000; ++line) lines += "x\n";
  run_flood(hall, handler, lines);
  CHECK(hall.slowest <= turns_per_answer + 2);  // the first ping includes its accept
  CHECK(hall.flood.most() <= Server::lines_per_turn);
  CHECK(hall.flood.most() > 1);
  CHECK(hall.flood.total() > pings * Server::lines_per_turn);
}

TEST_CASE("starvation: a peer that sends bytes without end, whatever the size of the reads") {
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{16 * 1024}, std::size_t{256 * 1024}}) {
    CAPTURE(piece);
    Reactor reactor;
    Hall hall{reactor, pingers, 0, {}};
    EchoBytes handler(hall, piece);
    run_flood(hall, handler, std::string(1 << 20, 'x'));
    CHECK(hall.slowest <= turns_per_answer + 2);
    CHECK(hall.flood.most() <= Conn::bytes_per_turn + piece);
    CHECK(hall.flood.total() > pings * piece);
  }
}

namespace {

class Pong final : public LineHandler {
 public:
  void on_line(std::string_view line, Reply& reply) override { reply.write(line, "\n"); }
};

Task<> ping_before_a_crowd(Hall& hall, Server& server, const Address& address, PerTurn& accepts) {
  Peer peer = Peer::connect(address);
  peer.send("ping\n");
  const std::string first = co_await test::read_bytes(hall.reactor, peer, 5);
  std::vector<Peer> crowd;
  constexpr std::uint64_t size = 5 * Listener::accepts_per_turn;
  for (std::uint64_t one = 0; one < size; ++one) crowd.push_back(Peer::connect(address));
  auto pinging = ping(hall, peer);
  hall.reactor.spawn(std::move(pinging));
  std::uint64_t before = server.accepted();
  while (server.accepted() < size + 1 || hall.pinging > 0) {
    co_await hall.reactor.next_turn();
    accepts.count(hall.reactor.turns(), server.accepted() - before);
    before = server.accepted();
  }
  server.kill();
}

Task<> always_due(Reactor& reactor, const bool& over, std::uint64_t& times) {
  while (!over) {
    auto slept = co_await reactor.sleep_until(Time::past());
    if (!slept) break;
    ++times;
  }
}

Task<> always_queued(Reactor& reactor, const bool& over) {
  while (!over) co_await reactor.next_turn();
}

Task<> answer_one(Conn& conn, bool& over) {
  char byte = 0;
  for (int time = 0; time < pings; ++time) {
    auto read = co_await conn.read(std::span(&byte, 1));
    if (!read) break;
    auto sent = co_await conn.write("y");
  }
  over = true;
}

Task<> ask_one(Reactor& reactor, Peer& peer, std::uint64_t& slowest) {
  for (int time = 0; time < pings; ++time) {
    const std::uint64_t sent = reactor.turns();
    peer.send("x");
    const std::string answer = co_await test::read_bytes(reactor, peer, 1);
    if (answer != "y") break;
    slowest = std::max(slowest, reactor.turns() - sent);
  }
}

}  // namespace

TEST_CASE(
    "starvation: a crowd of new clients is accepted a budget a turn, after the connections that are there") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Hall hall{reactor, 1, 0, {}};
  Pong handler;
  Server server(reactor);
  auto address = server.listen("127.0.0.1:0", handler);
  REQUIRE(address.has_value());
  PerTurn accepts;
  test::run(reactor, ping_before_a_crowd(hall, server, *address, accepts));
  CHECK(accepts.total() == 5 * Listener::accepts_per_turn);
  CHECK(accepts.most() <= Listener::accepts_per_turn);
  CHECK(hall.slowest <= turns_per_answer);
}

TEST_CASE("starvation: timers that are always due and tasks that never pause leave connections their turns") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, Transport::tcp);
  bool over = false;
  std::uint64_t times = 0, slowest = 0;
  const std::uint64_t before = reactor.turns();
  reactor.spawn(always_due(reactor, over, times));
  reactor.spawn(always_queued(reactor, over));
  reactor.spawn(answer_one(link.conn, over));
  test::run(reactor, ask_one(reactor, link.peer, slowest));
  CHECK(over);
  CHECK(slowest > 0);
  CHECK(slowest <= turns_per_answer);
  CHECK(times > 0);
  CHECK(times <= reactor.turns() - before + 1);  // once a turn, not over and over in one
}
