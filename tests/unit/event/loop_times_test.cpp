// The loop measures itself: some turns and what is in them, and how late timers run. Turns and dispatches are in
// real time, so what takes long here really spins. The machine may stop the test anywhere: a time has a least value, a
// count is exact.
#include "event/loop_times.hpp"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "support/fail_next.hpp"
#include "support/loopback.hpp"

using reactord::Duration;
using reactord::DurationHistogram;
using reactord::LoopTimes;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

constexpr Duration busy = 20ms;

void spin() {
  const Time end = reactord::monotonic_now() + busy;
  while (reactord::monotonic_now() < end) continue;
}

std::uint64_t long_ones(const DurationHistogram& histogram) {
  std::uint64_t found = 0;
  histogram.for_each([&](Duration upper_end, std::uint64_t count) {
    if (upper_end >= busy) found += count;
  });
  return found;
}

// Suspends until the turn whose number is `turn` in each sixteen.
Task<> turn_in_sixteen(Reactor& on, std::uint64_t turn) {
  co_await on.next_turn();
  while (on.turns() % LoopTimes::one_turn_in != turn) co_await on.next_turn();
}

// An eventfd(2) that spins when it can be read, or in its flush.
class Ready final : public reactord::Watch {
 public:
  enum class Spins : std::uint8_t {
    never,
    when_ready,
    in_flush,
  };
  Ready(Reactor& reactor, Spins spins)
      : Watch(reactor, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), spins_(spins) {
    REQUIRE(reactor.add(*this).has_value());
  }
  void fire() {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd(), &one, sizeof one) == sizeof one);
  }

 private:
  void on_ready(reactord::Readiness ready) override {
    if ((ready & reactord::readiness::readable) == 0) return;
    if (spins_ == Spins::when_ready) spin();
    if (spins_ == Spins::in_flush) reactor().flush_later(*this);
  }
  void on_flush() override { spin(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }
  Spins spins_;
};

struct Observer final : reactord::ReactorObserver {
  void on_stall(const reactord::Watch* watch, Duration took) override {
    if (took >= busy / 2) stalled.push_back(watch);
  }
  void on_wait_failed(const reactord::Error&) override { ++failed_waits; }
  std::vector<const reactord::Watch*> stalled;
  int failed_waits = 0;
};

struct TimesStage : test::Stage {
  Observer observer;
};

Task<> count_turns(Reactor& on, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    co_await on.next_turn();
    CAPTURE(on.turns());
    REQUIRE(on.times().is_measuring() == (on.turns() % 16 == 0));
    REQUIRE(on.times().turns().count() == (on.turns() - 1) / 16);
  }
}

Task<> do_nothing() { co_return; }

Task<> fire_in(Reactor& on, std::uint64_t turn, Ready& ready) {
  Task<> waiting = turn_in_sixteen(on, turn - 1);
  co_await std::move(waiting);
  ready.fire();
  co_await on.next_turn();
  co_await on.next_turn();
}

Task<> spin_in(Reactor& on, std::uint64_t turn) {
  Task<> waiting = turn_in_sixteen(on, turn);
  co_await std::move(waiting);
  spin();
  co_await on.next_turn();
}

enum class What : std::uint8_t {
  task,
  descriptor,
  flush,
};

void check_long_one(What what, bool is_virtual, Duration stall_threshold) {
  VirtualClock virtual_clock;
  Observer observer;
  Reactor reactor(is_virtual ? static_cast<reactord::Clock&>(virtual_clock) : reactord::Clock::monotonic());
  reactor.observe(&observer, stall_threshold);
  const reactord::Watch* stalls = nullptr;
  if (what == What::task) {
    test::run(reactor, spin_in(reactor, 0));
  } else {
    const auto spins = what == What::flush ? Ready::Spins::in_flush : Ready::Spins::when_ready;
    const reactord::WatchHandle<Ready> ready(new Ready(reactor, spins));
    stalls = ready.get();
    test::run(reactor, fire_in(reactor, 16, *ready));
  }
  const bool is_reported = std::ranges::count(observer.stalled, stalls) > 0;
  CHECK(is_reported == (stall_threshold > 0s));
  const LoopTimes& times = reactor.times();
  CHECK(long_ones(times.dispatches()) >= 1);
  CHECK(long_ones(times.turns()) >= 1);
  CHECK(times.dispatches().sum() >= busy);
  CHECK(times.turns().sum() >= times.dispatches().sum());
  CHECK(times.turns().at(1) < 10s);
}

}  // namespace

TEST_CASE("every sixteenth turn is measured, and no other") {
  SUBCASE("on a virtual clock") {
    test::Stage stage;
    stage.run(count_turns(stage.reactor, 100));
    CHECK(stage.reactor.times().turns().count() == stage.reactor.turns() / 16);
  }
  SUBCASE("on the real one, while stalls are measured") {
    Observer observer;
    Reactor reactor;
    reactor.observe(&observer, 10s);
    test::run(reactor, count_turns(reactor, 100));
    CHECK(reactor.times().turns().count() == reactor.turns() / 16);
  }
}

TEST_CASE("the turns of a shutdown are turns like others") {
  test::Stage stage;
  stage.reactor.spawn(count_turns(stage.reactor, 100));
  stage.reactor.shutdown();
  CHECK(stage.reactor.turns() >= 100);
  CHECK(stage.reactor.times().turns().count() == stage.reactor.turns() / 16);
}

TEST_CASE("a turn whose wait fails is not measured, nor what runs without a wait") {
  Observer observer;
  Reactor reactor;
  reactor.observe(&observer);
  SUBCASE("in run()") {
    test::run(reactor, [](Reactor& on) -> Task<> {
      Task<> waiting = turn_in_sixteen(on, 15);
      co_await std::move(waiting);
      test::FailNext fail(test::Call::epoll_wait, EINVAL);
      co_await on.next_turn();
    });
    CHECK(observer.failed_waits == 1);
    CHECK(reactor.turns() >= 17);
  }
  SUBCASE("in shutdown()") {
    test::FailNext fail(test::Call::epoll_wait, EINVAL, 100);
    for (int task = 0; task < 100; ++task) reactor.spawn(do_nothing());
    reactor.spawn(
        [](Reactor& on) -> Task<> {
          for (int turn = 0; turn < 20; ++turn) co_await on.next_turn();
        },
        std::ref(reactor));
    reactor.shutdown();
    CHECK(reactor.turns() >= 16);
  }
  CHECK(reactor.live_tasks() == 0);
  CHECK(reactor.times().turns().count() == 0);
  CHECK(reactor.times().dispatches().count() == 0);
}

TEST_CASE("each dispatch of a measured turn is counted, and none of the others") {
  test::Stage stage;
  stage.run([](test::Stage& on) -> Task<> {
    const reactord::WatchHandle<Ready> one(new Ready(on.reactor, Ready::Spins::never));
    const reactord::WatchHandle<Ready> two(new Ready(on.reactor, Ready::Spins::never));
    const reactord::WatchHandle<Ready> flushes(new Ready(on.reactor, Ready::Spins::in_flush));
    Task<> waiting = turn_in_sixteen(on.reactor, 15);
    co_await std::move(waiting);
    const std::uint64_t before = on.reactor.times().dispatches().count();
    one->fire();
    two->fire();
    flushes->fire();
    for (int task = 0; task < 2; ++task) on.reactor.spawn(do_nothing());
    auto sleeps = [](Reactor& reactor, Duration duration) -> Task<> {
      auto slept = co_await reactor.sleep(duration);
      CHECK(slept.has_value());
    };
    for (int timer = 0; timer < 3; ++timer) on.reactor.spawn(sleeps(on.reactor, 1ms));
    co_await on.reactor.next_turn();
    // Turn 16: three descriptors, two tasks that end, three that go to sleep, this one; and a flush.
    CHECK(on.reactor.turns() % 16 == 0);
    co_await on.reactor.next_turn();
    CHECK(on.reactor.times().dispatches().count() == before + 10);
    CHECK(long_ones(on.reactor.times().dispatches()) >= 1);
    // Turn 17, in which the timers are due, is not measured.
    on.clock.advance(1ms);
    co_await on.reactor.next_turn();
    CHECK(on.reactor.times().dispatches().count() == before + 10);
    CHECK(on.reactor.times().lateness().count() == 3);
  });
}

TEST_CASE("a timer of a measured turn is a dispatch") {
  test::Stage stage;
  stage.run([](test::Stage& on) -> Task<> {
    Task<> waiting = turn_in_sixteen(on.reactor, 15);
    co_await std::move(waiting);
    const std::uint64_t before = on.reactor.times().dispatches().count();
    auto slept = co_await on.reactor.sleep(1ms);
    CHECK(slept.has_value());
    CHECK(on.reactor.turns() % 16 == 0);
    spin();
    co_await on.reactor.next_turn();
    CHECK(on.reactor.times().dispatches().count() == before + 1);
    CHECK(on.reactor.times().dispatches().at(1) >= busy);
    CHECK(on.reactor.times().turns().at(1) >= busy);
  });
}

TEST_CASE("what takes long in a measured turn is recorded with how long it took, and reported as a stall") {
  for (const What what : {What::task, What::descriptor, What::flush}) {
    for (const bool is_virtual : {false, true}) {
      for (const Duration threshold : {0ms, 10ms}) {
        CAPTURE(static_cast<int>(what));
        CAPTURE(is_virtual);
        CAPTURE(threshold.count());
        check_long_one(what, is_virtual, threshold);
      }
    }
  }
}

TEST_CASE("a turn that is not measured leaves no trace, however long it takes") {
  Reactor reactor;
  test::run(reactor, [](Reactor& on) -> Task<> {
    Task<> waiting = turn_in_sixteen(on, 0);
    co_await std::move(waiting);
    co_await on.next_turn();
    const Duration before = on.times().turns().sum();
    for (int turn = 1; turn < 15; ++turn) {
      if (turn == 3) spin();
      co_await on.next_turn();
    }
    CHECK(on.turns() % 16 == 15);
    CHECK(on.times().turns().sum() == before);
    CHECK(on.times().dispatches().sum() <= before);
  });
}

TEST_CASE("a timer's lateness is from its tick to the turn in which it ran") {
  struct Row {
    Duration sleep, passes, late;
  };
  const Row rows[] = {{10ms, 0ms, 0ms}, {10ms, 10ms, 0ms}, {10ms, 11ms, 1ms}, {10ms, 510ms, 500ms}};
  for (const Row& row : rows) {
    CAPTURE(row.sleep.count());
    CAPTURE(row.passes.count());
    test::Stage stage;
    stage.reactor.spawn([](Reactor& on, Duration duration) -> Task<> {
      auto slept = co_await on.sleep(duration);
      CHECK(slept.has_value());
    }(stage.reactor, row.sleep));
    stage.run(
        [](test::Stage& on, Duration passes) -> Task<> {
          co_await on.reactor.next_turn();
          on.clock.advance(passes);
        },
        row.passes);
    CHECK(stage.reactor.times().lateness().count() == 1);
    CHECK(stage.reactor.times().lateness().sum() == row.late);
  }
}

TEST_CASE("a timer that is armed for a time that has passed is not late") {
  test::Stage stage;
  stage.run([](test::Stage& on) -> Task<> {
    on.clock.advance(1h);
    co_await on.reactor.next_turn();
    auto slept = co_await on.reactor.sleep_until(Time::past());
    CHECK(slept.has_value());
    auto slept_again = co_await on.reactor.sleep_until(on.reactor.now() + -1s);
    CHECK(slept_again.has_value());
  });
  CHECK(stage.reactor.times().lateness().count() == 2);
  CHECK(stage.reactor.times().lateness().sum() == 0ns);
}
