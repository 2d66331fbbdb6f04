// What an observer does amid an accept or a reload, and what a reload means for a time that does not run yet.
#include "support/endable_stage.hpp"

using reactord::Conn;
using reactord::EndCause;
using reactord::Limits;
using reactord::ListenerId;
using reactord::OverLimit;
using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using test::Peer;
using test::ServerStage;
using namespace std::chrono_literals;
using namespace test::endable;

TEST_CASE("an observer may end the Server whose connection is about to begin") {
  EndableStage stage;
  stage.observer.at_accept = [&] { stage.server.reset(); };
  stage.run([](EndableStage& on) -> Task<> {
    Conn client = on.serve(on.lines);
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
  });
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("a drain amid an accept is over when that connection has ended, and not before") {
  EndableStage stage;
  stage.observer.at_accept = [&] { stage.server->drain(1min); };
  stage.run([](EndableStage& on) -> Task<> {
    Conn client = on.serve(on.lines);
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
    while (on.server->open_connections() > 0) co_await on.reactor.next_turn();
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"drained"});
  CHECK(stage.observer.drained == 1);
}

TEST_CASE("an observer may listen anew while those who wait are judged by new limits") {
  Limits limits;
  limits.connections_per_address = {.most = 1, .then = OverLimit::defer};
  EndableStage stage(limits);
  auto first = stage.server->listen("127.0.0.1:0", stage.lines, "first");
  auto listener = reactord::listen(stage.reactor, "tcp", "127.0.0.1:0");
  REQUIRE((first.has_value() && listener.has_value()));
  const auto second = listener->local_addr();
  const ListenerId id = stage.server->listen(std::move(*listener), stage.lines, "second");
  static constexpr auto settle = [](EndableStage& on) -> Task<> {
    for (int turns = 0; turns < 20; ++turns) co_await on.reactor.next_turn();
    CHECK(on.server->check());
  };
  stage.run(
      [](EndableStage& on, reactord::Address at, reactord::Address other, ListenerId stopped,
         Limits again) -> Task<> {
        Peer served = Peer::connect(at);
        co_await settle(on);
        Peer waits = Peer::connect(other);
        co_await settle(on);
        on.server->stop_listening(stopped);
        co_await settle(on);
        on.observer.at_limit = [&on] {
          CHECK(on.server->check());
          CHECK(on.server->listen("127.0.0.1:0", on.lines, "anew").has_value());
        };
        again.line_timeout = 9s;
        on.server->set_limits(again);
        CHECK_FALSE(on.observer.at_limit);
        co_await settle(on);
        served.close();
        waits.send("a\n");
        auto heard = co_await test::read_line(on.reactor, waits);
        CHECK(heard == "got a\n");
        on.server->kill();
      },
      *first, second, id, limits);
}

TEST_CASE("a write timeout that a reload brings holds for those who take nothing by then") {
  ServerStage stage(Limits{.idle_timeout = 0s, .line_timeout = 0s, .write_timeout = 0s});
  stage.run([](ServerStage& on) -> Task<> {
    Conn client = on.client();
    for (int line = 0; line < 20; ++line) co_await test::say(client, "big\n");
    co_await test::pass(on.reactor, 1h);
    CHECK(on.server.open_connections() == 1);
    on.server.set_limits(Limits{.idle_timeout = 0s, .line_timeout = 0s, .write_timeout = 3s});
    co_await test::pass(on.reactor, 2s);
    CHECK(on.server.open_connections() == 1);  // its time began with the reload
    co_await test::pass(on.reactor, 2s);
    CHECK(on.server.open_connections() == 0);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-reader"});
}

TEST_CASE(
    "a shorter idle timeout holds at once, and of a client that went on sending, from its last line on") {
  ServerStage stage(Limits{.idle_timeout = 1h});
  stage.run([](ServerStage& on) -> Task<> {
    Conn client = on.client();
    co_await test::pass(on.reactor, 9s);
    on.server.set_limits(Limits{.idle_timeout = 15s});
    for (int line = 0; line < 3; ++line) {
      co_await test::pass(on.reactor, 5s);
      co_await test::say(client, "a\n");
      auto heard = co_await test::hear(client, 6);
      CHECK(heard == "got a\n");
    }
    co_await test::pass(on.reactor, 14s);
    CHECK(on.server.open_connections() == 1);
    co_await test::pass(on.reactor, 2s);
    CHECK(on.server.open_connections() == 0);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"idle"});
}
