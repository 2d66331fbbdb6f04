// The kernel gives the lowest free number to the next descriptor. If a connection is closed while events of
// the same epoll_wait(2) batch still name it, and another one is opened before they are served, the newcomer
// gets the events of the dead. The library closes a descriptor only at the end of the turn, when no event of
// the batch is left.
#include <fcntl.h>
#include <unistd.h>

#include <optional>

#include "traps/trap.hpp"

namespace {

using namespace traps;

struct ConnStage {
  explicit ConnStage(Reactor& of) : reactor(of), listener(listen_at(of)) {}
  Reactor& reactor;
  Listener listener;
  Seen first, second, third;
  std::optional<Conn> newcomer;
  int victim_fd = -1;
  int opened_fd = -1;             // the number a descriptor got in the turn of the close
  bool open_during_turn = false;  // whether the victim's was still open then
  bool accepted_same_turn = false;
};

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// Resumed by the first event of the batch: ends the second connection, whose event comes next, and takes in a
// third.
Task<> replace(ConnStage& scene, Conn& conn, Conn& victim) {
  char byte = 0;
  auto read = co_await conn.read(std::span(&byte, 1));
  const std::uint64_t turn = scene.reactor.turns();
  victim.abort();
  const int opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  scene.opened_fd = opened;
  scene.open_during_turn = is_open(scene.victim_fd);
  ::close(opened);
  auto accepted = co_await scene.listener.accept();
  if (!accepted) co_return;
  scene.accepted_same_turn = scene.reactor.turns() == turn;
  scene.newcomer.emplace(std::move(*accepted));
  auto reading = read_all(*scene.newcomer, scene.third);
  co_await std::move(reading);
}

// Spawned after those who read: they are pending when this runs, and the next wait of the loop finds both
// events, in this order.
Task<> make_ready(Conn& conn, Peer& peer, Conn& victim, Peer& victim_peer) {
  peer.send("x");
  settle(conn, 1);
  victim_peer.send("not for the newcomer");
  settle(victim, 20);
  co_return;
}

// The newcomer's peer is silent for some turns, in which no event may reach it, then speaks and finishes.
Task<> speak_late(ConnStage& scene, Peer& peer) {
  while (!scene.newcomer) co_await scene.reactor.next_turn();
  for (int turn = 0; turn < 3; ++turn) co_await scene.reactor.next_turn();
  CHECK(scene.third.bytes.empty());
  CHECK_FALSE(scene.third.ended);
  const bool gone = !is_open(scene.victim_fd) || descriptor_of(*scene.newcomer) == scene.victim_fd;
  CHECK(gone);
  peer.send("newcomer");
  peer.finish();
}

std::optional<Conn> accept_now(Reactor& reactor, Listener& listener) {
  std::optional<Conn> conn;
  auto accept = [](Listener& from, std::optional<Conn>& into) -> Task<> {
    auto accepted = co_await from.accept();
    if (accepted) into.emplace(std::move(*accepted));
  };
  test::run(reactor, accept(listener, conn));
  REQUIRE(conn.has_value());
  return conn;
}

}  // namespace

TEST_CASE(
    "descriptor reuse: within the turn of its close, the number of a connection is not given to another") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  ConnStage scene(reactor);
  Peer first = Peer::connect(scene.listener.local_addr());
  Peer second = Peer::connect(scene.listener.local_addr());
  Peer third = Peer::connect(scene.listener.local_addr());  // stays in the kernel's queue for now
  auto first_conn = accept_now(reactor, scene.listener);
  auto second_conn = accept_now(reactor, scene.listener);
  scene.victim_fd = descriptor_of(*second_conn);
  reactor.spawn(replace(scene, *first_conn, *second_conn));
  reactor.spawn(read_all(*second_conn, scene.second));
  reactor.spawn(speak_late(scene, third));
  reactor.spawn(make_ready(*first_conn, first, *second_conn, second));
  REQUIRE(reactor.run().has_value());
  CHECK(scene.open_during_turn);
  CHECK(scene.opened_fd != scene.victim_fd);
  CHECK(scene.accepted_same_turn);
  CHECK(scene.second.bytes.empty());
  CHECK(scene.second.code == ErrorCode::closed);
  CHECK(scene.third.bytes == "newcomer");
  CHECK(scene.third.code == ErrorCode::eof);
  CHECK(reactor.live_tasks() == 0);
}

namespace {

// Replaces itself, once per turn, by a connection that gets the number it had: the usual case, one turn
// later.
Task<> serve_in_turn(ConnStage& scene, int connections, std::string& heard) {
  for (int connection = 0; connection < connections; ++connection) {
    auto accepted = co_await scene.listener.accept();
    if (!accepted) co_return;
    Conn conn = std::move(*accepted);
    Seen seen;
    auto reading = read_all(conn, seen);
    co_await std::move(reading);
    heard += seen.bytes;
    conn.abort();
  }
}

}  // namespace

TEST_CASE("descriptor reuse: numbers that come back turn after turn carry nothing over") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  ConnStage scene(reactor);
  constexpr int connections = 200;
  std::vector<Peer> peers;
  std::string expected, heard;
  for (int connection = 0; connection < connections; ++connection) {
    Peer peer = Peer::connect(scene.listener.local_addr());
    const std::string text = std::to_string(connection) + ";";
    expected += text;
    peer.send(text);
    peer.finish();
    peers.push_back(std::move(peer));
  }
  test::run(reactor, serve_in_turn(scene, connections, heard));
  CHECK(heard == expected);
}
