// Semaphore and Permit: what the suite of waits (waits_test.cpp) does not know of them.
#include "reactord/semaphore.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

#include "conformance/running.hpp"

using reactord::Context;
using reactord::ErrorCode;
using reactord::Permit;
using reactord::Reactor;
using reactord::Semaphore;
using reactord::Task;
using reactord::VirtualClock;
using reactord::WaitLimit;
using namespace std::chrono_literals;

namespace {

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
  Semaphore semaphore{reactor, 5};
  std::string trace;
};

Task<> turns(Reactor& reactor, int count = 4) {
  for (int turn = 0; turn < count; ++turn) co_await reactor.next_turn();
}

// Leaves its name in the trace once it has what it asked for, and holds that until `until`.
Task<> hold(Stage& stage, char name, std::size_t count, const bool& until, WaitLimit limit = {}) {
  auto permit = co_await stage.semaphore.acquire(count, limit);
  if (!permit) co_return;
  CHECK(permit->count() == count);
  stage.trace += name;
  while (!until) co_await stage.reactor.next_turn();
}

Task<> many_small_starve_no_large(Stage& stage) {
  bool first_over = false, others_over = false;
  stage.reactor.spawn(hold(stage, 'a', 3, first_over));
  stage.reactor.spawn(hold(stage, 'L', 4, others_over));
  stage.reactor.spawn(hold(stage, 'b', 1, others_over));
  co_await turns(stage.reactor);
  CHECK(stage.trace == "a");
  CHECK(stage.semaphore.available() == 2);
  CHECK_FALSE(stage.semaphore.try_acquire(1).has_value());  // behind those that wait
  first_over = true;
  co_await turns(stage.reactor);
  CHECK(stage.trace == "aLb");
  CHECK(stage.semaphore.available() == 0);
  others_over = true;
  co_await turns(stage.reactor);
  CHECK(stage.semaphore.available() == 5);
}

// A wait in front that is cancelled, or late, held up others that fit.
Task<> front_leaves(Stage& stage) {
  bool over = false;
  Context context(stage.reactor);
  stage.reactor.spawn(hold(stage, 'a', 3, over));
  stage.reactor.spawn(hold(stage, 'x', 4, over, context));
  stage.reactor.spawn(hold(stage, 'b', 1, over));
  stage.reactor.spawn(hold(stage, 'y', 4, over, stage.reactor.now() + 1s));
  stage.reactor.spawn(hold(stage, 'c', 1, over));
  co_await turns(stage.reactor);
  CHECK(stage.trace == "a");
  context.cancel();
  co_await turns(stage.reactor);
  CHECK(stage.trace == "ab");
  stage.clock.advance(2s);
  co_await turns(stage.reactor);
  CHECK(stage.trace == "abc");
  over = true;
  co_await turns(stage.reactor);
}

Task<> one_release_wakes_one(Stage& stage) {
  bool over = false;
  auto all = stage.semaphore.try_acquire(5);
  REQUIRE(all.has_value());
  for (const char name : {'a', 'b', 'c'}) stage.reactor.spawn(hold(stage, name, 5, over));
  co_await turns(stage.reactor);
  all->release();
  all->release();
  CHECK(all->count() == 0);
  co_await turns(stage.reactor);
  CHECK(stage.trace == "a");
  over = true;
  co_await turns(stage.reactor, 8);
  CHECK(stage.trace == "abc");
}

Task<> too_many(Stage& stage) {
  auto refused = co_await stage.semaphore.acquire(6);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error() == ErrorCode::invalid);
  CHECK(refused.error().text() == "acquire: 6 of a semaphore that has 5");
  CHECK_FALSE(stage.semaphore.try_acquire(~std::size_t{0}).has_value());
  auto nothing = co_await stage.semaphore.acquire(0);
  CHECK(nothing.has_value());
  CHECK(stage.semaphore.available() == 5);
}

Task<> permit_outlives(Reactor& reactor, std::optional<Semaphore>& semaphore) {
  auto granted = co_await semaphore->acquire();
  REQUIRE(granted.has_value());
  Permit moved = std::move(*granted);
  CHECK(granted->count() == 0);
  std::optional<reactord::Result<Permit>> late;
  const auto wait = [](Semaphore& of, std::optional<reactord::Result<Permit>>& result) -> Task<> {
    auto permit = co_await of.acquire();
    result.emplace(std::move(permit));
  };
  reactor.spawn(wait(*semaphore, late));
  co_await turns(reactor);
  moved.release();    // granted to the one that waits ...
  semaphore.reset();  // ... which is resumed when there is no semaphore any more
  co_await turns(reactor);
  REQUIRE(late.has_value());
  CHECK(late->has_value());
}

}  // namespace

TEST_CASE("semaphore: many small ones starve no large one") {
  Stage stage;
  test::run(stage.reactor, many_small_starve_no_large(stage));
}

TEST_CASE("semaphore: a wait in front that ends lets those behind it go on") {
  Stage stage;
  test::run(stage.reactor, front_leaves(stage));
  CHECK(stage.semaphore.available() == 5);
}

TEST_CASE("semaphore: one release wakes one, and counts once") {
  Stage stage;
  test::run(stage.reactor, one_release_wakes_one(stage));
  CHECK(stage.semaphore.available() == 5);
}

TEST_CASE("semaphore: more than there is fails at once, nothing is always there") {
  Stage stage;
  test::run(stage.reactor, too_many(stage));
}

TEST_CASE("semaphore: permits move, and may outlive it") {
  VirtualClock clock;
  Reactor reactor(clock);
  std::optional<Semaphore> semaphore(std::in_place, reactor, 1U);
  test::run(reactor, permit_outlives(reactor, semaphore));
}

TEST_CASE("semaphore: a permit that is assigned to gives back what it had") {
  VirtualClock clock;
  Reactor reactor(clock);
  Semaphore semaphore(reactor, 5);
  auto first = semaphore.try_acquire(2);
  auto second = semaphore.try_acquire(3);
  REQUIRE(second.has_value());
  CHECK(semaphore.available() == 0);
  *first = std::move(*second);
  CHECK(semaphore.available() == 2);
  first.reset();
  CHECK(semaphore.available() == 5);
}
