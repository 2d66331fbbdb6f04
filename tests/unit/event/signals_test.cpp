// Signals arrive as awaited values, with no handler and no interruption.
#include "reactord/signals.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "support/loopback.hpp"
#include "support/signal_mask.hpp"

using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Signals;
using reactord::Task;
using namespace std::chrono_literals;

namespace {

struct SignalStage {
  SignalStage() = default;
  test::DescriptorCheck descriptors;
  test::SignalMask mask;  // opening blocks signals for the thread
  Reactor reactor;
  std::vector<int> seen;
};

// One that has opened its signals.
struct OpenStage : SignalStage {
  reactord::Result<Signals> opened = Signals::open(reactor, {SIGUSR1, SIGUSR2});
  OpenStage() { REQUIRE(opened.has_value()); }
  Signals& signals() { return *opened; }
};

Task<> collect(SignalStage& stage, Signals& signals) {
  while (true) {
    auto number = co_await signals.next();
    if (!number) {
      CHECK(number.error().is_closed());
      co_return;
    }
    stage.seen.push_back(*number);
    if (stage.seen.size() == 2) signals.close();
  }
}

}  // namespace

TEST_CASE("signals that came before and while somebody waits are given in turn") {
  OpenStage stage;
  REQUIRE(::kill(::getpid(), SIGUSR1) == 0);
  static constexpr auto raise_later = [](SignalStage& on) -> Task<> {
    while (on.seen.empty()) co_await on.reactor.next_turn();
    CHECK(::kill(::getpid(), SIGUSR2) == 0);
  };
  stage.reactor.spawn(raise_later(stage));
  test::run(stage.reactor, collect(stage, stage.signals()));
  CHECK(stage.seen == std::vector<int>{SIGUSR1, SIGUSR2});
}

TEST_CASE("one waiter at a time: a second one is refused, and close ends the first") {
  OpenStage stage;
  static constexpr auto intrude = [](SignalStage& on, Signals& of) -> Task<> {
    co_await on.reactor.next_turn();
    auto second = co_await of.next();
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error() == ErrorCode::busy);
    of.close();
    of.close();  // has no effect
    auto after = co_await of.next();
    REQUIRE_FALSE(after.has_value());
    CHECK(after.error().is_closed());
  };
  stage.reactor.spawn(collect(stage, stage.signals()));
  test::run(stage.reactor, intrude(stage, stage.signals()));
  CHECK(stage.seen.empty());
}

TEST_CASE("shutdown of the reactor ends the wait") {
  OpenStage stage;
  stage.reactor.spawn(collect(stage, stage.signals()));
  static constexpr auto stop = [](SignalStage& on) -> Task<> {
    co_await on.reactor.next_turn();
    on.reactor.stop();
  };
  stage.reactor.spawn(stop(stage));
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.reactor.live_tasks() == 1);
  stage.reactor.shutdown();
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("letting go of the signals gives the descriptor back") {
  SignalStage stage;
  const std::size_t before = test::open_descriptors();
  {
    const auto signals = Signals::open(stage.reactor, {SIGUSR1});
    REQUIRE(signals.has_value());
    CHECK(test::open_descriptors() == before + 1);
  }
  static constexpr auto turn = [](SignalStage& on) -> Task<> { co_await on.reactor.next_turn(); };
  test::run(stage.reactor, turn(stage));
  CHECK(test::open_descriptors() == before);
}
