// What the service manager is told, and what happens when there is none.
#include "daemon/notify.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/notify_stage.hpp"
#include "support/process.hpp"

using reactord::Notifier;
using reactord::NotifyEnvironment;
using reactord::Time;
using namespace std::chrono_literals;
using namespace test::notifying;

TEST_CASE("the states of a service reach the manager in order, each in one datagram") {
  test::TemporaryDirectory directory;
  for (const std::string& name : {std::string("@"), directory.path("notify")}) {
    CAPTURE(name);
    NotifyStage stage;
    Manager manager(name);
    CHECK(manager.name().starts_with(name.front()));
    Notifier notifier(stage.reactor, {.notify_socket = manager.name()}, self, stage.remember(), "reactord");
    CHECK(notifier.is_heard());
    notifier.ready("listening on 127.0.0.1:9090");
    notifier.reloading(Time::from_nanoseconds(12'345'678'999));
    notifier.extend_timeout(30s);
    notifier.ready("reloaded");
    notifier.stopping("3 connections left");
    CHECK(manager.heard() == Datagrams{"READY=1\nSTATUS=listening on 127.0.0.1:9090",
                                       "RELOADING=1\nMONOTONIC_USEC=12345678", "EXTEND_TIMEOUT_USEC=30000000",
                                       "READY=1\nSTATUS=reloaded", "STOPPING=1\nSTATUS=3 connections left"});
    CHECK(stage.failures.empty());
    CHECK(stage.reactor.timers().size() == 0);
  }
}

TEST_CASE("of several texts within a second the manager hears the newest, when the second is over") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  notifier.status("1 connection");
  CHECK(stage.manager.heard() == Datagrams{"STATUS=1 connection"});
  CHECK(stage.reactor.timers().size() == 0);
  pass(stage, 400ms);
  notifier.status("2 connections");
  pass(stage, 400ms);
  notifier.status("3 connections");
  CHECK(stage.manager.heard().empty());
  pass(stage, 199ms);
  CHECK(stage.manager.heard().empty());
  pass(stage, 2ms);
  CHECK(stage.manager.heard() == Datagrams{"STATUS=3 connections"});
  pass(stage, 5s);
  notifier.status("3 connections");  // known
  CHECK(stage.manager.heard().empty());
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("a state carries its own text, and the one that waited is forgotten") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  notifier.status("first");
  notifier.status("second");
  notifier.stopping("last");
  CHECK(stage.reactor.timers().size() == 0);
  pass(stage, 5s);
  CHECK(stage.manager.heard() == Datagrams{"STATUS=first", "STOPPING=1\nSTATUS=last"});
}

TEST_CASE("a status is one line of whole characters, and bounded") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  notifier.ready("a\nREADY=0\tb");
  const std::string most(Notifier::longest_status - 1, 'x');
  notifier.stopping(most + "\xc3\xa4");  // a letter of two bytes, of which one has room
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=a READY=0 b", "STOPPING=1\nSTATUS=" + most});
}

TEST_CASE("a status shows all that is in it, and is UTF-8: the manager drops every other text") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  notifier.ready("unix:/run/\xff\xc2\x9b\xe2\x80\xae\xc3\xa4");
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=unix:/run/\\xff\\u009b\\u202e\xc3\xa4"});
}

TEST_CASE("nobody to tell: every call does nothing, and nothing wakes the loop") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, {.notify_socket = {}, .watchdog_usec = "400000", .watchdog_pid = {}}, self,
                    stage.remember(), "reactord");
  CHECK_FALSE(notifier.is_heard());
  notifier.ready("a");
  notifier.status("b");
  notifier.reloading(Time::past());
  notifier.extend_timeout(1s);
  notifier.watchdog();
  notifier.stopping("c");
  CHECK(stage.reactor.timers().size() == 0);
  CHECK(stage.failures.empty());
}

TEST_CASE("an address that is no unix socket is reported with what would be right") {
  for (const char* wrong : {"", "/", "@", "vsock:2:1234", "run/notify", "127.0.0.1:1"}) {
    CAPTURE(wrong);
    NotifyStage stage;
    Notifier notifier(stage.reactor, {.notify_socket = wrong}, self, stage.remember(), "reactord");
    CHECK_FALSE(notifier.is_heard());
    notifier.ready("on");
    CHECK(stage.failures ==
          std::vector<std::string>{std::string("notify NOTIFY_SOCKET=") + wrong +
                                   ": must be a path or @name: nobody will be told that reactord is ready"});
  }
  NotifyStage stage;
  Notifier notifier(stage.reactor, {.notify_socket = "/" + std::string(200, 'x')}, self, stage.remember(),
                    "reactord");
  CHECK(stage.failures.size() == 1);
  CHECK_FALSE(notifier.is_heard());
}

TEST_CASE("a manager that is gone is reported once") {
  NotifyStage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember(), "reactord");
  stage.manager.close();
  notifier.ready("on");
  notifier.watchdog();
  notifier.stopping("off");
  CHECK(stage.failures ==
        std::vector<std::string>{"notify " + stage.manager.name() + ": sendto: connection refused"});
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("the variables are taken out of the environment") {
  REQUIRE(::setenv("NOTIFY_SOCKET", "@x", 1) == 0);
  REQUIRE(::setenv("WATCHDOG_USEC", "1", 1) == 0);
  REQUIRE(::setenv("WATCHDOG_PID", "2", 1) == 0);
  const auto taken = NotifyEnvironment::take();
  CHECK(taken.notify_socket == "@x");
  CHECK(taken.watchdog_usec == "1");
  CHECK(taken.watchdog_pid == "2");
  const auto again = NotifyEnvironment::take();
  CHECK_FALSE(again.notify_socket.has_value());
  CHECK_FALSE(again.watchdog_usec.has_value());
  CHECK_FALSE(again.watchdog_pid.has_value());
}
