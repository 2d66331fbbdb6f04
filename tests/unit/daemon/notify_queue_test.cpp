// What a service manager cannot take now: its queue is full. What is kept, in which order it is sent, and what is dropped.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "daemon/notify.hpp"
#include "support/notify_stage.hpp"

using reactord::Error;
using reactord::Notifier;
using reactord::Time;
using namespace std::chrono_literals;
using namespace test::notifying;

namespace {

// What others have filled the queue with is read, and nothing else was in it.
void make_room(NotifyStage& stage) {
  const Datagrams others = stage.manager.heard();
  CHECK(others == Datagrams(others.size(), "X=1"));
}

}  // namespace

TEST_CASE("who is told of a failure may speak to the manager from there") {
  for (const bool is_full : {false, true}) {
    CAPTURE(is_full);
    NotifyStage stage;
    Notifier* speaker = nullptr;
    int failures = 0;
    Notifier notifier(
        stage.reactor, stage.environment(), self,
        [&](const Error&) {
          ++failures;
          speaker->watchdog();
          speaker->stopping("it failed");
        },
        "reactord");
    speaker = &notifier;
    if (is_full) {
      stage.manager.fill();
    } else {
      stage.manager.close();
    }
    notifier.reloading(Time::past());
    notifier.ready("on");
    CHECK(failures == 1);
    if (!is_full) continue;
    make_room(stage);
    pass(stage, 2s);
    CHECK(stage.manager.heard() ==
          Datagrams{"RELOADING=1\nMONOTONIC_USEC=0", "WATCHDOG=1", "STOPPING=1", "READY=1\nSTATUS=on"});
  }
}

TEST_CASE(
    "what finds the queue full is kept, of each kind the newest, and sent in order once there is room") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.fill();
  notifier.reloading(Time::from_nanoseconds(5'000));
  notifier.extend_timeout(30s);
  notifier.ready("on");
  notifier.status("1 connection");
  notifier.watchdog();
  CHECK(stage.failures.size() == 1);
  pass(stage, 2500ms);
  make_room(stage);
  pass(stage, 3s);
  CHECK(stage.manager.heard() == Datagrams{"RELOADING=1\nMONOTONIC_USEC=5", "EXTEND_TIMEOUT_USEC=27000000",
                                           "READY=1\nSTATUS=1 connection", "WATCHDOG=1"});
  CHECK(stage.reactor.timers().size() == 0);
  CHECK(stage.failures.size() == 1);
}

TEST_CASE("a stop that finds the queue full follows the reload before it, and has its own time") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.fill();
  notifier.reloading(Time::past());
  notifier.extend_timeout(10s);
  notifier.ready("Serving");
  notifier.stopping("Draining");
  notifier.extend_timeout(35s);
  make_room(stage);
  pass(stage, 3s);
  CHECK(stage.manager.heard() == Datagrams{"RELOADING=1\nMONOTONIC_USEC=0", "READY=1",
                                           "STOPPING=1\nSTATUS=Draining", "EXTEND_TIMEOUT_USEC=34000000"});
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("nothing overtakes what waits, also where room comes before the next try") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.fill();
  notifier.reloading(Time::past());
  make_room(stage);
  notifier.ready("on");
  CHECK(stage.manager.heard() == Datagrams{"RELOADING=1\nMONOTONIC_USEC=0", "READY=1\nSTATUS=on"});
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("room for one is taken by the first, and the others wait on") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.fill();
  notifier.reloading(Time::past());
  notifier.ready("on");
  CHECK(stage.manager.hear_one() == "X=1");
  pass(stage, 1500ms);
  Datagrams heard = stage.manager.heard();
  REQUIRE(heard.size() > 1);
  CHECK(heard.back() == "RELOADING=1\nMONOTONIC_USEC=0");
  pass(stage, 1s);
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=on"});
}

TEST_CASE(
    "reloads without end while the queue is full leave the newest, and no more waits than there are kinds") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.fill();
  notifier.ready("on");
  for (int count = 1; count <= 1000; ++count) {
    notifier.reloading(Time::from_nanoseconds(count * 1000));
    notifier.extend_timeout(10s);
    notifier.watchdog();
    notifier.ready("reloaded " + std::to_string(count));
  }
  make_room(stage);
  pass(stage, 2s);
  CHECK(stage.manager.heard() == Datagrams{"RELOADING=1\nMONOTONIC_USEC=1000", "EXTEND_TIMEOUT_USEC=9000000",
                                           "WATCHDOG=1", "READY=1\nSTATUS=reloaded 1000"});
}

TEST_CASE("more time that is over before it could be asked for is not asked for") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.fill();
  notifier.extend_timeout(1500ms);
  pass(stage, 1600ms);
  make_room(stage);
  pass(stage, 3s);
  CHECK(stage.manager.heard().empty());
  CHECK(stage.reactor.timers().size() == 0);
}
