// What a drain, a kill and the end of everything make of connections that are held back.
#include <array>

#include "reactord/pipe.hpp"
#include "support/listening_stage.hpp"

using reactord::EndCause;
using reactord::Limits;
using reactord::OverLimit;
using reactord::Task;
using reactord::Time;
using test::ListeningStage;
using test::Peer;
using test::Texts;
using namespace std::chrono_literals;

namespace {

Limits one_connection() {
  Limits limits;
  limits.connections = {.most = 1, .then = OverLimit::defer};
  return limits;
}

Limits one_of_each_address() {
  Limits limits;
  limits.connections_per_address = {.most = 1, .then = OverLimit::defer};
  return limits;
}

Limits one_a_minute() {
  Limits limits;
  limits.accepts = {.per_second = 1, .burst = 1, .then = OverLimit::defer};
  return limits;
}

}  // namespace

TEST_CASE("a drain closes those that wait in order, unserved") {
  ListeningStage stage(one_of_each_address());
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("half"), waits = on.connect("x\n");
    co_await on.settle();
    CHECK(on.server.open_connections() == 2);
    on.server.drain(10s);
    auto nothing = co_await test::read_to_end(on.reactor, waits);
    CHECK(nothing.empty());
    CHECK(waits.error() == 0);
    waits.close();
    served.send(" whole\n");
    auto answered = co_await test::read_to_end(on.reactor, served);
    CHECK(answered == "got half whole\n");
  });
  CHECK(stage.server.ended(EndCause::drained) == 2);
}

TEST_CASE("a drain ends who comes out of the queue and would have to wait") {
  ListeningStage stage(one_of_each_address());
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("half");
    co_await on.settle();
    Peer late = on.connect("x\n");
    on.server.drain(10s);
    auto nothing = co_await test::read_to_end(on.reactor, late);
    CHECK(nothing.empty());
    CHECK(late.error() == 0);
    late.close();
    served.close();
  });
  CHECK(stage.server.accepted() == 2);
  CHECK(stage.server.ended(EndCause::drained) == 1);
}

TEST_CASE("a kill ends those that wait at once") {
  ListeningStage stage(one_of_each_address());
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("half"), waits = on.connect("x\n");
    co_await on.settle();
    on.server.kill();
    auto nothing = co_await test::read_to_end(on.reactor, waits);
    CHECK(nothing.empty());
  });
  CHECK(stage.server.ended(EndCause::killed) == 2);
}

TEST_CASE("a full server that drains empties its queue as connections end") {
  ListeningStage stage(one_connection());
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("half");
    co_await on.settle();
    std::vector<Peer> queued;
    for (int count = 0; count < 3; ++count) queued.push_back(on.connect("x\n"));
    on.server.drain(10s);
    co_await on.settle();
    CHECK(on.server.accepted() == 1);
    served.send("\n");
    auto answered = co_await test::read_to_end(on.reactor, served);
    CHECK(answered == "got half\n");
    served.close();
    for (Peer& peer : queued) {
      auto reply = co_await test::read_to_end(on.reactor, peer);
      CHECK(reply == "got x\n");
      CHECK(peer.error() == 0);
      peer.close();
    }
  });
  CHECK(stage.server.accepted() == 4);
  CHECK(stage.server.ended(EndCause::drained) == 4);
}

TEST_CASE("a full server that can't drain in time is killed with its queue") {
  Limits limits = one_connection();
  limits.drain_line_timeout = 0s;
  ListeningStage stage(limits);
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("half"), queued = on.connect("x\n");
    co_await on.settle();
    const Time start = on.reactor.now();
    on.server.drain(10s);
    auto slept = co_await on.reactor.sleep(9s);
    CHECK(slept.has_value());
    CHECK(on.server.open_connections() == 1);
    auto rest = co_await on.reactor.sleep(1s);
    CHECK(rest.has_value());
    const auto is_done = [&on] { return on.observer.drained == 1; };
    co_await test::until(on.reactor, is_done);
    CHECK(on.reactor.now() - start <= 10s + 1ms);
  });
  CHECK(stage.server.accepted() == 1);
  CHECK(stage.server.ended(EndCause::killed) == 1);
}

TEST_CASE("a kill reaches an accept loop that waits for a place or for the rate") {
  for (const Limits& limits : {one_connection(), one_a_minute()}) {
    ListeningStage stage(limits);
    const Time start = stage.reactor.now();
    stage.run([](ListeningStage& on) -> Task<> {
      Peer served = on.connect("half"), queued = on.connect("x\n");
      co_await on.settle();
      CHECK(on.observer.deferred().size() == 1);
      on.server.kill();
    });
    CHECK(stage.reactor.now() == start);
  }
}

TEST_CASE("a drain does not wait for the rate") {
  ListeningStage stage(one_a_minute());
  const Time start = stage.reactor.now();
  stage.run([](ListeningStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 5; ++count) peers.push_back(on.connect("x\n"));
    co_await on.settle();
    CHECK(on.server.accepted() == 1);
    on.server.drain(10s);
    for (Peer& peer : peers) {
      auto reply = co_await test::read_to_end(on.reactor, peer);
      CHECK(reply == "got x\n");
      peer.close();
    }
  });
  CHECK(stage.reactor.now() == start);
  CHECK(stage.server.accepted() == 5);
}

TEST_CASE("a server that goes while others wait leaves no task and no descriptor") {
  for (const Limits& limits : {one_connection(), one_a_minute(), one_of_each_address()}) {
    const test::DescriptorCheck descriptors;
    reactord::Reactor reactor;
    {
      test::Answers handler;
      reactord::Server server(reactor, {.limits = limits});
      const auto address = server.listen("127.0.0.1:0", handler);
      REQUIRE(address.has_value());
      Peer one = Peer::connect(*address), two = Peer::connect(*address);
      static constexpr auto stop = [](reactord::Reactor& on, reactord::Server& of) -> Task<> {
        while (of.open_connections() == 0) co_await on.next_turn();
        for (int turns = 0; turns < 20; ++turns) co_await on.next_turn();
        on.stop();
      };
      reactor.spawn(stop(reactor, server));
      REQUIRE(reactor.run().has_value());
    }
    CHECK(reactor.live_tasks() == 0);
    CHECK(reactor.open_descriptors() == 0);
  }
}

TEST_CASE("a Reactor that shuts down ends an accept loop that waits") {
  for (const Limits& limits : {one_connection(), one_a_minute()}) {
    const test::DescriptorCheck descriptors;
    reactord::Reactor reactor;
    test::Answers handler;
    reactord::Server server(reactor, {.limits = limits});
    const auto address = server.listen("127.0.0.1:0", handler);
    REQUIRE(address.has_value());
    Peer peer = Peer::connect(*address);
    static constexpr auto stop = [](reactord::Reactor& on, reactord::Server& of) -> Task<> {
      while (of.open_connections() == 0) co_await on.next_turn();
      for (int turns = 0; turns < 20; ++turns) co_await on.next_turn();
      on.stop();
    };
    reactor.spawn(stop(reactor, server));
    REQUIRE(reactor.run().has_value());
    reactor.shutdown();
    CHECK(reactor.live_tasks() == 0);
    CHECK(reactor.open_descriptors() == 0);
    CHECK(server.check());
  }
}

TEST_CASE("a connection given after the drain has the drain's time, and after a kill none") {
  ListeningStage stage({.drain_line_timeout = 0s});
  stage.run([](ListeningStage& on) -> Task<> {
    on.server.drain(5s);
    co_await on.settle();
    CHECK(on.observer.drained == 1);
    auto first = co_await on.reactor.sleep(1min);
    CHECK(first.has_value());
    auto [near, far] = reactord::buffered_pipe(on.reactor);
    auto sent = co_await near.write("half");
    CHECK(sent.has_value());
    on.server.serve(std::move(far), on.handler);
    auto second = co_await on.reactor.sleep(4s);
    CHECK(second.has_value());
    CHECK(on.server.open_connections() == 1);
    auto third = co_await on.reactor.sleep(1s + 1ms);
    CHECK(third.has_value());
    co_await on.settle();
    CHECK(on.server.open_connections() == 0);
    CHECK(on.server.ended(EndCause::killed) == 1);
    std::array<char, 16> room{};
    auto [late, served] = reactord::buffered_pipe(on.reactor);
    on.server.serve(std::move(served), on.handler);
    co_await on.settle();
    CHECK(on.server.open_connections() == 0);
    auto nothing = co_await late.read(room);
    CHECK_FALSE(nothing.has_value());
  });
}

TEST_CASE("a connection given after the drain that ends in order leaves no timer behind") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    on.server.drain(10s);
    co_await on.settle();
    auto [near, far] = reactord::buffered_pipe(on.reactor);
    on.server.serve(std::move(far), on.handler);
    co_await on.settle();
    CHECK(on.server.ended(EndCause::drained) == 1);
    CHECK(on.reactor.timers().size() == 0);
  });
  CHECK(stage.server.ended(EndCause::killed) == 0);
}
