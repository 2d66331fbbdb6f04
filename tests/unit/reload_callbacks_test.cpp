// What an observer does amid an accept or a reload, and what a reload means for a time that does not run yet.
#include <functional>
#include <optional>

#include "admission_stage.hpp"
#include "support/served.hpp"

using reactord::Conn;
using reactord::EndCause;
using reactord::Limits;
using reactord::ListenerId;
using reactord::OverLimit;
using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using test::Answers;
using test::Peer;
using test::Served;
using namespace std::chrono_literals;

namespace {

struct Calls final : reactord::ServerObserver {
  std::function<void()> accepted, limited;
  std::vector<std::string> told;
  void on_accepted() override {
    if (accepted) accepted();
  }
  void on_limit(const reactord::LimitReached&) override {
    if (limited) std::exchange(limited, nullptr)();
  }
  void on_closed(const reactord::ConnectionEnd& end) override { told.push_back(to_string(end.cause)); }
  void on_drained() override { told.push_back("all"); }
};

struct Stage {
  explicit Stage(const Limits& limits = {}) {
    server.emplace(reactor, reactord::ServerOptions{limits, &calls});
  }
  Conn serve() {
    auto pair = reactord::buffered_pipe(reactor);
    server->serve(std::move(pair.first), handler);
    return std::move(pair.second);
  }
  reactord::VirtualClock clock;
  Calls calls;
  Answers handler;
  Reactor reactor{clock};
  std::optional<Server> server;
};

}  // namespace

TEST_CASE("an observer may end the Server whose connection is about to begin") {
  Stage stage;
  stage.calls.accepted = [&] { stage.server.reset(); };
  static constexpr auto body = [](Stage& on) -> Task<> {
    Conn client = on.serve();
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
  };
  test::run(stage.reactor, body(stage));
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("a drain amid an accept is over when that connection has ended, and not before") {
  Stage stage;
  stage.calls.accepted = [&] { stage.server->drain(1min); };
  static constexpr auto body = [](Stage& on) -> Task<> {
    Conn client = on.serve();
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
    while (on.server->open_connections() > 0) co_await on.reactor.next_turn();
  };
  test::run(stage.reactor, body(stage));
  CHECK(stage.calls.told == std::vector<std::string>{"drained", "all"});
}

TEST_CASE("an observer may listen anew while those who wait are judged by new limits") {
  Limits limits;
  limits.connections_per_address = {.most = 1, .then = OverLimit::defer};
  Stage stage(limits);
  auto first = stage.server->listen("127.0.0.1:0", stage.handler, "first");
  auto listener = reactord::listen(stage.reactor, "tcp", "127.0.0.1:0");
  REQUIRE((first.has_value() && listener.has_value()));
  const auto second = listener->local_addr();
  const ListenerId id = stage.server->listen(std::move(*listener), stage.handler, "second");
  static constexpr auto settle = [](Stage& on) -> Task<> {
    for (int turns = 0; turns < 20; ++turns) co_await on.reactor.next_turn();
    CHECK(on.server->check());
  };
  static constexpr auto body = [](Stage& on, reactord::Address at, reactord::Address other,
                                  ListenerId stopped, Limits again) -> Task<> {
    Peer served = Peer::connect(at);
    co_await settle(on);
    Peer waits = Peer::connect(other);
    co_await settle(on);
    on.server->stop_listening(stopped);
    co_await settle(on);
    on.calls.limited = [&on] {
      CHECK(on.server->check());
      CHECK(on.server->listen("127.0.0.1:0", on.handler, "anew").has_value());
    };
    again.line_timeout = 9s;
    on.server->set_limits(again);
    CHECK_FALSE(on.calls.limited);
    co_await settle(on);
    served.close();
    waits.send("a\n");
    auto heard = co_await test::read_line(on.reactor, waits);
    CHECK(heard == "got a\n");
    on.server->kill();
  };
  test::run(stage.reactor, body(stage, *first, second, id, limits));
}

TEST_CASE("a write timeout that a reload brings holds for those who take nothing by then") {
  Served stage(Limits{.idle_timeout = 0s, .line_timeout = 0s, .write_timeout = 0s});
  static constexpr auto body = [](Served& on) -> Task<> {
    Conn client = on.client();
    for (int line = 0; line < 20; ++line) co_await test::say(client, "big\n");
    co_await test::pass(on.reactor, 1h);
    CHECK(on.server.open_connections() == 1);
    on.server.set_limits(Limits{.idle_timeout = 0s, .line_timeout = 0s, .write_timeout = 3s});
    co_await test::pass(on.reactor, 2s);
    CHECK(on.server.open_connections() == 1);  // its time began with the reload
    co_await test::pass(on.reactor, 2s);
    CHECK(on.server.open_connections() == 0);
  };
  stage.run(body(stage));
  CHECK(stage.ends == std::vector<std::string>{"slow-reader"});
}

TEST_CASE(
    "a shorter idle timeout holds at once, and of a client that went on sending, from its last line on") {
  Served stage(Limits{.idle_timeout = 1h});
  static constexpr auto body = [](Served& on) -> Task<> {
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
  };
  stage.run(body(stage));
  CHECK(stage.ends == std::vector<std::string>{"idle"});
}
