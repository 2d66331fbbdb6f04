// Event: what the suite of waits (waits_test.cpp) does not know of it.
#include "reactord/event.hpp"

#include <doctest/doctest.h>

#include "conformance/running.hpp"

using reactord::Event;
using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;

namespace {

Task<> count_wait(Event& event, int& ended) {
  auto waited = co_await event.wait();
  CHECK(waited.has_value());
  ++ended;
}

Task<> turns(Reactor& reactor, int count) {
  for (int turn = 0; turn < count; ++turn) co_await reactor.next_turn();
}

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
  Event event{reactor};
  int ended = 0;
};

Task<> set_once_for_all(Stage& stage) {
  for (int task = 0; task < 100; ++task) stage.reactor.spawn(count_wait(stage.event, stage.ended));
  co_await turns(stage.reactor, 2);
  CHECK(stage.ended == 0);
  stage.event.set();
  co_await turns(stage.reactor, 2);
  CHECK(stage.ended == 100);
  CHECK(stage.event.is_set());
}

Task<> wait_while_set(Stage& stage) {
  stage.event.set();
  stage.event.set();
  const std::uint64_t turn = stage.reactor.turns();
  co_await count_wait(stage.event, stage.ended);
  co_await count_wait(stage.event, stage.ended);
  CHECK(stage.reactor.turns() == turn);
  CHECK(stage.ended == 2);
}

Task<> reset_at_once(Stage& stage) {
  stage.reactor.spawn(count_wait(stage.event, stage.ended));
  co_await turns(stage.reactor, 2);
  stage.event.set();
  stage.event.reset();
  CHECK_FALSE(stage.event.is_set());
  stage.reactor.spawn(count_wait(stage.event, stage.ended));
  co_await turns(stage.reactor, 3);
  CHECK(stage.ended == 1);  // the one that waited then; the other waits for the next
  stage.event.set();
}

}  // namespace

TEST_CASE("event: one set lets everybody go on, and stays") {
  Stage stage;
  test::run(stage.reactor, set_once_for_all(stage));
}

TEST_CASE("event: a wait for what is set does not suspend") {
  Stage stage;
  test::run(stage.reactor, wait_while_set(stage));
}

TEST_CASE("event: a reset in the turn of the set takes it back from nobody who waited") {
  Stage stage;
  test::run(stage.reactor, reset_at_once(stage));
  CHECK(stage.ended == 2);
}
