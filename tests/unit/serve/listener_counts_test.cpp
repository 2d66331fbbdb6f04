// The connections of each listener of a Server, by number. Every settle() holds that the counts of all come to those of the
// server.
#include <optional>

#include "support/listening_stage.hpp"

using reactord::Address;
using reactord::Limits;
using reactord::ListenerId;
using reactord::OverLimit;
using reactord::Task;
using test::ListeningStage;
using test::Peer;
using namespace std::chrono_literals;

namespace {

struct Place {
  Address address;
  ListenerId id = 0;
};

struct CountStage : ListeningStage {
  explicit CountStage(const Limits& limits = {}) : ListeningStage(limits) {}
  Place open() {
    auto listener = reactord::listen(reactor, "tcp", "127.0.0.1:0");
    REQUIRE(listener.has_value());
    const Address local = listener->local_addr();
    return {local, server.listen(std::move(*listener), handler, "counted")};
  }
  void check(const Place& place, std::uint64_t accepted, std::size_t open) const {
    const auto counts = server.counts_of(place.id);
    REQUIRE(counts.has_value());
    CHECK(counts->accepted == accepted);
    CHECK(counts->open == open);
  }

  Place one = open(), two = open();
};

Task<> ask(CountStage& on, Peer& peer, std::string text) {
  auto reply = co_await test::read_line(on.reactor, peer);
  CHECK(reply == "got " + text + "\n");
}

Limits each_address(std::size_t count, OverLimit then) {
  Limits limits;
  limits.connections_per_address = {.most = count, .then = then};
  return limits;
}

}  // namespace

TEST_CASE("each listener counts the connections that came by it, and those of them that are open") {
  CountStage stage;
  stage.run([](CountStage& on) -> Task<> {
    on.check(on.one, 0, 0);
    Peer first = on.connect_to(on.one.address, "1\n");
    Peer second = on.connect_to(on.one.address, "2\n");
    Peer third = on.connect_to(on.two.address, "3\n");
    Peer uncounted = on.connect("4\n");
    co_await ask(on, first, "1");
    co_await ask(on, second, "2");
    co_await ask(on, third, "3");
    co_await ask(on, uncounted, "4");
    on.check(on.one, 2, 2);
    on.check(on.two, 1, 1);
    first.close();
    co_await on.settle();
    on.check(on.one, 2, 1);
    CHECK(second.send("quit\n") == 5);
    co_await ask(on, second, "quit");
    second.close();
    co_await on.settle();
    on.check(on.one, 2, 0);
    on.check(on.two, 1, 1);
    CHECK(on.server.accepted() == 4);
    CHECK_FALSE(on.server.counts_of(0).has_value());
    CHECK_FALSE(on.server.counts_of(77).has_value());
    on.server.kill();
  });
  CHECK_FALSE(stage.server.counts_of(stage.one.id).has_value());
}

TEST_CASE("with another handler a listener counts anew, and what came before counts for none") {
  CountStage stage;
  stage.run([](CountStage& on) -> Task<> {
    Peer before = on.connect_to(on.one.address, "1\n");
    co_await ask(on, before, "1");
    const Place changed{on.one.address, on.server.change_handler(on.one.id, on.handler, "changed")};
    CHECK(changed.id != 0);
    CHECK_FALSE(on.server.counts_of(on.one.id).has_value());
    on.check(changed, 0, 0);
    Peer behind = on.connect_to(on.one.address, "2\n");
    co_await ask(on, behind, "2");
    on.check(changed, 1, 1);
    before.close();
    co_await on.settle();
    on.check(changed, 1, 1);
    CHECK(on.server.open_connections() == 1);
    on.server.drain(1s);
  });
}

TEST_CASE("a listener that is stopped counts until it has closed, its connections go on") {
  CountStage stage;
  stage.run([](CountStage& on) -> Task<> {
    Peer connected = on.connect_to(on.one.address, "1\n");
    co_await ask(on, connected, "1");
    Peer queued = on.connect_to(on.one.address, "2\n");
    on.server.stop_listening(on.one.id);
    on.check(on.one, 1, 1);
    co_await ask(on, queued, "2");
    co_await on.settle();
    CHECK_FALSE(on.server.counts_of(on.one.id).has_value());
    CHECK(on.server.open_connections() == 2);
    connected.close();
    co_await on.settle();
    CHECK(on.server.open_connections() == 1);
    on.server.drain(1s);
  });
}

TEST_CASE("a connection that the server is given counts for no listener") {
  CountStage stage;
  stage.run([](CountStage& on) -> Task<> {
    auto conn = on.client();
    co_await on.settle();
    CHECK(on.server.open_connections() == 1);
    on.check(on.one, 0, 0);
    on.check(on.two, 0, 0);
    co_await test::say(conn, "quit\n");
    auto heard = co_await test::hear_to_end(conn);
    CHECK(heard == "got quit\n");
    on.server.drain(1s);
  });
}

TEST_CASE("connections that wait for their address's turn, and rejected ones, count for their listener") {
  CountStage stage(each_address(1, OverLimit::defer));
  stage.run([](CountStage& on) -> Task<> {
    Peer served = on.connect_to(on.one.address, "1\n");
    co_await ask(on, served, "1");
    Peer waits = on.connect_to(on.two.address, "2\n");
    co_await on.settle();
    CHECK(on.server.waiting_connections() == 1);
    on.check(on.one, 1, 1);
    on.check(on.two, 1, 1);
    served.close();
    co_await ask(on, waits, "2");
    on.check(on.one, 1, 0);
    on.check(on.two, 1, 1);
    on.server.set_limits(each_address(1, OverLimit::reject));
    Peer rejected = on.connect_to(on.one.address, "3\n");
    auto told = co_await test::read_to_end(on.reactor, rejected);
    CHECK(told == "ERR too many connections from your address (max 1)\n");
    on.check(on.one, 2, 1);  // it lingers until its peer has closed
    rejected.close();
    co_await on.settle();
    on.check(on.one, 2, 0);
    on.server.drain(1s);
  });
}
