// TaskGroup: all of its tasks end before it, and it tells the first error.
#include "reactord/task_group.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "conformance/running.hpp"
#include "support/no_memory.hpp"

using reactord::Context;
using reactord::Duration;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::TaskGroup;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
  std::string trace;
  std::size_t running = 0, most = 0;
  reactord::Time start = reactor.now();

  Duration elapsed() const { return reactor.now() - start; }
  void run(Task<> test) {
    reactor.spawn(std::move(test));
    CHECK(reactor.run().has_value());
    CHECK(reactor.live_tasks() == 0);
    CHECK(reactor.timers().size() == 0);
  }
};

// Says how it ends, in the trace.
Task<Result<void>> work(Stage& stage, Context& context, Duration duration, std::string name) {
  stage.most = std::max(stage.most, ++stage.running);
  auto slept = co_await context.sleep(duration);
  --stage.running;
  stage.trace += name + (slept ? " " : "- ");
  if (name == "throws") throw std::runtime_error("no");
  if (name == "fails") co_return std::unexpected(Error::with_text(ErrorCode::invalid, "it fails"));
  co_return slept;
}

void begin(TaskGroup& group, Stage& stage, Duration duration, std::string name) {
  group.spawn(work, std::ref(stage), std::ref(group.context()), duration, std::move(name));
}

}  // namespace

TEST_CASE("a group without tasks does not suspend") {
  Stage on;
  on.run([](Stage& stage) -> Task<> {
    TaskGroup group(stage.reactor);
    const auto turn = stage.reactor.turns();
    auto ended = co_await group.wait();
    CHECK(ended.has_value());
    CHECK(stage.reactor.turns() == turn);
  }(on));
}

TEST_CASE("a group ends when all of its tasks have, and may be used again") {
  Stage on;
  on.run([](Stage& stage) -> Task<> {
    TaskGroup group(stage.reactor);
    for (const int seconds : {3, 1, 2})
      begin(group, stage, std::chrono::seconds(seconds), std::to_string(seconds));
    CHECK(group.count() == 3);
    auto ended = co_await group.wait();
    CHECK(ended.has_value());
    CHECK(stage.trace == "1 2 3 ");
    CHECK(stage.elapsed() == 3s);
    begin(group, stage, 1s, "again");
    auto again = co_await group.wait();
    CHECK(again.has_value());
    CHECK(stage.trace == "1 2 3 again ");
  }(on));
}

TEST_CASE("the first error cancels the others, and is told when all have ended") {
  Stage on;
  on.run([](Stage& stage) -> Task<> {
    TaskGroup group(stage.reactor);
    begin(group, stage, 1s, "early");
    begin(group, stage, 2s, "fails");
    begin(group, stage, 9s, "late");
    group.spawn(
        [](Stage& in) -> Task<> {  // it looks at no Context
          auto slept = co_await in.reactor.sleep(5s);
          in.trace += slept ? "deaf " : "deaf- ";
        },
        std::ref(stage));
    auto ended = co_await group.wait();
    REQUIRE(!ended.has_value());
    CHECK(ended.error().text() == "it fails");
    CHECK(stage.trace == "early fails late- deaf ");
    CHECK(stage.elapsed() == 5s);
    begin(group, stage, 1s, "never");
    auto again = co_await group.wait();
    CHECK((!again && again.error().text() == "it fails"));
    CHECK(stage.trace == "early fails late- deaf ");
  }(on));
}

TEST_CASE("an exception cancels the others, and leaves wait() when all have ended") {
  Stage on;
  on.run([](Stage& stage) -> Task<> {
    TaskGroup group(stage.reactor);
    begin(group, stage, 1s, "throws");
    begin(group, stage, 9s, "late");
    bool threw = false;
    try {
      auto ended = co_await group.wait();
    } catch (const std::runtime_error&) {
      threw = true;
    }
    CHECK(threw);
    CHECK(stage.trace == "throws late- ");
    CHECK(stage.elapsed() == 1s);
  }(on));
}

TEST_CASE("no more tasks run at a time than the limit allows, in their order") {
  for (const std::size_t limit : {0u, 1u, 3u, 10u, 100u}) {
    CAPTURE(limit);
    Stage on;
    on.run([](Stage& stage, std::size_t most) -> Task<> {
      TaskGroup group(stage.reactor, most);
      for (int i = 0; i < 10; ++i) begin(group, stage, 1s, std::to_string(i));
      auto ended = co_await group.wait();
      CHECK(ended.has_value());
    }(on, limit));
    CHECK(on.trace == "0 1 2 3 4 5 6 7 8 9 ");
    const std::size_t at_a_time = std::clamp<std::size_t>(limit, 1, 10);
    CHECK(on.most == at_a_time);
    CHECK(on.elapsed() == std::chrono::seconds((10 + at_a_time - 1) / at_a_time));
  }
}

TEST_CASE("a task that waits for its permit when another one fails is never begun") {
  Stage on;
  on.run([](Stage& stage) -> Task<> {
    TaskGroup group(stage.reactor, 1);
    begin(group, stage, 1s, "fails");
    begin(group, stage, 1s, "never");
    auto ended = co_await group.wait();
    CHECK((!ended && ended.error().text() == "it fails"));
    CHECK(stage.trace == "fails ");
  }(on));
}

TEST_CASE("a cancel, a parent's cancel and a parent's deadline end the group early") {
  for (const int how : {0, 1, 2}) {
    CAPTURE(how);
    Stage on;
    on.run([](Stage& stage, int by) -> Task<> {
      Context root(stage.reactor);
      Context parent(root, by == 2 ? stage.reactor.now() + 2s : reactord::Time::never());
      TaskGroup group(parent, 2);
      begin(group, stage, 1s, "early");
      begin(group, stage, 9s, "late");
      begin(group, stage, 9s, "later");
      begin(group, stage, 9s, "never");
      auto slept = co_await stage.reactor.sleep(by == 2 ? 1s : 2s);
      if (by == 0) group.context().cancel();
      if (by == 1) root.cancel();
      auto ended = co_await group.wait();
      REQUIRE(!ended.has_value());
      CHECK(ended.error() == (by == 2 ? ErrorCode::deadline_exceeded : ErrorCode::cancelled));
      CHECK(stage.trace == "early later- late- ");
      CHECK(stage.elapsed() == 2s);
    }(on, how));
  }
}

TEST_CASE("a task of the group spawns more, and what a task kept is gone before the wait ends") {
  Stage on;
  on.run([](Stage& stage) -> Task<> {
    struct Says {
      std::string& trace;
      ~Says() { trace += "gone "; }
    };
    TaskGroup group(stage.reactor);
    auto kept = std::make_unique<Says>(stage.trace);
    group.spawn([&group, &stage, kept = std::move(kept)]() -> Task<> {
      co_await stage.reactor.next_turn();
      begin(group, stage, 1s, "more");
    });
    auto ended = co_await group.wait();
    CHECK(stage.trace == "gone more ");
  }(on));
}

TEST_CASE("a shutdown of the Reactor ends the tasks, and then the wait") {
  Stage on;
  on.reactor.spawn([](Stage& stage) -> Task<> {
    TaskGroup group(stage.reactor, 1);
    begin(group, stage, 9s, "one");
    begin(group, stage, 9s, "two");
    auto ended = co_await group.wait();
    CHECK((!ended && ended.error() == ErrorCode::cancelled));
    stage.trace += "end";
  }(on));
  on.reactor.spawn([](Stage& stage) -> Task<> {
    auto slept = co_await stage.reactor.sleep(1s);
    stage.reactor.shutdown();
  }(on));
  CHECK(on.reactor.run().has_value());
  CHECK(on.trace == "one- end");
  CHECK(on.reactor.live_tasks() == 0);
}

TEST_CASE("memory that runs out is a failure of the group, whichever allocation that is") {
  std::size_t refused = 1;
  for (std::size_t nth = 0; refused > 0; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 100);
    Stage on;
    on.trace.reserve(100);
    on.run([](Stage& stage, std::size_t n, std::size_t& count) -> Task<> {
      TaskGroup group(stage.reactor, 2);
      bool threw = false;
      test::NoMemory refusal(n);
      for (const char* const name : {"a", "b", "c"}) begin(group, stage, 1s, name);
      try {
        auto ended = co_await group.wait();
      } catch (const std::bad_alloc&) {
        threw = true;
      }
      refusal.end();
      count = refusal.refused();
      CHECK(threw == (count > 0));
      CHECK(group.count() == 0);
    }(on, nth, refused));
  }
}
