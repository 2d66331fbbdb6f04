// WaitGroup: what the suite of waits (waits_test.cpp) does not know of it.
#include "reactord/wait_group.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>

#include "conformance/running.hpp"
#include "reactord/event.hpp"

using reactord::Event;
using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;
using reactord::WaitGroup;
using namespace std::chrono_literals;

namespace {

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
  WaitGroup group{reactor};
};

Task<> sleep_and_add(Reactor& reactor, int seconds, int& sum) {
  auto slept = co_await reactor.sleep(seconds * 1s);
  CHECK(slept.has_value());
  sum += seconds;
}

Task<> wait_for_three(Stage& stage) {
  int sum = 0;
  for (const int seconds : {3, 1, 2})
    stage.group.spawn(sleep_and_add, std::ref(stage.reactor), seconds, std::ref(sum));
  CHECK(stage.group.count() == 3);
  const auto began = stage.reactor.now();
  auto waited = co_await stage.group.wait();
  CHECK(waited.has_value());
  CHECK(sum == 6);
  CHECK(stage.reactor.now() - began >= 3s);
  auto again = co_await stage.group.wait();  // nothing is left: at once
  CHECK(again.has_value());
}

// Ended by a timer, the task is followed by the one that waits in the same turn, before the loop frees any frame.
Task<> kept_is_gone(Stage& stage) {
  auto owned = std::make_shared<int>(0);
  stage.group.spawn([owned, &reactor = stage.reactor]() -> Task<> {
    auto slept = co_await reactor.sleep(1s);
    CHECK(slept.has_value());
    ++*owned;
  });
  CHECK(owned.use_count() == 2);
  auto waited = co_await stage.group.wait();
  CHECK(waited.has_value());
  CHECK(*owned == 1);
  CHECK(owned.use_count() == 1);
}

Task<> add_after_zero(Stage& stage) {
  stage.group.add();
  bool ended = false;
  stage.reactor.spawn([&stage, &ended]() -> Task<> {
    auto waited = co_await stage.group.wait();
    CHECK(waited.has_value());
    ended = true;
  });
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  stage.group.done();
  stage.group.add();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  CHECK(ended);
  stage.group.done();
}

// The tasks refer to a local of the one that waits for them: it must outlive them, also in a shutdown.
Task<> own_what_they_use(Stage& stage, int& sum, int& waits) {
  auto shared = std::make_unique<Event>(stage.reactor);
  for (int task = 0; task < 3; ++task) {
    stage.group.spawn([&event = *shared, &sum, &reactor = stage.reactor]() -> Task<> {
      auto waited = co_await event.wait();
      CHECK_FALSE(waited.has_value());
      co_await reactor.next_turn();
      CHECK_FALSE(event.is_set());
      ++sum;
    });
  }
  auto waited = co_await stage.group.wait();
  CHECK(waited.has_value());
  CHECK(sum == 3);
  ++waits;
}

}  // namespace

TEST_CASE("wait group: waits for the last of its tasks") {
  Stage stage;
  test::run(stage.reactor, wait_for_three(stage));
}

TEST_CASE("wait group: what its tasks kept is gone when the wait ends") {
  Stage stage;
  test::run(stage.reactor, kept_is_gone(stage));
}

TEST_CASE("wait group: who waited at zero goes on, whatever is added then") {
  Stage stage;
  test::run(stage.reactor, add_after_zero(stage));
}

TEST_CASE("wait group: in a shutdown the wait outlives the tasks") {
  Stage stage;
  int sum = 0, waits = 0;
  stage.reactor.spawn(own_what_they_use(stage, sum, waits));
  stage.reactor.spawn([&stage]() -> Task<> {
    auto slept = co_await stage.reactor.sleep(1s);
    CHECK(slept.has_value());
    stage.reactor.shutdown();
  });
  REQUIRE(stage.reactor.run().has_value());
  CHECK(waits == 1);
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("wait group: a shutdown fails a wait for what never comes, the innermost first") {
  Stage stage;
  stage.group.add();
  WaitGroup outer(stage.reactor);
  std::string trace;
  outer.spawn([&stage, &trace]() -> Task<> {
    co_await stage.reactor.next_turn();
    auto waited = co_await stage.group.wait();
    trace += waited ? "inner ended " : "inner failed ";
  });
  stage.reactor.spawn([&outer, &trace]() -> Task<> {
    auto waited = co_await outer.wait();
    trace += waited ? "outer ended" : "outer failed";
  });
  stage.reactor.spawn([&stage]() -> Task<> {
    for (int turn = 0; turn < 4; ++turn) co_await stage.reactor.next_turn();
    stage.reactor.stop();
  });
  REQUIRE(stage.reactor.run().has_value());
  stage.reactor.shutdown();
  CHECK(trace == "inner failed outer ended");
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("wait group: its tasks may outlive it") {
  VirtualClock clock;
  Reactor reactor(clock);
  int sum = 0;
  {
    WaitGroup group(reactor);
    group.spawn(sleep_and_add, std::ref(reactor), 1, std::ref(sum));
  }
  REQUIRE(reactor.run().has_value());
  CHECK(sum == 1);
}
