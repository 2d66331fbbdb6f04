// Several deadlines expire in one turn, and what the first of them runs closes, re-arms or destroys the
// others: a loop that has collected the expired and then calls them one by one calls the dead. The library
// keeps an expired timer linked until its very call, so that closing or moving a deadline is effective at
// every moment.
#include <array>
#include <memory>

#include "traps/trap.hpp"

namespace {

using namespace traps;

enum class Deed { rearm, clear, close, abort, destroy };

constexpr std::size_t connections = 3;

// Connections that wait with one and the same deadline. The first to time out does the deed to the others.
struct ConnStage {
  Deed deed{};
  std::array<std::unique_ptr<Conn>, connections> conns;
  std::array<Seen, connections> seen;
  std::vector<Peer> peers;
  std::size_t actor = connections;
  std::size_t open_after_deed = 0;
};

void do_to(Deed deed, std::unique_ptr<Conn>& conn) {
  switch (deed) {
    case Deed::rearm:
      CHECK(conn->set_read_deadline(conn->reactor().now() + 1h).has_value());
      break;
    case Deed::clear:
      CHECK(conn->set_read_deadline(Time::never()).has_value());
      break;
    case Deed::close:
      CHECK(conn->close().has_value());
      break;
    case Deed::abort:
      conn->abort();
      break;
    case Deed::destroy:
      conn.reset();
      break;
  }
}

Task<> wait(ConnStage& scene, std::size_t index) {
  Seen& seen = scene.seen[index];
  char byte = 0;
  auto read = co_await scene.conns[index]->read(std::span(&byte, 1));
  if (read) seen.bytes.assign(1, byte);
  if (!read) seen.note(read.error());
  seen.ended = true;
  if (scene.actor != connections) co_return;
  scene.actor = index;
  for (std::size_t other = 0; other < connections; ++other) {
    if (other != index) do_to(scene.deed, scene.conns[other]);
  }
}

// Long after the deed: too late for the old deadline, too early for the new one.
Task<> speak(Reactor& reactor, ConnStage& scene) {
  auto slept = co_await reactor.sleep(1s);
  scene.open_after_deed = reactor.open_descriptors();
  auto slept_on = co_await reactor.sleep(30min);
  for (std::size_t index = 0; index < connections; ++index) {
    if (!scene.seen[index].ended) scene.peers[index].send("x");
  }
}

void expire_together(Deed deed) {
  const int number = static_cast<int>(deed);
  CAPTURE(number);
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  ConnStage scene;
  scene.deed = deed;
  for (std::size_t index = 0; index < connections; ++index) {
    test::Link link = test::connect(reactor, Transport::tcp);
    scene.conns[index] = std::make_unique<Conn>(std::move(link.conn));
    scene.peers.push_back(std::move(link.peer));
  }
  const Time deadline = reactor.now() + 5ms;
  for (std::size_t index = 0; index < connections; ++index) {
    REQUIRE(scene.conns[index]->set_read_deadline(deadline).has_value());
    reactor.spawn(wait(scene, index));
  }
  test::run(reactor, speak(reactor, scene));
  REQUIRE(scene.actor < connections);
  // A closed connection lingers for its peer; the deadline of its past does not cut that short.
  const bool gone = deed == Deed::abort;
  CHECK(scene.open_after_deed == (gone ? 1 : connections));
  const bool spoken = deed == Deed::rearm || deed == Deed::clear;
  for (std::size_t index = 0; index < connections; ++index) {
    const Seen& seen = scene.seen[index];
    CHECK(seen.ended);
    if (index == scene.actor) {
      CHECK(seen.code == ErrorCode::deadline_exceeded);
    } else if (spoken) {
      CHECK(seen.bytes == "x");
    } else {
      CHECK(seen.code == ErrorCode::closed);
    }
  }
}

// Data and the deadline arrive in the same turn: the data is read first, and the reader moves the deadline
// on.
Task<> read_and_move_on(Conn& conn, Seen& seen) {
  char byte = 0;
  while (true) {
    auto set = conn.set_read_deadline(conn.reactor().now() + 10ms);
    auto read = co_await conn.read(std::span(&byte, 1));
    if (!read) {
      seen.note(read.error());
      co_return;
    }
    seen.bytes += byte;
  }
}

Task<> speak_at_the_deadline(Reactor& reactor, VirtualClock& clock, test::Link& link) {
  for (int time = 0; time < 3; ++time) {
    co_await reactor.next_turn();
    link.peer.send("x");
    settle(link.conn, 1);
    clock.advance(10ms);  // the next turn finds the byte there and the deadline passed
  }
}

}  // namespace

TEST_CASE("stale timer: deadlines that expired in the same turn are moved or ended by the first that runs") {
  for (const Deed deed : {Deed::rearm, Deed::clear, Deed::close, Deed::abort, Deed::destroy})
    expire_together(deed);
}

TEST_CASE("stale timer: a deadline that is moved in the turn in which it expires does not fire") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  test::Link link = test::connect(reactor, Transport::tcp);
  Seen seen;
  reactor.spawn(read_and_move_on(link.conn, seen));
  test::run(reactor, speak_at_the_deadline(reactor, clock, link));
  CHECK(seen.bytes == "xxx");
  CHECK(seen.code == ErrorCode::deadline_exceeded);
}

TEST_CASE("stale timer: a connection that is gone leaves no timer behind") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  test::Link link = test::connect(reactor, Transport::tcp);
  REQUIRE(link.conn.set_deadline(reactor.now() + 1h).has_value());
  Seen seen;
  reactor.spawn(read_all(link.conn, seen));
  auto abort = [](Conn& conn) -> Task<> {
    CHECK(conn.reactor().timers().size() == 1);
    conn.abort();
    CHECK(conn.reactor().timers().size() == 0);
    co_return;
  };
  test::run(reactor, abort(link.conn));
  CHECK(seen.code == ErrorCode::closed);
  CHECK(reactor.timers().check());
}

TEST_CASE("stale timer: sleepers that have expired and not yet run can still be cancelled") {
  VirtualClock clock;
  Reactor reactor(clock);
  constexpr std::size_t late = 500, sleepers = Reactor::timers_per_turn + late;
  std::size_t woken = 0, cancelled = 0;
  auto sleep = [](Reactor& of, std::size_t& woken_so_far, std::size_t& cancelled_so_far) -> Task<> {
    auto slept = co_await of.sleep(7ms);
    ++(slept ? woken_so_far : cancelled_so_far);
    of.stop();  // at the end of the turn, in which not all of them get to run
  };
  for (std::size_t one = 0; one < sleepers; ++one) reactor.spawn(sleep(reactor, woken, cancelled));
  REQUIRE(reactor.run().has_value());
  CHECK(woken == Reactor::timers_per_turn);
  CHECK(reactor.timers().expired() == late);
  reactor.shutdown();
  CHECK(cancelled == late);
  CHECK(reactor.timers().size() == 0);
  CHECK(reactor.live_tasks() == 0);
}
