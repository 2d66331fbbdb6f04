// A Server with a StreamHandler: one coroutine per connection, and the ends it can come to.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "reactord/pipe.hpp"
#include "reactord/server.hpp"
#include "support/listening_stage.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::Reactor;
using reactord::Server;
using reactord::StreamHandler;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using test::Peer;
using namespace std::chrono_literals;

namespace {

// Answers what it reads; "!" ends the connection from this side.
class Handler final : public StreamHandler {
 public:
  int running = 0;

 private:
  Task<> serve(Conn& conn, Context&) override {
    ++running;
    std::array<char, 256> room{};
    bool done = false;
    while (!done) {
      auto count = co_await conn.read(room);
      if (!count) break;
      const std::string_view bytes(room.data(), *count);
      done = bytes.find('!') != bytes.npos;
      auto sent = co_await conn.write("<", bytes, ">");
      if (!sent) break;
    }
    --running;
  }
};

struct StreamStage : test::Stage {
  StreamStage() {
    auto listening = server.listen("127.0.0.1:0", handler);
    REQUIRE(listening.has_value());
    address = *listening;
  }
  Task<Peer> connect() { return test::connect_served(server, reactor, address); }
  // All of them have ended, by this cause.
  void check_ended(EndCause cause, std::uint64_t count) const {
    CHECK(handler.running == 0);
    CHECK(server.open_connections() == 0);
    CHECK(server.ended(cause) == count);
    CHECK(server.accepted() == count);
  }

  Handler handler;
  Server server{reactor};
  Address address;
};

}  // namespace

TEST_CASE("a stream handler serves each connection to the peer's end") {
  StreamStage stage;
  stage.run([](StreamStage& on) -> Task<> {
    auto one = co_await on.connect();
    auto two = co_await on.connect();
    CHECK(on.handler.running == 2);
    for (Peer* peer : {&one, &two}) {
      peer->send("x");
      auto answer = co_await test::read_bytes(on.reactor, *peer, 3);
      CHECK(answer == "<x>");
      peer->finish();
      auto rest = co_await test::read_to_end(on.reactor, *peer);
      CHECK(rest.empty());
      CHECK(peer->error() == 0);
    }
    on.server.drain(1s);
  });
  stage.check_ended(EndCause::eof, 2);
}

TEST_CASE("when the handler returns, what it wrote is sent and the connection ends in order") {
  StreamStage stage;
  stage.run([](StreamStage& on) -> Task<> {
    auto peer = co_await on.connect();
    peer.send("bye!");
    auto answer = co_await test::read_to_end(on.reactor, peer);
    CHECK(answer == "<bye!>");
    CHECK(peer.error() == 0);
    peer.close();
    on.server.drain(1s);
  });
  stage.check_ended(EndCause::finished, 1);
}

TEST_CASE("a stream on which nothing moves either way ends at the idle timeout") {
  StreamStage stage;
  stage.run([](StreamStage& on) -> Task<> {
    auto peer = co_await on.connect();
    auto first = co_await on.reactor.sleep(50s);
    CHECK(first.has_value());
    peer.send("x");
    auto answer = co_await test::read_bytes(on.reactor, peer, 3);
    CHECK(answer == "<x>");
    auto second = co_await on.reactor.sleep(59s);
    CHECK(second.has_value());
    CHECK(on.server.open_connections() == 1);
    auto third = co_await on.reactor.sleep(2s);
    CHECK(third.has_value());
    auto end = co_await test::read_to_end(on.reactor, peer);
    CHECK(end.empty());
    CHECK(peer.error() == 0);
    peer.close();
    on.server.drain(1s);
  });
  stage.check_ended(EndCause::idle, 1);
}

TEST_CASE("a drain lets a stream read what had been received, then ends it") {
  StreamStage stage;
  stage.run([](StreamStage& on) -> Task<> {
    auto silent = co_await on.connect();
    auto talking = co_await on.connect();
    co_await test::send_all(on.reactor, talking, "received");
    const Time start = on.reactor.now();
    on.server.drain(10s);
    auto answer = co_await test::read_to_end(on.reactor, talking);
    CHECK(answer == "<received>");
    auto nothing = co_await test::read_to_end(on.reactor, silent);
    CHECK(nothing.empty());
    CHECK(silent.error() + talking.error() == 0);
    CHECK(on.reactor.now() == start);
  });
  stage.check_ended(EndCause::drained, 2);
}

TEST_CASE("kill ends a handler that waits") {
  StreamStage stage;
  stage.run([](StreamStage& on) -> Task<> {
    auto peer = co_await on.connect();
    CHECK(on.handler.running == 1);
    on.server.kill();
    auto nothing = co_await test::read_to_end(on.reactor, peer);
    CHECK(nothing.empty());
  });
  stage.check_ended(EndCause::killed, 1);
}

TEST_CASE("a peer that breaks a stream off is counted as reset") {
  StreamStage stage;
  stage.run([](StreamStage& on) -> Task<> {
    auto peer = co_await on.connect();
    peer.reset();
    const auto is_gone = [&on] { return on.server.open_connections() == 0; };
    co_await test::until(on.reactor, is_gone);
    on.server.drain(1s);
  });
  stage.check_ended(EndCause::reset, 1);
}

namespace {

// Waits for a minute, an hour, for ever: only its context ends that.
class Sleeper final : public StreamHandler {
 public:
  std::string why;
  Time ended;

 private:
  Task<> serve(Conn& conn, Context& context) override {
    auto slept = co_await context.done();
    why = slept.error().text() + ", " + context.cause()->text();
    ended = conn.reactor().now();
    auto sent = co_await conn.write("good bye");
    if (!sent) CHECK(sent.error().is_closed());
  }
};

}  // namespace

TEST_CASE("a handler that waits for something else is told of the drain, and can still answer") {
  VirtualClock clock;
  Reactor reactor(clock);
  Server server(reactor);
  Sleeper handler;
  auto [client, served] = reactord::buffered_pipe(reactor);
  server.serve(std::move(served), handler);
  static constexpr auto body = [](Server& of, Conn& conn) -> Task<> {
    auto slept = co_await conn.reactor().sleep(10s);
    CHECK(slept.has_value());
    of.drain(1s);
    std::array<char, 64> room{};
    auto answer = co_await conn.read(room);
    REQUIRE(answer.has_value());
    CHECK(std::string_view(room.data(), *answer) == "good bye");
  };
  test::run(reactor, body(server, client));
  CHECK(handler.why == "operation was canceled, the server is draining");
  CHECK(server.ended(EndCause::drained) == 1);
}

TEST_CASE("a handler that waits for something else is told that its connection was idle") {
  VirtualClock clock;
  Reactor reactor(clock);
  Server server(reactor);
  Sleeper handler;
  auto [client, served] = reactord::buffered_pipe(reactor);
  const Time start = reactor.now();
  server.serve(std::move(served), handler);
  REQUIRE(reactor.run().has_value());
  CHECK(handler.why == "operation was canceled, the connection was idle");
  CHECK(handler.ended - start == 60s);
  CHECK(server.ended(EndCause::idle) == 1);
}

// The idle timer began the close anew, took the linger timer away, and called the end idle.
TEST_CASE("an idle timeout shorter than the lingering does not disturb a stream that has finished") {
  VirtualClock clock;
  Reactor reactor(clock);
  Server server(reactor, {.limits = {.idle_timeout = 1s}});
  Handler handler;
  auto listening = server.listen("127.0.0.1:0", handler);
  REQUIRE(listening.has_value());
  static constexpr auto body = [](Server& of, Reactor& on, Address address) -> Task<> {
    Peer peer = Peer::connect(address);
    peer.send("bye!");
    auto answer = co_await test::read_to_end(on, peer);
    CHECK(answer == "<bye!>");
    auto slept = co_await on.sleep(5s);  // the peer leaves its side open
    CHECK(slept.has_value());
    CHECK(of.open_connections() == 0);
    of.drain(1s);
  };
  test::run(reactor, body(server, reactor, *listening));
  CHECK(server.ended(EndCause::finished) == 1);
}
