// Tasks: lazy, awaited with values, run to their end, freed exactly once.
#include "reactord/task.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/loopback.hpp"

using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;
using test::Stage;
using namespace std::chrono_literals;

namespace {

constexpr int many_awaits = 1'000'000;

// Counts how many of its kind live: one sits in a frame, as a parameter or a local.
struct Counted {
  explicit Counted(int& count) : live(&count) { ++*live; }
  Counted(const Counted& other) : live(other.live) { ++*live; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*live; }
  int* live;
};

Task<int> add(int left, int right) { co_return left + right; }

Task<int> sum_after_sleep(Reactor& reactor, int left, int right) {
  auto slept = co_await reactor.sleep(5ms);
  CHECK(slept.has_value());
  auto sum = co_await add(left, right);
  co_return sum;
}

Task<std::unique_ptr<std::string>> make_text(Reactor& reactor) {
  co_await reactor.next_turn();
  co_return std::make_unique<std::string>("moved, not copied");
}

Task<> append(std::string& trace, std::string word) {
  trace += word;
  co_return;
}

Task<> hold(Reactor& reactor, Counted counted, std::string& trace) {
  const Counted local = counted;
  co_await reactor.next_turn();
  trace += "held ";
}

Task<int> depth(Reactor& reactor, int levels) {
  if (levels == 0) {
    co_await reactor.next_turn();
    co_return 0;
  }
  auto below = co_await depth(reactor, levels - 1);
  co_return below + 1;
}

}  // namespace

TEST_CASE("a task is lazy: one that is neither awaited nor spawned never runs, and is freed") {
  Stage stage;
  int live = 0;
  {
    const Task<> never_run = hold(stage.reactor, Counted(live), stage.trace);
    CHECK(live == 1);
  }
  CHECK(live == 0);
  CHECK(stage.trace.empty());
}

TEST_CASE("a spawned task does not begin before the loop runs, and its frame is freed after it ended") {
  Stage stage;
  int live = 0;
  stage.reactor.spawn(hold(stage.reactor, Counted(live), stage.trace));
  CHECK(stage.reactor.live_tasks() == 1);
  CHECK(stage.trace.empty());
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "held ");
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(live == 0);
}

TEST_CASE("awaiting gives the value, through several levels and across suspensions") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    auto sum = co_await sum_after_sleep(on.reactor, 40, 2);
    CHECK(sum == 42);
    auto text = co_await make_text(on.reactor);
    CHECK(*text == "moved, not copied");
    auto levels = co_await depth(on.reactor, 200);
    CHECK(levels == 200);
    on.trace += "end";
  });
  CHECK(stage.trace == "end");
}

TEST_CASE("an awaited task runs at once, in the order of the text") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    on.trace += "before ";
    co_await append(on.trace, "inside ");
    on.trace += "between ";
    Task<> later = append(on.trace, "named ");
    on.trace += "not-yet ";
    co_await std::move(later);
    on.trace += "after";
  });
  CHECK(stage.trace == "before inside between not-yet named after");
}

TEST_CASE("a long loop of awaits that complete at once does not grow the stack") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    int total = 0;
    for (int round = 0; round < many_awaits; ++round) {
      total = co_await add(total, 1);
    }
    CHECK(total == many_awaits);
    on.trace = "end";
  });
  CHECK(stage.trace == "end");
}

TEST_CASE("many tasks live side by side and all end") {
  Stage stage;
  int live = 0;
  for (int index = 0; index < 1000; ++index) {
    stage.reactor.spawn(hold(stage.reactor, Counted(live), stage.trace));
  }
  CHECK(stage.reactor.live_tasks() == 1000);
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(live == 0);
  CHECK(stage.trace.size() == 5000);
}

TEST_CASE("a task that is still queued when the reactor goes runs to its end") {
  int live = 0;
  std::string trace;
  {
    VirtualClock clock;
    Reactor reactor(clock);
    reactor.spawn(hold(reactor, Counted(live), trace));
  }
  CHECK(live == 0);
  CHECK(trace == "held ");
}
