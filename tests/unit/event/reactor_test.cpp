// The loop: spawning, sleeping on a virtual clock, the order of a turn, posting from threads, ending.
#include "reactord/reactor.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "event/watch_queues.hpp"
#include "support/loopback.hpp"

using reactord::Clock;
using reactord::Duration;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using test::Stage;
using namespace std::chrono_literals;

namespace {

// A watched eventfd(2) that says when the loop serves it.
class Trigger final : public reactord::Watch {
 public:
  Trigger(Stage& stage, const char* name, bool is_listener = false)
      : Watch(stage.reactor, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), stage_(stage), name_(name) {
    if (is_listener) serve_last();
    REQUIRE(reactor().add(*this).has_value());
  }
  void fire() {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd(), &one, sizeof one) == sizeof one);
  }

 private:
  void on_ready(reactord::Readiness ready) override {
    if ((ready & reactord::readiness::readable) == 0) return;  // "writable" is told at the beginning
    stage_.trace += std::string(name_) + ' ';
    reactor().flush_later(*this);
  }
  void on_flush() override { stage_.trace += std::string(name_) + "-flush "; }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }

  Stage& stage_;
  const char* name_;
};

Task<> sleep_and_say(Stage& stage, Duration duration, std::string word) {
  const Time due = stage.reactor.now() + duration;
  auto slept = co_await stage.reactor.sleep(duration);
  CHECK(slept.has_value());
  CHECK(stage.reactor.now() >= due);
  CHECK(stage.reactor.now() - due <= 1ms);
  stage.trace += word;
}

Task<> append(Stage& stage, std::string word) {
  stage.trace += word;
  co_return;
}

Task<> sleep_for_ever(Stage& stage) {
  auto slept = co_await stage.reactor.sleep_until(Time::never());
  REQUIRE_FALSE(slept.has_value());
  CHECK(slept.error().is_cancelled());
  CHECK(slept.error().text() == "operation was canceled");
  stage.trace += "cancelled ";
}

}  // namespace

TEST_CASE("run ends at once where there is nothing to run, and when the last task has ended") {
  Stage stage;
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.reactor.turns() == 0);
  test::run(stage.reactor, sleep_and_say(stage, 1h, "slept"));
  CHECK(stage.trace == "slept");
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("sleepers wake in the order of their times, never early, at most a tick late") {
  Stage stage;
  std::mt19937 random(5);
  std::uniform_int_distribution<std::int64_t> magnitude(0, 12), digit(1, 9);
  for (int sleeper = 0; sleeper < 500; ++sleeper) {
    std::int64_t nanoseconds = digit(random);
    for (std::int64_t zeros = magnitude(random); zeros > 0; --zeros) nanoseconds *= 10;
    stage.reactor.spawn(sleep_and_say(stage, Duration(nanoseconds), "."));
  }
  stage.reactor.spawn(sleep_and_say(stage, 365 * 24h, "a year"));
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == std::string(500, '.') + "a year");
  CHECK(stage.reactor.timers().check());
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("a sleep into the past takes a turn and no time") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    const Time before = on.reactor.now();
    auto slept = co_await on.reactor.sleep_until(Time::past());
    CHECK(slept.has_value());
    auto again = co_await on.reactor.sleep(-5s);
    CHECK(again.has_value());
    CHECK(on.reactor.now() == before);
    on.trace = "end";
  });
  CHECK(stage.trace == "end");
}

TEST_CASE("a turn serves the ready, then listeners, timers, the queued, and flushes last") {
  Stage stage;
  const reactord::WatchHandle<Trigger> listener(new Trigger(stage, "listener", true));
  const reactord::WatchHandle<Trigger> connection(new Trigger(stage, "connection"));
  stage.run(
      [](Stage& on, Trigger& first, Trigger& second) -> Task<> {
        co_await on.reactor.next_turn();  // the descriptors' initial "writable" is behind us
        on.reactor.spawn(sleep_and_say(on, 0ms, "timer "));
        co_await on.reactor.next_turn();
        on.trace.clear();
        first.fire();
        second.fire();
        on.reactor.spawn(append(on, "queued "));
        co_await on.reactor.next_turn();
        co_await on.reactor.next_turn();
      },
      *listener, *connection);
  CHECK(stage.trace == "connection listener timer queued connection-flush listener-flush ");
}

TEST_CASE(
    "thousands that are written to at once are flushed in parts, each once, and others have their turns "
    "between") {
  constexpr std::size_t most = reactord::WatchQueues::flushes_per_turn;
  Stage stage;
  std::vector<reactord::WatchHandle<Trigger>> many;
  while (many.size() < 2 * most + 1) many.emplace_back(new Trigger(stage, "x"));
  stage.run(
      [](Stage& on, std::vector<reactord::WatchHandle<Trigger>>& all) -> Task<> {
        co_await on.reactor.next_turn();  // the descriptors' initial "writable" is behind us
        const std::size_t one = std::string_view("x-flush ").size();
        for (auto& trigger : all) on.reactor.flush_later(*trigger);
        for (auto& trigger : all) on.reactor.flush_later(*trigger);
        for (const std::size_t flushed : {most, 2 * most, all.size(), all.size()}) {
          co_await on.reactor.next_turn();
          CHECK(on.trace.size() == flushed * one);
        }
      },
      many);
}

TEST_CASE(
    "however many are written to before the loop ends: all are flushed, at the end of its tasks and at a "
    "stop") {
  for (const bool stops : {false, true}) {
    CAPTURE(stops);
    Stage stage;
    std::vector<reactord::WatchHandle<Trigger>> many;
    while (many.size() < 3 * reactord::WatchQueues::flushes_per_turn)
      many.emplace_back(new Trigger(stage, "x"));
    stage.run(
        [](Stage& on, std::vector<reactord::WatchHandle<Trigger>>& all, bool stop) -> Task<> {
          for (auto& trigger : all) on.reactor.flush_later(*trigger);
          if (stop) on.reactor.stop();
          co_return;
        },
        many, stops);
    CHECK(stage.trace.size() == many.size() * std::string_view("x-flush ").size());
  }
}

TEST_CASE("what the queued phase queues runs in the next turn, and time stands still meanwhile") {
  Stage stage;
  stage.reactor.spawn(sleep_and_say(stage, 1h, ", slept"));
  stage.run([](Stage& on) -> Task<> {
    const Time before = on.reactor.now();
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t turn = on.reactor.turns();
      co_await on.reactor.next_turn();
      CHECK(on.reactor.turns() == turn + 1);
    }
    CHECK(on.reactor.now() == before);
    on.trace = "end";
  });
  CHECK(stage.trace == "end, slept");
}

TEST_CASE("no more timers run in a turn than the budget allows, and none is lost") {
  Stage stage;
  constexpr std::size_t sleepers = Reactor::timers_per_turn + 100;
  static constexpr auto sleeper = [](Stage& on, std::map<std::uint64_t, std::size_t>& by_turn) -> Task<> {
    auto slept = co_await on.reactor.sleep(1ms);
    CHECK(slept.has_value());
    ++by_turn[on.reactor.turns()];
  };
  std::map<std::uint64_t, std::size_t> by_turn;
  for (std::size_t index = 0; index < sleepers; ++index) stage.reactor.spawn(sleeper(stage, by_turn));
  REQUIRE(stage.reactor.run().has_value());
  REQUIRE(by_turn.size() == 2);
  CHECK(by_turn.begin()->second == Reactor::timers_per_turn);
  CHECK(by_turn.rbegin()->second == 100);
}

TEST_CASE("stop ends run at the end of the turn, and run may be called again") {
  Stage stage;
  static constexpr auto body = [](Stage& on) -> Task<> {
    on.trace += "one ";
    on.reactor.stop();
    on.trace += "same-turn ";
    co_await on.reactor.next_turn();
    on.trace += "two";
  };
  stage.reactor.spawn(body(stage));
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "one same-turn ");
  CHECK(stage.reactor.live_tasks() == 1);
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "one same-turn two");
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("shutdown cancels the sleepers, and their tasks run to their end") {
  Stage stage;
  stage.reactor.spawn(sleep_for_ever(stage));
  stage.reactor.spawn(sleep_for_ever(stage));
  static constexpr auto stopper = [](Stage& on) -> Task<> {
    co_await on.reactor.next_turn();
    on.reactor.stop();
  };
  stage.reactor.spawn(stopper(stage));
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.reactor.live_tasks() == 2);
  stage.reactor.shutdown();
  CHECK(stage.trace == "cancelled cancelled ");
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("work posted by another thread runs on the loop's thread and wakes it") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;  // on the machine's clock: it really sleeps
  static constexpr auto wait = [](Reactor& on) -> Task<> {
    auto slept = co_await on.sleep_until(Time::never());
    CHECK_FALSE(slept.has_value());
  };
  int seen = 0;
  bool same_thread = true;
  const auto loop_thread = std::this_thread::get_id();
  reactor.spawn(wait(reactor));
  std::thread poster([&] {
    for (int count = 0; count < 1000; ++count) {
      reactor.post([&] {
        same_thread = same_thread && std::this_thread::get_id() == loop_thread;
        if (++seen == 1000) reactor.stop();
      });
    }
  });
  const auto ran = reactor.run();
  poster.join();
  CHECK(ran.has_value());
  CHECK(seen == 1000);
  CHECK(same_thread);
  reactor.shutdown();
  CHECK(reactor.live_tasks() == 0);
}

TEST_CASE("posted work is run once and freed, with what it owns") {
  Stage stage;
  auto owned = std::make_shared<int>(0);
  stage.run(
      [](Stage& on, std::shared_ptr<int> counter) -> Task<> {
        on.reactor.post([counter] { ++*counter; });
        on.reactor.post([&on] { on.trace += "second "; });
        const auto told = [&on] { return !on.trace.empty(); };
        co_await test::until(on.reactor, told);
        CHECK(*counter == 1);
      },
      owned);
  CHECK(*owned == 1);
  CHECK(owned.use_count() == 1);
  CHECK(stage.trace == "second ");
}

TEST_CASE("an idle reactor makes no wake-ups at all") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  static constexpr auto wait = [](Reactor& on) -> Task<> {
    auto slept = co_await on.sleep_until(Time::never());
    CHECK_FALSE(slept.has_value());
  };
  reactor.spawn(wait(reactor));
  std::uint64_t first = 0, second = 0;
  std::thread outside([&] {
    std::atomic<bool> told = false;
    reactor.post([&] {
      first = reactor.turns();
      told = true;
    });
    while (!told) std::this_thread::yield();
    ::poll(nullptr, 0, 50);  // time in which a loop that spins, or ticks, would turn
    reactor.post([&] {
      second = reactor.turns();
      reactor.stop();
    });
  });
  const auto ran = reactor.run();
  outside.join();
  CHECK(ran.has_value());
  CHECK(second - first == 1);  // the turn that the second post woke
  reactor.shutdown();
  CHECK(reactor.live_tasks() == 0);
}

TEST_CASE("on the machine's clock a sleep takes few turns and is not early") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  std::uint64_t turns = 0;
  test::run(
      reactor,
      [](Reactor& on, std::uint64_t& taken) -> Task<> {
        const Time due = on.now() + 20ms;
        const std::uint64_t before = on.turns();
        auto slept = co_await on.sleep_until(due);
        CHECK(slept.has_value());
        CHECK(Clock::monotonic().now() >= due);
        taken = on.turns() - before;
      },
      turns);
  CHECK(turns >= 1);
  CHECK(turns <= 3);  // the deadline, and the slots of the wheel on the way to it
}
