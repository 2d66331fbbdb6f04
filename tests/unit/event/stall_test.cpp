// Stalls: whatever holds the loop for too long is reported, with how long and what it was. In real time, so what stalls
// here really spins.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vector>

#include "event/cycles.hpp"
#include "event/stall_meter.hpp"
#include "support/loopback.hpp"

using reactord::Duration;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

constexpr Duration busy = 31ms;  // a little more than what must be reported: the counter's rate is measured
constexpr Duration at_least = 30ms;

void spin(Duration duration = busy) {
  const Time end = reactord::monotonic_now() + duration;
  while (reactord::monotonic_now() < end) continue;
}

struct Stall {
  const reactord::Watch* watch;
  Duration took;
};

struct Observer final : reactord::ReactorObserver {
  void on_stall(const reactord::Watch* watch, Duration took) override {
    stalls.push_back({watch, took});
    if (slow) spin();
  }
  std::vector<Stall> stalls;
  bool slow = false;
};

struct StallStage {
  explicit StallStage(Duration threshold, reactord::Clock& clock = reactord::Clock::monotonic())
      : reactor(clock) {
    reactor.observe(&observer, threshold);
  }
  // The machine may stop the test anywhere: what it adds is not told from a stall, so only what took as long as the
  // spinning counts.
  std::vector<Stall> long_ones() const {
    std::vector<Stall> found;
    for (const Stall& stall : observer.stalls) {
      if (stall.took >= at_least) found.push_back(stall);
    }
    return found;
  }
  test::DescriptorCheck descriptors;
  Observer observer;
  Reactor reactor;
};

// An eventfd(2) whose serving takes long, the first time that it can be read.
class Slow final : public reactord::Watch {
 public:
  explicit Slow(Reactor& reactor, bool flushes = false)
      : Watch(reactor, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), flushes_(flushes) {
    REQUIRE(reactor.add(*this).has_value());
  }
  void fire() {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd(), &one, sizeof one) == sizeof one);
  }
  int served = 0;

 private:
  void on_ready(reactord::Readiness ready) override {
    if ((ready & reactord::readiness::readable) == 0) return;
    ++served;
    if (flushes_) return reactor().flush_later(*this);
    spin();
  }
  void on_flush() override { spin(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }
  bool flushes_;
};

Task<> fire_and_wait(Reactor& reactor, Slow& slow) {
  slow.fire();
  while (slow.served == 0) co_await reactor.next_turn();
  co_await reactor.next_turn();
}

Task<> sleep_then_spin(Reactor& reactor) {
  auto slept = co_await reactor.sleep(20ms);
  CHECK(slept.has_value());
  spin();
  co_await reactor.next_turn();
}

Task<> spin_when_resumed(Reactor& reactor) {
  co_await reactor.next_turn();
  spin();
  co_await reactor.next_turn();
}

void check_one(const StallStage& stage, const reactord::Watch* watch) {
  const std::vector<Stall> stalls = stage.long_ones();
  REQUIRE(stalls.size() == 1);
  CHECK(stalls.front().watch == watch);
  CHECK(stalls.front().took < 10s);
}

}  // namespace

TEST_CASE(
    "a descriptor whose serving takes longer than the threshold is reported once, with how long it took") {
  StallStage stage(10ms);
  const reactord::WatchHandle<Slow> slow(new Slow(stage.reactor));
  const reactord::WatchHandle<Slow> other(new Slow(stage.reactor));
  test::run(stage.reactor, fire_and_wait(stage.reactor, *slow));
  check_one(stage, slow.get());
}

TEST_CASE("a stall is real time, also on a virtual clock") {
  VirtualClock clock;
  StallStage stage(10ms, clock);
  const reactord::WatchHandle<Slow> slow(new Slow(stage.reactor));
  test::run(stage.reactor, fire_and_wait(stage.reactor, *slow));
  check_one(stage, slow.get());
}

TEST_CASE("a slow flush is reported with whose it was") {
  StallStage stage(10ms);
  const reactord::WatchHandle<Slow> slow(new Slow(stage.reactor, true));
  test::run(stage.reactor, fire_and_wait(stage.reactor, *slow));
  check_one(stage, slow.get());
}

TEST_CASE("a slow timer, a slow task and slow posted work are reported with nobody's watch") {
  SUBCASE("timer") {
    StallStage stage(10ms);
    test::run(stage.reactor, sleep_then_spin(stage.reactor));
    check_one(stage, nullptr);
  }
  SUBCASE("task") {
    StallStage stage(10ms);
    test::run(stage.reactor, spin_when_resumed(stage.reactor));
    check_one(stage, nullptr);
  }
  SUBCASE("posted") {
    StallStage stage(10ms);
    test::run(stage.reactor, [](Reactor& on) -> Task<> {
      bool done = false;
      on.post([&done] {
        spin();
        done = true;
      });
      while (!done) co_await on.next_turn();
    });
    check_one(stage, nullptr);
  }
}

TEST_CASE("what stays below the threshold is not reported, nor is the wait") {
  StallStage stage(10s);
  const reactord::WatchHandle<Slow> slow(new Slow(stage.reactor));
  test::run(stage.reactor, fire_and_wait(stage.reactor, *slow));
  CHECK(stage.observer.stalls.empty());

  stage.reactor.observe(&stage.observer, 20ms);
  test::run(stage.reactor, [](Reactor& on) -> Task<> {
    auto slept = co_await on.sleep(50ms);
    CHECK(slept.has_value());
  });
  CHECK(stage.long_ones().empty());
}

TEST_CASE("each of two stalls of one turn is reported, and what the observer does is neither's") {
  StallStage stage(10ms);
  stage.observer.slow = true;
  const reactord::WatchHandle<Slow> one(new Slow(stage.reactor));
  const reactord::WatchHandle<Slow> two(new Slow(stage.reactor));
  test::run(
      stage.reactor,
      [](Reactor& on, Slow& first, Slow& second) -> Task<> {
        co_await on.next_turn();
        first.fire();
        second.fire();
        while (first.served + second.served < 2) co_await on.next_turn();
        co_await on.next_turn();
      },
      *one, *two);
  const std::vector<Stall> stalls = stage.long_ones();
  REQUIRE(stalls.size() == 2);
  CHECK(stalls[0].watch == one.get());
  CHECK(stalls[1].watch == two.get());
}

TEST_CASE("an observer comes and goes while the loop runs") {
  StallStage stage(0s);
  static constexpr auto body = [](StallStage& on) -> Task<> {
    spin();
    co_await on.reactor.next_turn();
    on.reactor.observe(&on.observer, 10ms);
    spin(100us);
    co_await on.reactor.next_turn();
    CHECK(on.long_ones().empty());
    spin();
    co_await on.reactor.next_turn();
    CHECK(on.long_ones().size() == 1);
    on.reactor.observe(nullptr, 10ms);
    spin();
    co_await on.reactor.next_turn();
    spin();
    co_await on.reactor.next_turn();
  };
  test::run(stage.reactor, body(stage));
  CHECK(stage.long_ones().size() == 1);
}

TEST_CASE("what was before the observer came is not reported, on neither clock") {
  static constexpr auto body = [](StallStage& on) -> Task<> {
    spin();
    on.reactor.observe(&on.observer, 10ms);
    spin(100us);
    co_await on.reactor.next_turn();
  };
  StallStage real(0s);
  test::run(real.reactor, body(real));
  CHECK(real.long_ones().empty());
  VirtualClock clock;
  StallStage unreal(0s, clock);
  test::run(unreal.reactor, body(unreal));
  CHECK(unreal.long_ones().empty());
}

TEST_CASE("the meter suspects too much before it knows the counter's rate, and never too little") {
  reactord::StallMeter meter;
  meter.set_threshold(20ms);
  for (int round = 0; round < 3; ++round) {
    const Time began = reactord::monotonic_now();
    const std::uint64_t first = reactord::cycles();
    spin(2ms);
    const std::uint64_t early = reactord::cycles();
    const Duration passed = reactord::monotonic_now() - began;
    // The first is suspected for nothing; from then on the rate is known.
    if (round == 0) CHECK(early - first > meter.suspicious());
    if (round > 0 && passed < 10ms) CHECK(early - first <= meter.suspicious());
    if (passed < 20ms) CHECK(meter.stall_between(first, early, began) == 0s);
    const std::uint64_t second = reactord::cycles();
    spin(21ms);
    const std::uint64_t late = reactord::cycles();
    CHECK(late - second > meter.suspicious());
    CHECK(meter.stall_between(second, late, began) >= 20ms);
  }
}

TEST_CASE("a counter that was set back is learned anew, and accuses nobody") {
  reactord::StallMeter meter;
  meter.set_threshold(20ms);
  const std::uint64_t now = reactord::cycles();
  CHECK(meter.stall_between(now, now / 2, reactord::monotonic_now()) == 0s);
}
