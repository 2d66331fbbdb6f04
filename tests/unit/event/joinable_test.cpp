// Joinable: what the suite of waits (waits_test.cpp) does not know of it.
#include "reactord/joinable.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conformance/running.hpp"
#include "reactord/event.hpp"

using reactord::Context;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Event;
using reactord::Joinable;
using reactord::Reactor;
using reactord::Result;
using reactord::spawn_joinable;
using reactord::Task;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
};

Task<std::unique_ptr<int>> number_later(Reactor& reactor, int seconds) {
  auto slept = co_await reactor.sleep(seconds * 1s);
  CHECK(slept.has_value());
  co_return std::make_unique<int>(seconds);
}

Task<Result<int>> fail(Reactor& reactor) {
  co_await reactor.next_turn();
  co_return std::unexpected(Error::invalid("no such number"));
}

Task<int> throw_later(Reactor& reactor) {
  co_await reactor.next_turn();
  throw std::runtime_error("thrown in the task");
}

Task<> both_at_once(Stage& stage) {
  const auto began = stage.reactor.now();
  auto two = spawn_joinable(stage.reactor, number_later(stage.reactor, 2));
  auto three = spawn_joinable(stage.reactor, number_later, std::ref(stage.reactor), 3);
  CHECK_FALSE(two.has_ended());
  auto second = co_await three.join();
  REQUIRE(second.has_value());
  CHECK(**second == 3);
  CHECK(two.has_ended());
  auto first = co_await two.join();  // it has ended: at once
  REQUIRE(first.has_value());
  CHECK(**first == 2);
  CHECK(stage.reactor.now() - began < 3010ms);
}

Task<> results_as_they_are(Stage& stage) {
  auto failing = spawn_joinable(stage.reactor, fail(stage.reactor));
  Result<int> failed = co_await failing.join();
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().text() == "no such number");
  bool ran = false;
  auto nothing = spawn_joinable(stage.reactor, [&ran]() -> Task<> {
    ran = true;
    co_return;
  });
  Result<void> ended = co_await nothing.join();
  CHECK(ended.has_value());
  CHECK(ran);
}

Task<> exceptions(Stage& stage, bool wait_before) {
  auto throwing = spawn_joinable(stage.reactor, throw_later(stage.reactor));
  if (wait_before) {
    for (int turn = 0; turn < 4; ++turn) co_await stage.reactor.next_turn();
    CHECK(throwing.has_ended());
  }
  std::string what;
  try {
    auto value = co_await throwing.join();
    CHECK_FALSE(value.has_value());
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  CHECK(what == "thrown in the task");
}

// Ended by a timer, the task is followed by the join in the same turn, before the loop frees any frame.
Task<> kept_is_gone(Stage& stage) {
  auto owned = std::make_shared<int>(0);
  auto task = spawn_joinable(stage.reactor, [owned, &reactor = stage.reactor]() -> Task<> {
    auto slept = co_await reactor.sleep(1s);
    CHECK(slept.has_value());
    ++*owned;
  });
  CHECK(owned.use_count() == 2);
  auto joined = co_await task.join();
  CHECK(joined.has_value());
  CHECK(*owned == 1);
  CHECK(owned.use_count() == 1);
}

// A join that its limit ended leaves the task as it was.
Task<> joined_again(Stage& stage) {
  auto task = spawn_joinable(stage.reactor, number_later(stage.reactor, 5));
  auto late = co_await task.join(stage.reactor.now() + 1s);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error() == ErrorCode::deadline_exceeded);
  Context context(stage.reactor);
  context.cancel();
  auto cancelled = co_await task.join(context);
  CHECK((!cancelled && cancelled.error() == ErrorCode::cancelled));
  auto number = co_await task.join();
  REQUIRE(number.has_value());
  CHECK(**number == 5);
}

Task<> move_while_joined(Stage& stage) {
  std::vector<Joinable<std::unique_ptr<int>>> tasks;
  for (const int seconds : {1, 2, 3})
    tasks.push_back(spawn_joinable(stage.reactor, number_later(stage.reactor, seconds)));
  int sum = 0;
  stage.reactor.spawn([&]() -> Task<> {
    for (int index = 0; index < 3; ++index) {
      auto number = co_await tasks[static_cast<std::size_t>(index)].join();
      REQUIRE(number.has_value());
      sum += **number;
    }
  });
  co_await stage.reactor.next_turn();
  for (int more = 0; more < 100; ++more) tasks.emplace_back();  // moves them
  auto slept = co_await stage.reactor.sleep(4s);
  CHECK(slept.has_value());
  CHECK(sum == 6);
  CHECK_FALSE(tasks.back().has_task());
}

// The outcome is given to the join; that its Joinable goes before the loop resumes it loses nothing.
Task<> goes_after_the_end(Stage& stage) {
  auto task = std::make_unique<Joinable<std::string>>(
      spawn_joinable(stage.reactor, [&reactor = stage.reactor]() -> Task<std::string> {
        co_await reactor.next_turn();
        co_return "a text that is too long to lie within the string itself";
      }));
  std::optional<Result<std::string>> joined;
  stage.reactor.spawn([&]() -> Task<> {
    auto result = co_await task->join();
    joined.emplace(std::move(result));
  });
  while (!task->has_ended()) co_await stage.reactor.next_turn();
  task.reset();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  REQUIRE(joined.has_value());
  REQUIRE(joined->has_value());
  CHECK((*joined)->starts_with("a text"));
}

Task<> goes_before_the_end(Stage& stage) {
  auto task = std::make_unique<Joinable<std::unique_ptr<int>>>(
      spawn_joinable(stage.reactor, number_later(stage.reactor, 5)));
  std::optional<ErrorCode> failure;
  stage.reactor.spawn([&]() -> Task<> {
    auto result = co_await task->join();
    if (!result) failure = result.error().code();
  });
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  task->detach();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  CHECK(failure == ErrorCode::closed);
}

// A local of the joining task is used by the joined one to its end, also in a shutdown.
Task<> own_what_it_uses(Stage& stage, std::string& trace) {
  auto event = std::make_unique<Event>(stage.reactor);
  auto task =
      spawn_joinable(stage.reactor, [&event, &trace, &reactor = stage.reactor]() -> Task<Result<int>> {
        auto waited = co_await event->wait();
        co_await reactor.next_turn();
        event->set();
        trace += "task ";
        if (!waited) co_return std::unexpected(std::move(waited).error());
        co_return 1;
      });
  auto joined = co_await task.join();
  trace += joined ? "joined" : "failed";
}

}  // namespace

TEST_CASE("joinable: tasks run beside each other, and their values come with join()") {
  Stage stage;
  test::run(stage.reactor, both_at_once(stage));
}

TEST_CASE("joinable: a Result comes as it is, no value as Result<void>") {
  Stage stage;
  test::run(stage.reactor, results_as_they_are(stage));
}

TEST_CASE("joinable: an exception that leaves the task leaves join()") {
  for (const bool wait_before : {false, true}) {
    Stage stage;
    test::run(stage.reactor, exceptions(stage, wait_before));
  }
}

TEST_CASE("joinable: what the task kept is gone when it is joined") {
  Stage stage;
  test::run(stage.reactor, kept_is_gone(stage));
}

TEST_CASE("joinable: a join that was too late or cancelled may be repeated") {
  Stage stage;
  test::run(stage.reactor, joined_again(stage));
}

TEST_CASE("joinable: may be moved while it is joined") {
  Stage stage;
  test::run(stage.reactor, move_while_joined(stage));
}

TEST_CASE("joinable: one that goes between the end and the join's resumption takes nothing along") {
  Stage stage;
  test::run(stage.reactor, goes_after_the_end(stage));
}

TEST_CASE("joinable: one that is let go while it is joined fails the join, and the task runs on") {
  Stage stage;
  const auto began = stage.reactor.now();
  test::run(stage.reactor, goes_before_the_end(stage));
  CHECK(stage.reactor.now() - began >= 5s);
}

TEST_CASE("joinable: one that goes lets its task run to its end, whatever comes of it") {
  Stage stage;
  auto owned = std::make_shared<int>(0);
  {
    auto counting = spawn_joinable(stage.reactor, [owned, &reactor = stage.reactor]() -> Task<> {
      auto slept = co_await reactor.sleep(1s);
      CHECK(slept.has_value());
      ++*owned;
    });
    auto throwing = spawn_joinable(stage.reactor, throw_later(stage.reactor));
    CHECK(throwing.has_task());
  }
  REQUIRE(stage.reactor.run().has_value());
  CHECK(*owned == 1);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("joinable: in a shutdown join() outlives the task, and has its result") {
  Stage stage;
  std::string trace;
  stage.reactor.spawn(own_what_it_uses(stage, trace));
  stage.reactor.spawn([&stage]() -> Task<> {
    for (int turn = 0; turn < 4; ++turn) co_await stage.reactor.next_turn();
    stage.reactor.stop();
  });
  REQUIRE(stage.reactor.run().has_value());
  stage.reactor.shutdown();
  CHECK(trace == "task failed");
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("joinable: two tasks that join each other end with the shutdown") {
  Stage stage;
  Joinable<> first, second;
  std::string trace;
  const auto join = [&trace](Joinable<>& other) -> Task<> {
    auto joined = co_await other.join();
    trace += joined ? "joined " : "failed ";
  };
  first = spawn_joinable(stage.reactor, join, std::ref(second));
  second = spawn_joinable(stage.reactor, join, std::ref(first));
  stage.reactor.spawn([&stage]() -> Task<> {
    for (int turn = 0; turn < 4; ++turn) co_await stage.reactor.next_turn();
    stage.reactor.stop();
  });
  REQUIRE(stage.reactor.run().has_value());
  CHECK(trace.empty());
  stage.reactor.shutdown();
  CHECK(trace == "failed joined ");
  CHECK(stage.reactor.live_tasks() == 0);
}
