// post() and stop() at every moment, and the guard that keeps a loop running for posts alone: nothing posted is lost.
#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reactord/posted_call.hpp"
#include "reactord/reactor.hpp"
#include "support/fail_next.hpp"
#include "support/loopback.hpp"
#include "support/no_memory.hpp"

using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using reactord::WorkGuard;
using test::Call;
using test::FailNext;
using test::Stage;
using namespace std::chrono_literals;

namespace {

void say(Stage& stage, const char* word) {
  stage.reactor.post([&stage, word] { stage.trace += word; });
}

// Each posts the next.
void chain(Stage& stage, int count) {
  stage.trace += '.';
  if (count > 1) stage.reactor.post([&stage, count] { chain(stage, count - 1); });
}

struct Word final : reactord::PostedCall {
  Word(Stage& at, const char* text) : stage(at), word(text) {}
  void on_posted() override {
    stage.trace += word;
    if (again-- > 0) stage.reactor.post(*this);
  }
  Stage& stage;
  const char* word;
  int again = 0;
};

Task<> wait_for_ever(Stage& stage) {
  auto slept = co_await stage.reactor.sleep_until(Time::never());
  CHECK_FALSE(slept.has_value());
  stage.reactor.post([&stage] { chain(stage, 100); });
}

}  // namespace

TEST_CASE("what was posted before run is run by it, though there is no task") {
  Stage stage;
  say(stage, "one ");
  say(stage, "two ");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "one two ");
}

TEST_CASE("what posted work posts is run before run returns") {
  Stage stage;
  stage.reactor.post([&stage] { chain(stage, 100); });
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == std::string(100, '.'));
}

TEST_CASE("what is posted between two runs is run by the second") {
  Stage stage;
  say(stage, "one ");
  REQUIRE(stage.reactor.run().has_value());
  say(stage, "two ");
  CHECK(stage.trace == "one ");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "one two ");
}

TEST_CASE("what is posted when no run comes any more is run by the shutdown, or by the reactor's end") {
  std::string seen;
  auto owned = std::make_shared<int>(0);
  {
    Stage stage;
    say(stage, "one ");
    stage.reactor.shutdown();
    CHECK(stage.trace == "one ");
    stage.reactor.post([&seen, owned] { seen += "two"; });
  }
  CHECK(seen == "two");
  CHECK(owned.use_count() == 1);
}

TEST_CASE("what is posted during a shutdown is run by it, and what that posts") {
  Stage stage;
  stage.reactor.spawn(wait_for_ever(stage));
  SUBCASE("by a turn's own request") {
    stage.reactor.post([&stage] { stage.reactor.shutdown(); });
    REQUIRE(stage.reactor.run().has_value());
  }
  SUBCASE("from outside") { stage.reactor.shutdown(); }
  SUBCASE("while the kernel lets nobody wait") {
    const FailNext fail(Call::epoll_wait, EBADF, 1000);
    stage.reactor.shutdown();
  }
  CHECK(stage.trace == std::string(100, '.'));
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("a stop before run is honoured by the next run, and by that alone") {
  Stage stage;
  say(stage, "posted");
  stage.reactor.stop();
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace.empty());
  CHECK(stage.reactor.turns() == 0);
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "posted");
}

TEST_CASE("a stop that was posted before run ends it after its turn") {
  Stage stage;
  const WorkGuard guard(stage.reactor);
  stage.reactor.post([&stage] { stage.reactor.stop(); });
  say(stage, "same-turn");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "same-turn");
}

TEST_CASE("a stop is not kept beyond the run that it ends, however that one ended") {
  Stage stage;
  stage.reactor.post([&stage] { stage.reactor.stop(); });  // and nothing else is left
  REQUIRE(stage.reactor.run().has_value());
  say(stage, "next");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "next");
}

TEST_CASE("a stop before a shutdown is still there for the run after it; one within it is not") {
  Stage stage;
  stage.reactor.post([&stage] { stage.reactor.stop(); });
  stage.reactor.shutdown();
  say(stage, "one ");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "one ");
  stage.reactor.stop();
  stage.reactor.shutdown();
  say(stage, "two ");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "one ");
}

TEST_CASE("a work guard keeps run going until it is released, moved or not") {
  Stage stage;
  std::optional<WorkGuard> guard(std::in_place, stage.reactor);
  CHECK(stage.reactor.live_tasks() == 1);
  stage.reactor.post([&stage, kept = WorkGuard(std::move(*guard))]() mutable {
    stage.trace += "posted ";
    kept.release();
    kept.release();
    CHECK(stage.reactor.live_tasks() == 0);
  });
  guard.reset();
  CHECK(stage.reactor.live_tasks() == 1);
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "posted ");
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("a loop that waits for the posts of threads alone runs all of them, and sleeps meanwhile") {
  constexpr int threads = 4, each = 10'000;
  const test::DescriptorCheck descriptors;
  Reactor reactor;  // on the machine's clock: it really sleeps
  WorkGuard guard(reactor);
  int seen = 0;  // of the loop's thread alone
  std::vector<std::thread> posters;
  for (int index = 0; index < threads; ++index) {
    posters.emplace_back([&] {
      for (int count = 0; count < each; ++count) {
        reactor.post([&] {
          if (++seen == threads * each) guard.release();
        });
      }
    });
  }
  const auto ran = reactor.run();
  for (auto& poster : posters) poster.join();
  CHECK(ran.has_value());
  CHECK(seen == threads * each);
}

TEST_CASE(
    "a thread that begins to post while the loop ends loses nothing: the next run, or the end, has it") {
  const test::DescriptorCheck descriptors;
  constexpr int posts = 20'000;
  int seen = 0;
  {
    Reactor reactor;
    std::thread poster([&] {
      for (int count = 0; count < posts; ++count) reactor.post([&] { ++seen; });
    });
    for (int runs = 0; runs < 1000; ++runs)
      CHECK(reactor.run().has_value());  // each ends when it finds nothing
    poster.join();
  }
  CHECK(seen == posts);
}

TEST_CASE("a stop that a thread posts before the loop runs is not lost") {
  for (int round = 0; round < 100; ++round) {
    Reactor reactor;
    const WorkGuard guard(reactor);
    std::thread stopper([&] { reactor.post([&] { reactor.stop(); }); });
    const auto ran = reactor.run();
    stopper.join();
    CHECK(ran.has_value());
  }
}

TEST_CASE("a posted call runs once, behind the work posted before it") {
  Stage stage;
  Word one(stage, "one "), two(stage, "two ");
  say(stage, "work ");
  stage.reactor.post(two);
  stage.reactor.post(one);
  stage.reactor.post(two);
  say(stage, "more ");
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "work more two one ");
}

TEST_CASE("a posted call may be posted again from within, and is for the next turn then") {
  Stage stage;
  Word word(stage, ".");
  word.again = 2;
  stage.reactor.post(word);
  const auto turns = stage.reactor.turns();
  REQUIRE(stage.reactor.run().has_value());
  CHECK(stage.trace == "...");
  CHECK(stage.reactor.turns() - turns >= 3);
}

TEST_CASE("a call is posted without memory, and run by a shutdown, too") {
  Stage stage;
  Word word(stage, "one ");
  test::NoMemory refuse(0, test::NoMemory::all);
  stage.reactor.post(word);
  refuse.end();
  CHECK(refuse.refused() == 0);
  stage.reactor.shutdown();
  CHECK(stage.trace == "one ");
}

TEST_CASE("calls that another thread posts wake the loop, and none is lost") {
  Reactor reactor;
  struct Count final : reactord::PostedCall {
    explicit Count(Reactor& of) : guard(of) {}
    void on_posted() override {
      if (asked.load() == 1000) guard.reset();
    }
    std::atomic<int> asked = 0;
    std::optional<WorkGuard> guard;
  } count(reactor);
  std::thread other([&] {
    for (int number = 0; number < 1000; ++number) {
      ++count.asked;
      reactor.post(count);
    }
  });
  CHECK(reactor.run().has_value());
  other.join();
  reactor.shutdown();  // the last call may have come after the one that saw the last number
}
