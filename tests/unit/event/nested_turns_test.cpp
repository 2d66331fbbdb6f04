// What is called from within a turn and would turn the loop itself: it is deferred, or refused, and the turn goes on
// unharmed. And how a shutdown ends: once nothing can run any more, however many turns that takes.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reactord/context.hpp"
#include "reactord/pipe.hpp"
#include "reactord/reactor.hpp"
#include "support/loopback.hpp"

using reactord::Context;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using reactord::WatchHandle;
using test::Stage;
using namespace std::chrono_literals;

namespace {

// A watched eventfd(2) that does something when it is fired.
class Trigger final : public reactord::Watch {
 public:
  Trigger(Reactor& reactor, std::function<void()> work)
      : Watch(reactor, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), work_(std::move(work)) {
    REQUIRE(reactor.add(*this).has_value());
  }
  void fire() {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd(), &one, sizeof one) == sizeof one);
  }

 private:
  void on_ready(reactord::Readiness ready) override {
    if ((ready & reactord::readiness::readable) != 0) work_();
  }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }

  std::function<void()> work_;
};

Task<> wait_for_ever(Stage& stage) {
  auto slept = co_await stage.reactor.sleep_until(Time::never());
  CHECK_FALSE(slept.has_value());
  stage.trace += "cancelled ";
}

Task<> settle(Reactor& reactor) {  // the descriptors' initial "writable" is behind us
  for (int turn = 0; turn < 3; ++turn) co_await reactor.next_turn();
}

// Asks for the shutdown from wherever the loop calls it.
void ask(Stage& stage) {
  CHECK(stage.reactor.is_turning());
  stage.reactor.shutdown();
  CHECK(stage.reactor.is_turning());
  CHECK(stage.reactor.live_tasks() > 0);  // nothing of it has happened
  stage.trace += "asked ";
}

Task<> ask_in_task(Stage& stage) {
  ask(stage);
  stage.trace += "same-turn ";
  co_return;
}

Task<> clean_up(Stage& stage, int turns) {
  auto slept = co_await stage.reactor.sleep_until(Time::never());
  CHECK_FALSE(slept.has_value());
  for (int turn = 0; turn < turns; ++turn) co_await stage.reactor.next_turn();
  stage.trace += "clean ";
}

Task<> clean_up_slowly(Stage& stage, int sleeps) {
  for (int sleep = 0; sleep < sleeps; ++sleep) auto slept = co_await stage.reactor.sleep(1h);
  stage.trace += "clean ";
}

}  // namespace

TEST_CASE("a shutdown within a turn begins after it: whatever else the turn serves is served") {
  Stage stage;
  std::vector<WatchHandle<Trigger>> triggers;
  for (int index = 0; index < 3; ++index) {
    triggers.emplace_back(new Trigger(stage.reactor, [&stage, &triggers] {
      stage.reactor.shutdown();
      stage.trace += "served ";
      triggers.clear();  // with the nested turns of a shutdown, the objects would be gone now
    }));
  }
  stage.reactor.spawn(wait_for_ever(stage));
  static constexpr auto body = [](Stage& on, std::vector<WatchHandle<Trigger>>& all) -> Task<> {
    co_await settle(on.reactor);
    for (const auto& trigger : all) trigger->fire();
  };
  stage.reactor.spawn(body(stage, triggers));
  CHECK(stage.reactor.run().has_value());
  CHECK(stage.trace == "served cancelled ");  // the other two were let go by the first
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("a shutdown within a turn leaves the events of the same batch alone") {
  Stage stage;
  std::vector<WatchHandle<Trigger>> triggers;
  for (int index = 0; index < 3; ++index) {
    triggers.emplace_back(new Trigger(stage.reactor, [&stage] {
      stage.reactor.shutdown();
      stage.trace += "served ";
    }));
  }
  stage.reactor.spawn(wait_for_ever(stage));
  static constexpr auto body = [](Stage& on, std::vector<WatchHandle<Trigger>>& all) -> Task<> {
    co_await settle(on.reactor);
    for (const auto& trigger : all) trigger->fire();
  };
  stage.reactor.spawn(body(stage, triggers));
  CHECK(stage.reactor.run().has_value());
  CHECK(stage.trace == "served served served cancelled ");
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("a shutdown is asked for by a task, by posted work, by a function after a context") {
  Stage stage;
  stage.reactor.spawn(wait_for_ever(stage));
  Context context(stage.reactor);
  const reactord::AfterFunction after(context, [&stage] { ask(stage); });
  std::string expected = "asked cancelled ";
  SUBCASE("task") {
    stage.reactor.spawn(ask_in_task(stage));
    expected = "asked same-turn cancelled ";
  }
  SUBCASE("posted") {
    stage.reactor.post([&stage] { ask(stage); });
  }
  SUBCASE("function") { context.cancel(); }
  CHECK_FALSE(stage.reactor.is_turning());
  CHECK(stage.reactor.run().has_value());
  CHECK_FALSE(stage.reactor.is_turning());
  CHECK(stage.trace == expected);
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("after a shutdown that a turn asked for, the reactor can be run again") {
  Stage stage;
  stage.reactor.spawn(wait_for_ever(stage));
  stage.reactor.spawn(ask_in_task(stage));
  CHECK(stage.reactor.run().has_value());
  CHECK(stage.reactor.live_tasks() == 0);
  const Time before = stage.reactor.now();
  stage.run([](Stage& on) -> Task<> {
    auto slept = co_await on.reactor.sleep(1h);
    CHECK(slept.has_value());
  });
  CHECK(stage.reactor.now() - before == 1h);
}

TEST_CASE("a shutdown within a shutdown has no effect of its own") {
  Stage stage;
  static constexpr auto body = [](Stage& on) -> Task<> {
    auto slept = co_await on.reactor.sleep_until(Time::never());
    CHECK_FALSE(slept.has_value());
    CHECK(on.reactor.is_turning());
    on.reactor.shutdown();
    auto again = co_await on.reactor.sleep_until(Time::never());
    CHECK_FALSE(again.has_value());
    on.trace += "end";
  };
  stage.reactor.spawn(body(stage));
  static constexpr auto stopper = [](Stage& on) -> Task<> {
    co_await on.reactor.next_turn();
    on.reactor.stop();
  };
  stage.reactor.spawn(stopper(stage));
  CHECK(stage.reactor.run().has_value());
  stage.reactor.shutdown();
  CHECK(stage.trace == "end");
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK_FALSE(stage.reactor.is_turning());
}

TEST_CASE("run within a turn is refused, and harms nothing") {
  Stage stage;
  const Time before = stage.reactor.now();
  stage.run([](Stage& on) -> Task<> {
    auto ran = on.reactor.run();
    REQUIRE_FALSE(ran.has_value());
    CHECK(ran.error() == ErrorCode::busy);
    CHECK(ran.error().text() == "run: the loop turns already");
    auto slept = co_await on.reactor.sleep(1h);
    CHECK(slept.has_value());
    auto in_timer = on.reactor.run();
    CHECK_FALSE(in_timer.has_value());
    on.trace += "end";
  });
  CHECK(stage.trace == "end");
  CHECK(stage.reactor.now() - before == 1h);
}

TEST_CASE("a shutdown goes on while something can run: no task is left behind for needing many turns") {
  Stage stage;
  SUBCASE("one that takes turns") { stage.reactor.spawn(clean_up(stage, 1000)); }
  SUBCASE("one that sleeps in vain") { stage.reactor.spawn(clean_up_slowly(stage, 1000)); }
  SUBCASE("by a turn's own request") {
    stage.reactor.spawn(clean_up(stage, 1000));
    stage.reactor.post([&stage] { stage.reactor.shutdown(); });
    CHECK(stage.reactor.run().has_value());
    CHECK(stage.trace == "clean ");
  }
  stage.reactor.shutdown();
  CHECK(stage.trace == "clean ");
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("what is opened during a shutdown fails too") {
  Stage stage;
  static constexpr auto body = [](Stage& on) -> Task<> {
    auto slept = co_await on.reactor.sleep_until(Time::never());
    CHECK_FALSE(slept.has_value());
    for (int round = 0; round < 100; ++round) {
      auto pair = reactord::pipe(on.reactor);
      char byte = 0;
      auto read = co_await pair.first.read(std::span(&byte, 1));
      CHECK_FALSE(read.has_value());
    }
    on.trace += "end";
  };
  stage.reactor.spawn(body(stage));
  stage.reactor.shutdown();
  CHECK(stage.trace == "end");
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("a task that waits for what the reactor does not know does not keep a shutdown from its end") {
  struct Never {
    static bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { waiting = waiter; }
    static void await_resume() noexcept {}
    std::coroutine_handle<>& waiting;
  };
  std::coroutine_handle<> waiting;
  Stage stage;
  static constexpr auto body = [](std::coroutine_handle<>& by) -> Task<> {
    Never never{by};
    co_await never;
  };
  stage.reactor.spawn(body(waiting));
  stage.reactor.shutdown();
  CHECK(stage.reactor.live_tasks() == 1);
  REQUIRE(waiting);
  waiting.resume();  // whoever knows ends it
  CHECK(stage.reactor.live_tasks() == 0);
}
