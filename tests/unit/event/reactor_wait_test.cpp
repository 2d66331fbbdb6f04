// The loop and a kernel that is hostile: waits that fail, waits that are interrupted, more ready than one wait returns.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "reactord/reactor.hpp"
#include "support/fail_next.hpp"
#include "support/loopback.hpp"

using reactord::Duration;
using reactord::Error;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using test::Call;
using test::FailNext;
using namespace std::chrono_literals;

namespace {

struct Observer final : reactord::ReactorObserver {
  void on_wait_failed(const Error& error) override {
    errors.push_back(error.text());
    if (stop != nullptr) stop->stop();
  }
  std::vector<std::string> errors;
  Reactor* stop = nullptr;
};

struct WaitStage {
  WaitStage() { reactor.observe(&observer); }
  test::DescriptorCheck descriptors;
  VirtualClock clock;
  Observer observer;
  Reactor reactor{clock};
};

Task<> turns(Reactor& reactor, int count) {
  for (int turn = 0; turn < count; ++turn) co_await reactor.next_turn();
}

// An eventfd(2) that counts how often it was served, and may want to be served again and again.
class Ready final : public reactord::Watch {
 public:
  Ready(Reactor& reactor, bool again)
      : Watch(reactor, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), again_(again) {
    REQUIRE(reactor.add(*this).has_value());
  }
  void fire() {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd(), &one, sizeof one) == sizeof one);
  }
  std::size_t served = 0;

 private:
  void on_ready(reactord::Readiness ready) override {
    if ((ready & reactord::readiness::readable) == 0) return;
    ++served;
    if (again_) fire();
  }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }
  bool again_;
};

struct Crowd {
  Crowd(WaitStage& on, std::size_t count, bool again = false) : stage(on) {
    for (std::size_t index = 0; index < count; ++index) all.emplace_back(new Ready(on.reactor, again));
  }
  std::size_t served() const {
    std::size_t sum = 0;
    for (const auto& one : all) sum += one->served > 0 ? 1 : 0;
    return sum;
  }
  WaitStage& stage;
  std::vector<reactord::WatchHandle<Ready>> all;
  std::size_t served_before_timer = 0;
  std::uint64_t turns_before_timer = 0;
};

Task<> note_at(Crowd& crowd, Time time) {
  auto slept = co_await crowd.stage.reactor.sleep_until(time);
  CHECK(slept.has_value());
  crowd.served_before_timer = crowd.served();
  crowd.turns_before_timer = crowd.stage.reactor.turns() - crowd.turns_before_timer;
}

// All are ready and the deadline is long past when the loop looks, as after SIGCONT.
Task<> be_stopped(Crowd& crowd) {
  Reactor& reactor = crowd.stage.reactor;
  const Time due = reactor.now() + 1s;
  reactor.spawn(note_at(crowd, due));
  for (int turn = 0; turn < 5; ++turn) co_await reactor.next_turn();  // "writable" is behind all of them
  for (const auto& one : crowd.all) one->fire();
  crowd.stage.clock.advance(1h);
  crowd.turns_before_timer = reactor.turns();
}

}  // namespace

TEST_CASE("a wait that fails is reported, followed by a pause, and tried again") {
  WaitStage stage;
  const Time before = stage.clock.now();
  FailNext fail(Call::epoll_wait, EINVAL, 4);
  test::run(stage.reactor, turns(stage.reactor, 3));
  CHECK(fail.happened());
  REQUIRE(stage.observer.errors.size() == 4);
  CHECK(stage.observer.errors.front() == "epoll_wait: invalid argument");
  CHECK(stage.clock.now() - before == 15ms);  // 1, 2, 4 and 8
}

TEST_CASE("waits that fail without end are an error of run, and later it may be tried again") {
  WaitStage stage;
  const Time before = stage.clock.now();
  FailNext fail(Call::epoll_wait, EBADF, Reactor::failed_waits);
  stage.reactor.spawn(turns(stage.reactor, 3));
  const auto ran = stage.reactor.run();
  REQUIRE_FALSE(ran.has_value());
  CHECK(ran.error().system_errno() == EBADF);
  CHECK(ran.error().text() == "epoll_wait: bad file descriptor");
  CHECK(fail.happened());
  CHECK(stage.observer.errors.size() == Reactor::failed_waits - 1);
  CHECK(stage.clock.now() - before == 1023ms + 5 * Reactor::longest_pause);
  CHECK(stage.reactor.run().has_value());
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("failures with a success between them are not in a row") {
  WaitStage stage;
  for (int round = 0; round < 3; ++round) {
    FailNext fail(Call::epoll_wait, ENOMEM, Reactor::failed_waits - 1);
    test::run(stage.reactor, turns(stage.reactor, 3));
    CHECK(fail.happened());
  }
  CHECK(stage.observer.errors.size() == 3 * (Reactor::failed_waits - 1));
}

TEST_CASE("on the machine's clock the loop sleeps between two failures") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  const Time before = reactord::monotonic_now();
  FailNext fail(Call::epoll_wait, EINVAL, 3);
  test::run(reactor, turns(reactor, 1));
  CHECK(fail.happened());
  CHECK(reactord::monotonic_now() - before >= 7ms);
}

TEST_CASE("whoever is told of a failed wait may stop the loop") {
  WaitStage stage;
  stage.observer.stop = &stage.reactor;
  FailNext fail(Call::epoll_wait, EINVAL, 10);
  stage.reactor.spawn(turns(stage.reactor, 1));
  CHECK(stage.reactor.run().has_value());
  CHECK(fail.left() == 9);
  CHECK(stage.reactor.live_tasks() == 1);
}

TEST_CASE("a shutdown ends everything even where waits fail") {
  WaitStage stage;
  const reactord::WatchHandle<Ready> watch(new Ready(stage.reactor, false));
  static constexpr auto sleeper = [](Reactor& on) -> Task<> {
    auto slept = co_await on.sleep_until(Time::never());
    CHECK_FALSE(slept.has_value());
  };
  stage.reactor.spawn(sleeper(stage.reactor));
  static constexpr auto stopper = [](Reactor& on) -> Task<> {
    on.stop();
    co_return;
  };
  stage.reactor.spawn(stopper(stage.reactor));
  CHECK(stage.reactor.run().has_value());
  FailNext fail(Call::epoll_wait, EBADF, 1000);
  stage.reactor.shutdown();
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("an interrupted wait is silent, and loses nothing") {
  WaitStage stage;
  Crowd crowd(stage, 1);
  const Time before = stage.clock.now();
  test::run(stage.reactor, turns(stage.reactor, 2));
  crowd.all.front()->fire();
  FailNext fail(Call::epoll_wait, EINTR);
  test::run(stage.reactor, turns(stage.reactor, 3));
  CHECK(fail.happened());
  CHECK(stage.observer.errors.empty());
  CHECK(stage.clock.now() == before);
  CHECK(crowd.served() == 1);
}

TEST_CASE("a loop that was stopped serves all that came in time before any deadline") {
  for (const std::size_t count : {std::size_t{1}, std::size_t{256}, std::size_t{700}}) {
    CAPTURE(count);
    WaitStage stage;
    Crowd crowd(stage, count);
    test::run(stage.reactor, be_stopped(crowd));
    CHECK(crowd.served_before_timer == count);
    CHECK(crowd.turns_before_timer <= 4);
  }
}

TEST_CASE("a stop interrupts the wait, and what came meanwhile is still served before any deadline") {
  WaitStage stage;
  Crowd crowd(stage, 10);
  static constexpr auto stopped = [](Crowd& on, std::unique_ptr<FailNext>& fail) -> Task<> {
    co_await be_stopped(on);
    fail = std::make_unique<FailNext>(Call::epoll_wait, EINTR);  // what SIGCONT does
  };
  std::unique_ptr<FailNext> fail;
  test::run(stage.reactor, stopped(crowd, fail));
  CHECK(fail->happened());
  CHECK(crowd.served_before_timer == 10);
}

TEST_CASE("timers do not wait for ever: descriptors that are always ready hold them back for so many turns") {
  WaitStage stage;
  Crowd crowd(stage, 300, true);
  test::run(stage.reactor, be_stopped(crowd));
  CHECK(crowd.turns_before_timer >= Reactor::turns_without_timers);
  CHECK(crowd.turns_before_timer <= Reactor::turns_without_timers + 2);
}
