// The watchdog of a service manager: told in time, not too often, and only where it is this process's.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/notify.hpp"
#include "support/notify_stage.hpp"

using reactord::Notifier;
using namespace std::chrono_literals;
using namespace test::notifying;

TEST_CASE("the watchdog is told twice in its time, from ready on") {
  NotifyStage stage;
  {
    Notifier notifier(stage.reactor, stage.environment("400000"), self, stage.remember(), "reactord");
    pass(stage, 1s);
    CHECK(stage.manager.heard().empty());
    notifier.ready("on");
    notifier.ready("again");
    CHECK(stage.manager.heard().size() == 2);
    pass(stage, 1050ms);
    CHECK(stage.manager.heard() == Datagrams(5, "WATCHDOG=1"));
    notifier.watchdog();
    CHECK(stage.manager.heard() == Datagrams(1, "WATCHDOG=1"));
    CHECK(stage.reactor.timers().size() == 1);
  }
  CHECK(stage.reactor.timers().size() == 0);
  CHECK(stage.failures.empty());
}

TEST_CASE("a loop that stood still says one word to the watchdog after it, not all it has missed") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment("400000"), self, stage.remember(), "reactord");
  notifier.ready("on");
  stage.clock.advance(10s);
  pass(stage, 50ms);
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=on", "WATCHDOG=1"});
}

TEST_CASE("a watchdog is not told more often than ten times a second, and one too short is reported") {
  NotifyStage stage;
  Notifier possible(stage.reactor, stage.environment("150000"), self, stage.remember(), "reactord");
  CHECK(stage.failures.empty());
  Notifier notifier(stage.reactor, stage.environment("50000"), self, stage.remember(), "reactord");
  CHECK(stage.failures == std::vector<std::string>{"notify WATCHDOG_USEC=50000: too short to be kept, "
                                                   "WatchdogSec= must be more than 100ms"});
  possible.ready("on");
  pass(stage, 1050ms);
  CHECK(stage.manager.heard().size() == 1 + 10);
}

TEST_CASE("a watchdog for another process, or of no sense, is not ours") {
  NotifyStage stage;
  auto environment = stage.environment("400000");
  environment.watchdog_pid = "4712";
  Notifier foreign(stage.reactor, environment, self, stage.remember(), "reactord");
  foreign.ready("on");
  CHECK(stage.reactor.timers().size() == 0);
  CHECK(stage.failures.empty());
  environment.watchdog_pid = "4711";
  Notifier own(stage.reactor, environment, self, stage.remember(), "reactord");
  own.ready("on");
  CHECK(stage.reactor.timers().size() == 1);
  for (const char* wrong : {"", "0", "-1", "1s", "99999999999999999999999"}) {
    CAPTURE(wrong);
    stage.failures.clear();
    Notifier confused(stage.reactor, stage.environment(wrong), self, stage.remember(), "reactord");
    confused.ready("on");
    CHECK(stage.reactor.timers().size() == 1);
    REQUIRE(stage.failures.size() == 1);
    CHECK(stage.failures[0] == std::string("notify WATCHDOG_USEC=") + wrong +
                                   ": must be a number of microseconds: there will be no watchdog");
  }
}

TEST_CASE("a watchdog of centuries is no overflow") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment("18446744073709551615"), self, stage.remember(),
                    "reactord");
  notifier.ready("on");
  pass(stage, 1h);
  CHECK(stage.manager.heard().size() == 1);
  CHECK(stage.failures.empty());
}
