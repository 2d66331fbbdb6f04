// A server runs until a signal: the first drains it, a later one kills it.
#include "reactord/run_until_signal.hpp"

#include <csignal>

#include "support/server_stage.hpp"
#include "support/signal_mask.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::ErrorCode;
using reactord::Task;
using test::Texts;
using namespace std::chrono_literals;

namespace {

struct SignalledStage : test::ServerStage {
  test::SignalMask mask;

  void run_until_signal(reactord::RunUntilSignalOptions options = {}) {
    auto ran = reactord::run_until_signal(server, options);
    CHECK(ran.has_value());
    CHECK(reactor.live_tasks() == 0);
    check_counts();
    CHECK(server.open_connections() == 0);
  }
};

// Reads to the end, and goes on.
class UntilKilled final : public reactord::StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::string piece(100, '\0');
    while (true) {
      auto read = co_await conn.read(std::span(piece));
      if (!read) break;
    }
    auto slept = co_await conn.reactor().sleep(20s);
    CHECK(slept.has_value());
  }
};

}  // namespace

TEST_CASE("the first signal drains: what was received is answered, then all ends") {
  for (const int number : {SIGINT, SIGTERM}) {
    SignalledStage stage;
    auto listening = stage.server.listen("127.0.0.1:0", stage.handler);
    REQUIRE(listening.has_value());
    static constexpr auto talk = [](SignalledStage& on, int signal) -> Task<> {
      Conn conn = on.client();
      co_await test::say(conn, "one\ntwo\n");
      REQUIRE(::raise(signal) == 0);
      auto answers = co_await test::hear_to_end(conn);
      CHECK(answers == "got one\ngot two\n");
    };
    stage.reactor.spawn(talk(stage, number));
    stage.run_until_signal();
    CHECK(stage.observer.causes() == Texts{"drained"});
    CHECK(stage.observer.drained == 1);
    CHECK(stage.elapsed() < 1s);
  }
}

TEST_CASE("a second signal kills, once a second has passed since the first") {
  SignalledStage stage;
  UntilKilled handler;
  static constexpr auto raise_thrice = [](SignalledStage& on, reactord::StreamHandler& by) -> Task<> {
    Conn conn = on.serve(by);
    REQUIRE(::raise(SIGTERM) == 0);
    REQUIRE(::raise(SIGINT) == 0);  // at the same moment: counts as the same one
    co_await test::pass(on.reactor, 990ms);
    REQUIRE(::raise(SIGTERM) == 0);
    co_await test::pass(on.reactor, 5ms);
    CHECK(on.server.open_connections() == 1);
    co_await test::pass(on.reactor, 10ms);
    REQUIRE(::raise(SIGINT) == 0);
    auto rest = co_await test::hear_to_end(conn);
    CHECK(rest.empty());
    CHECK(on.elapsed() < 1100ms);
  };
  stage.reactor.spawn(raise_thrice(stage, handler));
  stage.run_until_signal();
  CHECK(stage.observer.causes() == Texts{"killed"});
}

TEST_CASE("a drain after a signal ends at its timeout") {
  SignalledStage stage;
  UntilKilled handler;
  static constexpr auto talk = [](SignalledStage& on, reactord::StreamHandler& by) -> Task<> {
    Conn conn = on.serve(by);
    REQUIRE(::raise(SIGTERM) == 0);
    auto rest = co_await test::hear_to_end(conn);
    CHECK(rest.empty());
    CHECK(on.elapsed() >= 3s);
    CHECK(on.elapsed() < 3100ms);
  };
  stage.reactor.spawn(talk(stage, handler));
  stage.run_until_signal({.drain_timeout = 3s});
  CHECK(stage.observer.causes() == Texts{"killed"});
}

TEST_CASE("a signal that came before counts at once, where it was blocked") {
  SignalledStage stage;
  auto listening = stage.server.listen("127.0.0.1:0", stage.handler);
  REQUIRE(listening.has_value());
  stage.mask.block(SIGTERM);
  REQUIRE(::raise(SIGTERM) == 0);
  stage.run_until_signal();
  CHECK(stage.server.is_draining());
  CHECK(stage.elapsed() == 0s);
}

TEST_CASE("without a signal it runs as run() does") {
  SignalledStage stage;
  auto listening = stage.server.listen("127.0.0.1:0", stage.handler);
  REQUIRE(listening.has_value());
  static constexpr auto drain = [](SignalledStage& on) -> Task<> {
    co_await test::pass(on.reactor, 1s);
    on.server.drain(1s);
  };
  stage.reactor.spawn(drain(stage));
  stage.run_until_signal();
  CHECK(stage.elapsed() == 1s);
}

TEST_CASE("stop() ends it, and leaves the server as it is") {
  SignalledStage stage;
  static constexpr auto stop = [](SignalledStage& on) -> Task<> {
    Conn conn = on.client();
    on.reactor.stop();
    co_await test::pass(on.reactor, 1s);
    CHECK(on.server.open_connections() == 1);
  };
  stage.reactor.spawn(stop(stage));
  auto ran = reactord::run_until_signal(stage.server);
  CHECK(ran.has_value());
  CHECK(stage.server.open_connections() == 1);
  CHECK_FALSE(stage.server.is_draining());
  auto ran_again = reactord::run_until_signal(stage.server);
  CHECK(ran_again.has_value());
  CHECK(stage.observer.causes() == Texts{"eof"});
}

TEST_CASE("it is refused from within a turn") {
  SignalledStage stage;
  static constexpr auto nest = [](SignalledStage& on) -> Task<> {
    auto nested = reactord::run_until_signal(on.server);
    REQUIRE_FALSE(nested.has_value());
    CHECK(nested.error() == ErrorCode::busy);
    co_return;
  };
  stage.reactor.spawn(nest(stage));
  stage.run_until_signal();
}
