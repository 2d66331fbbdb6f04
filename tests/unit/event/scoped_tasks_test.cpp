// with_timeout and first_of: what the suite of waits (waits_test.cpp) does not know of them.
#include <doctest/doctest.h>

#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "conformance/running.hpp"
#include "reactord/first_of.hpp"
#include "reactord/with_timeout.hpp"
#include "support/no_memory.hpp"

using reactord::Context;
using reactord::Duration;
using reactord::Error;
using reactord::ErrorCode;
using reactord::first_of;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using reactord::with_timeout;
using namespace std::chrono_literals;

namespace {

using Text = std::unique_ptr<std::string>;

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
  std::string trace;
};

// Its end is in the trace: what there is of it then is gone before the next statement of who awaits it.
Task<Result<Text>> say_after(Context& context, Duration duration, std::string text, std::string& trace) {
  auto slept = co_await context.sleep(duration);
  trace += text + (slept ? " said " : " cut ");
  if (!slept) co_return std::unexpected(std::move(slept).error());
  co_return std::make_unique<std::string>(std::move(text));
}

Task<> in_time_and_late(Stage& stage) {
  const auto say = [&stage](Duration duration) {
    return [&stage, duration, text = std::string("a text too long to lie within the string itself")](
               Context& context) -> Task<Result<Text>> {
      auto said = co_await say_after(context, duration, text, stage.trace);
      co_return said;
    };
  };
  auto in_time = co_await with_timeout(stage.reactor, 2s, say(1s));
  REQUIRE(in_time.has_value());
  CHECK((*in_time)->starts_with("a text"));
  CHECK(stage.reactor.timers().size() == 0);
  const Time began = stage.reactor.now();
  auto late = co_await with_timeout(stage.reactor, 2s, say(3s));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error() == ErrorCode::deadline_exceeded);
  CHECK(stage.reactor.now() - began >= 2s);
  CHECK(stage.reactor.now() - began < 2010ms);
  CHECK(stage.trace.ends_with(" cut "));
  CHECK(stage.reactor.timers().size() == 0);
}

Task<> parents_deadline_counts(Stage& stage) {
  Context root(stage.reactor);
  Context parent(root, stage.reactor.now() + 1s);
  const Time began = stage.reactor.now();
  const auto say = [&stage](Context& context) { return say_after(context, 1h, "x", stage.trace); };
  auto late = co_await with_timeout(parent, 1min, say);
  CHECK((!late && late.error() == ErrorCode::deadline_exceeded));
  CHECK(stage.reactor.now() - began < 1010ms);
}

// No time, or a Context that is done: the callable is not called.
Task<> not_called(Stage& stage) {
  Context done(stage.reactor);
  done.cancel();
  bool called = false;
  const auto call = [&called](Context&) -> Task<Result<int>> {
    called = true;
    co_return 1;
  };
  for (const Duration duration : {Duration(0), Duration(-1), Duration::min()}) {
    auto late = co_await with_timeout(stage.reactor, duration, call);
    CHECK((!late && late.error() == ErrorCode::deadline_exceeded));
  }
  auto cancelled = co_await with_timeout(done, 1s, call);
  CHECK((!cancelled && cancelled.error() == ErrorCode::cancelled));
  auto none = co_await first_of(done, call, call);
  CHECK((!none && none.error() == ErrorCode::cancelled));
  CHECK_FALSE(called);
  auto far = co_await with_timeout(stage.reactor, Duration::max(), call);
  CHECK((far && *far == 1));
  CHECK(called);
}

Task<Result<int>> throw_at_once(Context&) {
  throw std::runtime_error("thrown");
  co_return 0;
}

Task<> exception_passes(Stage& stage) {
  bool caught = false;
  try {
    auto value = co_await with_timeout(stage.reactor, 1s, throw_at_once);
    CHECK_FALSE(value.has_value());
  } catch (const std::runtime_error&) {
    caught = true;
  }
  CHECK(caught);
  CHECK(stage.reactor.timers().size() == 0);
}

auto sayer(Stage& stage, Duration duration, const char* text) {
  return
      [&stage, duration, text](Context& context) { return say_after(context, duration, text, stage.trace); };
}

auto failer(Stage& stage, Duration duration, const char* text) {
  return [&stage, duration, text](Context& context) -> Task<Result<Text>> {
    auto said = co_await say_after(context, duration, text, stage.trace);
    co_return std::unexpected(said ? Error::invalid(text) : std::move(said).error());
  };
}

Task<> first_success_wins(Stage& stage) {
  Context context(stage.reactor);
  const Time began = stage.reactor.now();
  auto said = co_await first_of(context, sayer(stage, 3s, "three"), failer(stage, 1s, "fails"),
                                sayer(stage, 2s, "two"), sayer(stage, 1h, "hour"));
  REQUIRE(said.has_value());
  CHECK(**said == "two");
  CHECK(stage.reactor.now() - began < 2010ms);
  CHECK(stage.trace.starts_with("fails said two said "));
  CHECK(stage.trace.find("three cut ") != std::string::npos);
  CHECK(stage.trace.find("hour cut ") != std::string::npos);
  CHECK(stage.reactor.live_tasks() == 1);
  CHECK(stage.reactor.timers().size() == 0);
  CHECK_FALSE(context.is_done());
}

Task<> first_failure_if_all_fail(Stage& stage) {
  Context context(stage.reactor);
  auto said = co_await first_of(context, failer(stage, 3s, "three"), failer(stage, 1s, "one"));
  REQUIRE_FALSE(said.has_value());
  CHECK(said.error().text() == "one");
  CHECK(stage.trace == "one said three said ");
}

// The others end in their own time: it waits for them.
Task<> waits_for_the_rest(Stage& stage) {
  Context context(stage.reactor);
  bool cleaned_up = false;
  const Time began = stage.reactor.now();
  auto said = co_await first_of(context, sayer(stage, 1s, "one"), [&](Context& scope) -> Task<Result<Text>> {
    auto done = co_await scope.done();
    auto slept = co_await stage.reactor.sleep(5s);
    CHECK(slept.has_value());
    cleaned_up = true;
    co_return std::unexpected(std::move(done).error());
  });
  CHECK((said && **said == "one"));
  CHECK(cleaned_up);
  CHECK(stage.reactor.now() - began >= 6s);
}

Task<> kept_is_gone(Stage& stage) {
  Context context(stage.reactor);
  auto owned = std::make_shared<int>(0);
  const auto hold = [](std::shared_ptr<int> number, Reactor& reactor) {
    return [number, &reactor](Context&) -> Task<Result<int>> {
      auto slept = co_await reactor.sleep(1s);
      CHECK(slept.has_value());
      co_return ++*number;
    };
  };
  auto number = co_await first_of(context, hold(owned, stage.reactor), hold(owned, stage.reactor));
  CHECK((number && *number == 1));
  CHECK(owned.use_count() == 1);
  auto timed = co_await with_timeout(context, 2s, hold(owned, stage.reactor));
  CHECK((timed && *timed == 3));
  CHECK(owned.use_count() == 1);
}

Task<> exception_ends_all(Stage& stage) {
  Context context(stage.reactor);
  std::string what;
  try {
    auto number = co_await first_of(context, throw_at_once, [&stage](Context& scope) -> Task<Result<int>> {
      auto said = co_await say_after(scope, 1h, "other", stage.trace);
      CHECK_FALSE(said.has_value());
      co_return std::unexpected(std::move(said).error());
    });
    CHECK_FALSE(number.has_value());
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  CHECK(what == "thrown");
  CHECK(stage.trace == "other cut ");
}

Task<> race_in_shutdown(Stage& stage, std::optional<ErrorCode>& failure) {
  Context context(stage.reactor);
  auto local = std::make_unique<std::string>();
  auto said = co_await first_of(context, sayer(stage, 1h, "one"), [&](Context& scope) -> Task<Result<Text>> {
    auto done = co_await scope.done();
    co_await stage.reactor.next_turn();
    *local += "still there";
    co_return std::unexpected(std::move(done).error());
  });
  CHECK(*local == "still there");
  if (!said) failure = said.error().code();
}

// True if it was out of memory; what was begun before has ended in any case.
Task<> race_without_memory(Stage& stage, std::size_t after, bool& refused) {
  Context context(stage.reactor);
  bool caught = false;
  std::size_t live = 0;
  test::NoMemory refuse(after);
  try {
    auto said = co_await first_of(context, sayer(stage, 1s, "one"), sayer(stage, 2s, "two"));
    live = stage.reactor.live_tasks();
  } catch (const std::bad_alloc&) {
    caught = true;
    live = stage.reactor.live_tasks();
  }
  refused = refuse.refused() > 0;
  refuse.end();
  CHECK(caught == refused);
  CHECK(live == 1);
}

void run(Task<> (*body)(Stage& stage)) {
  Stage stage;
  test::run(stage.reactor, body(stage));
}

}  // namespace

TEST_CASE("with_timeout: in time it has the value, late the error, and never a timer left") {
  run(in_time_and_late);
}
TEST_CASE("with_timeout: a parent's earlier deadline counts") { run(parents_deadline_counts); }
TEST_CASE("with_timeout and first_of: in a Context that is done, nothing is called") { run(not_called); }
TEST_CASE("with_timeout: an exception passes through") { run(exception_passes); }
TEST_CASE("first_of: the first success wins, the rest is cancelled and has ended") {
  run(first_success_wins);
}
TEST_CASE("first_of: when all fail the first failure is told") { run(first_failure_if_all_fail); }
TEST_CASE("first_of: it ends when the last has ended") { run(waits_for_the_rest); }
TEST_CASE("with_timeout and first_of: captures live as long as their tasks, and no longer") {
  run(kept_is_gone);
}
TEST_CASE("first_of: an exception ends the others, and is rethrown then") { run(exception_ends_all); }

TEST_CASE("first_of: memory that runs out anywhere ends it in order") {
  bool refused = true;
  std::size_t after = 0;
  for (; refused; ++after) {
    std::thread without_kept_frames([&] {
      Stage stage;
      stage.trace.reserve(100);
      test::run(stage.reactor, race_without_memory(stage, after, refused));
    });
    without_kept_frames.join();
  }
  CHECK(after > 5);
}

TEST_CASE("first_of: in a shutdown it outlives its tasks") {
  Stage stage;
  std::optional<ErrorCode> failure;
  stage.reactor.spawn(race_in_shutdown(stage, failure));
  stage.reactor.spawn([&stage]() -> Task<> {
    for (int turn = 0; turn < 4; ++turn) co_await stage.reactor.next_turn();
    stage.reactor.shutdown();
  });
  REQUIRE(stage.reactor.run().has_value());
  CHECK(failure == ErrorCode::cancelled);
  CHECK(stage.reactor.live_tasks() == 0);
}
