// What may happen between an accept and the first turn of its session, and from within a handler or an observer: a
// session exists from its accept on, deliveries do not nest, and nothing that a user calls back pulls the floor away.
#include "support/endable_stage.hpp"
#include "support/listening_stage.hpp"
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::Limits;
using reactord::ListenerId;
using reactord::OverLimit;
using reactord::Reactor;
using reactord::Reply;
using reactord::Server;
using reactord::Task;
using test::ListeningStage;
using test::Peer;
using test::ServerStage;
using namespace std::chrono_literals;
using namespace test::endable;

namespace {

Limits two_at_once() {
  Limits limits;
  limits.connections = {.most = 2, .then = OverLimit::defer};
  return limits;
}

// Reads nothing, and waits.
class Sleeps final : public reactord::StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    auto slept = co_await conn.reactor().sleep(1h);
    CHECK(slept.has_value());
  }
};

}  // namespace

TEST_CASE("a reload between the accept of a stream and its coroutine's first turn counts it once") {
  EndableStage stage(two_at_once());
  stage.run([](EndableStage& on) -> Task<> {
    for (int round = 0; round < 3; ++round) {
      Conn client = on.serve(on.echoes);
      on.server->set_limits(two_at_once());  // the coroutine has not begun
      CHECK(on.server->check());
      co_await test::say(client, "x");
      auto heard = co_await test::hear(client, 1);
      CHECK(heard == "x");
      auto closed = client.close();
      while (on.server->open_connections() > 0) co_await on.reactor.next_turn();
      CHECK(on.server->check());
    }
    auto where = on.server->listen("127.0.0.1:0", on.lines);
    REQUIRE(where.has_value());
    Peer peer = Peer::connect(*where);
    peer.send("a\n");
    for (int turns = 0; turns < 20; ++turns) co_await on.reactor.next_turn();
    CHECK(peer.receive() == "got a\n");  // nobody is shut out
    on.server->kill();
  });
}

TEST_CASE("a listener that is replaced before a stream's coroutine began leaves it its service") {
  test::RecordingObserver observer;
  reactord::VirtualClock clock;
  Echoes echoes;
  Reactor reactor{clock};
  Server server(reactor, {.limits = {}, .observer = &observer});
  auto first = reactord::listen(reactor, "tcp", "127.0.0.1:0");
  REQUIRE(first.has_value());
  const auto where = first->local_addr();
  const ListenerId id = server.listen(std::move(*first), echoes, "first");
  static constexpr auto listen_anew = [](Reactor& on, Server& to, Echoes& by) -> Task<> {
    auto listener = reactord::listen(on, "tcp", "127.0.0.1:0");
    REQUIRE(listener.has_value());
    to.listen(std::move(*listener), by, "second");  // forgets the services that nobody uses
    co_return;
  };
  observer.at_accept = [&] {
    server.stop_listening(id);
    reactor.spawn(listen_anew(reactor, server, echoes));  // queued before the stream's coroutine
  };
  test::run(
      reactor,
      [](Reactor& on, Server& served, const reactord::Address& at) -> Task<> {
        Peer peer = Peer::connect(at);
        peer.send("x");
        auto heard = co_await test::read_bytes(on, peer, 1);
        CHECK(heard == "x");
        CHECK(served.check());
        served.drain(1s);
        peer.close();
      },
      server, where);
  CHECK(server.ended(EndCause::eof) + server.ended(EndCause::drained) == 1);
}

TEST_CASE(
    "a connection that a handler gives to the server is served apart from the delivery in which it was "
    "given") {
  EndableStage stage;
  stage.run([](EndableStage& on) -> Task<> {
    Calling inner;
    std::optional<Conn> second;
    on.lines.before = [&](std::string_view line, Reply& reply) {
      if (line != "serve") return;
      reply.write("before ");
      auto pair = reactord::buffered_pipe(on.reactor);
      second.emplace(std::move(pair.second));
      auto write = second->write("inner\n");  // there before it is served
      CHECK(write.await_ready());
      on.server->serve(std::move(pair.first), inner, "inner");
    };
    Conn first = on.serve(on.lines);
    co_await test::say(first, "a\nserve\nb\n");
    auto heard = co_await test::hear(first, 29);
    CHECK(heard == "got a\nbefore got serve\ngot b\n");
    auto other = co_await test::hear(*second, 10);
    CHECK(other == "got inner\n");
    on.server->kill();
  });
}

TEST_CASE("after a kill from within a handler no line is handled and no answer sent") {
  EndableStage stage;
  stage.run([](EndableStage& on) -> Task<> {
    on.lines.before = [&](std::string_view line, Reply&) {
      if (line == "kill") on.server->kill();
    };
    Conn client = on.serve(on.lines);
    std::string text = "a\nkill\n";
    for (int line = 0; line < 200; ++line) text += "late\n";
    co_await test::say(client, text);
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
    CHECK(on.lines.lines == 2);
    while (on.server->open_connections() > 0) co_await on.reactor.next_turn();
    CHECK(on.server->ended(EndCause::killed) == 1);
  });
}

TEST_CASE("a handler may change the limits, and what begins by that waits for its turn") {
  Limits limits;
  limits.connections_per_address = {.most = 1, .then = OverLimit::defer};
  ListeningStage stage(limits);
  Calling calling;
  auto listening = stage.server.listen("127.0.0.1:0", calling, "calling");
  REQUIRE(listening.has_value());
  calling.before = [&](std::string_view line, Reply&) {
    if (line == "free") stage.server.set_limits(Limits{});  // the one that waits begins
  };
  stage.run(
      [](ListeningStage& on, reactord::Address at) -> Task<> {
        Peer first = on.connect_to(at, "one\n");
        auto heard = co_await test::read_line(on.reactor, first);
        Peer second = on.connect_to(at, "two\n");
        co_await on.settle();
        CHECK(on.observer.deferred().size() == 1);
        first.send("free\nthree\n");
        heard = co_await test::read_line(on.reactor, first);
        CHECK(heard == "got free\n");
        heard = co_await test::read_line(on.reactor, first);
        CHECK(heard == "got three\n");
        heard = co_await test::read_line(on.reactor, second);
        CHECK(heard == "got two\n");
        on.server.drain(1s);
      },
      *listening);
}

TEST_CASE("one drain has one cause, for half a line and for a stream that waits") {
  ServerStage stage(Limits{.idle_timeout = 20s});
  stage.run([](ServerStage& on) -> Task<> {
    Sleeps sleeps;
    Conn line = on.client();
    Conn stream = on.serve(sleeps);
    co_await test::say(line, "half");
    co_await test::pass(on.reactor, 1s);
    on.server.drain(2min);
    while (on.server.open_connections() > 1) co_await on.reactor.sleep(1s);
    co_await test::pass(on.reactor, 1h);
    CHECK(on.observer.causes() == std::vector<std::string>{"drained", "drained"});
  });
}

TEST_CASE("a task may end the Server while other events of its turn wait") {
  EndableStage stage;
  auto listener = reactord::listen(stage.reactor, "tcp", "127.0.0.1:0");
  REQUIRE(listener.has_value());
  const auto where = listener->local_addr();
  stage.server->listen(std::move(*listener), stage.lines);
  stage.run(
      [](EndableStage& on, const reactord::Address& at) -> Task<> {
        std::vector<Peer> peers;
        for (int peer = 0; peer < 20; ++peer) {
          peers.push_back(Peer::connect(at));
          peers.back().send("a\n");
        }
        while (on.lines.lines < 20) co_await on.reactor.next_turn();
        Conn stream = on.serve(on.echoes);
        co_await on.reactor.next_turn();
        on.lines.before = [&on](std::string_view line, Reply&) {
          if (line == "end") on.server.reset();
        };
        for (Peer& peer : peers) peer.send(&peer == &peers[3] ? "end\nlate\n" : "b\n");
        while (on.server) co_await on.reactor.next_turn();
        const std::size_t handled = on.lines.lines;
        for (int turns = 0; turns < 5; ++turns) co_await on.reactor.next_turn();
        CHECK(on.lines.lines == handled);
      },
      where);
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("on_drained may end the Server, in a turn and outside of one") {
  for (const bool within : {true, false}) {
    EndableStage stage;
    stage.observer.at_drained = [&stage] { stage.server.reset(); };
    stage.run(
        [](EndableStage& on, bool drain) -> Task<> {
          Conn client = on.serve(on.lines);
          co_await test::say(client, "a\n");
          auto heard = co_await test::hear(client, 6);
          CHECK(heard == "got a\n");
          if (drain) on.server->drain(1s);
          auto closed = client.close();
        },
        within);
    if (!within) stage.server->drain(1s);
    CHECK_FALSE(stage.server.has_value());
    CHECK(stage.reactor.live_tasks() == 0);
  }
}

// What a handler is given is valid during its call: no way to keep it compiles, but for a reference.
static_assert(!std::is_copy_constructible_v<Reply> && !std::is_move_constructible_v<Reply>);

static_assert(!std::is_copy_assignable_v<Reply> && !std::is_move_assignable_v<Reply>);

TEST_CASE("what is written to a Reply that was kept goes to nobody") {
  EndableStage stage;
  stage.run([](EndableStage& on) -> Task<> {
    Reply* kept = nullptr;
    on.lines.before = [&](std::string_view, Reply& reply) { kept = &reply; };
    Conn first = on.serve(on.lines);
    Conn second = on.serve(on.lines);
    co_await test::say(first, "a\n");
    auto heard = co_await test::hear(first, 6);
    REQUIRE(kept != nullptr);
    kept->write("late\n");
    co_await test::say(second, "b\n");
    heard = co_await test::hear(second, 6);
    CHECK(heard == "got b\n");
    on.server->drain(1s);
    heard = co_await test::hear_to_end(second);
    CHECK(heard.empty());
    heard = co_await test::hear_to_end(first);
    CHECK(heard.empty());
  });
  CHECK(stage.reactor.buffers().bytes_in_use() == 0);
}
