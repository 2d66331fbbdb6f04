// What the service manager hears: every datagram, in order, on a clock that stands still.
#include "daemon/notify.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::Error;
using reactord::Notifier;
using reactord::NotifyEnvironment;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

using Datagrams = std::vector<std::string>;
constexpr pid_t self = 4711;

test::Descriptor datagram_socket() {
  test::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  REQUIRE(socket.get() >= 0);
  return socket;
}

// The manager: a datagram socket at `name`, a path or @name. An abstract one is chosen by the kernel.
class Manager {
 public:
  explicit Manager(const std::string& name) {
    const auto address = Address::parse(reactord::Network::unix_socket, name);
    REQUIRE(address.has_value());
    length_ = address->to_socket_address(storage_);
    REQUIRE(::bind(socket_.get(), where(), length_) == 0);
    length_ = sizeof storage_;
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage_), &length_) == 0);
  }

  std::string name() const { return Address::from_socket_address(storage_, length_).text(); }
  void close() { socket_.close(); }

  Datagrams heard() {
    Datagrams all;
    std::array<char, 4096> bytes{};
    while (true) {
      const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (count < 0) return all;
      all.emplace_back(bytes.data(), static_cast<std::size_t>(count));
    }
  }

  std::string hear_one() {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    return count < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(count));
  }

  // Others have sent so much that there is room for nothing more. Each sender has a bound of its own.
  void fill() {
    for (int sender = 0; sender < 1000; ++sender) {
      const test::Descriptor other = datagram_socket();
      std::size_t sent = 0;
      while (::sendto(other.get(), "X=1", 3, 0, where(), length_) == 3) ++sent;
      if (sent == 0) return;
    }
    FAIL("the queue takes everything");
  }

 private:
  const sockaddr* where() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
  test::Descriptor socket_ = datagram_socket();
};

struct Stage {
  test::DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  Reactor reactor{clock};
  Manager manager{"@"};
  std::vector<std::string> failures;

  NotifyEnvironment environment(const char* watchdog_usec = nullptr) const {
    NotifyEnvironment all{.notify_socket = manager.name()};
    if (watchdog_usec != nullptr) all.watchdog_usec = watchdog_usec;
    return all;
  }
  Notifier::OnFailure remember() {
    return [this](const Error& error) { failures.push_back(error.text()); };
  }
};

Task<> sleep(Reactor& reactor, reactord::Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

void pass(Stage& stage, reactord::Duration duration) {
  test::run(stage.reactor, sleep(stage.reactor, duration));
}

}  // namespace

TEST_CASE("the states of a service reach the manager in order, each in one datagram") {
  test::TemporaryDirectory directory;
  for (const std::string& name : {std::string("@"), directory.path("notify")}) {
    CAPTURE(name);
    Stage stage;
    Manager manager(name);
    CHECK(manager.name().starts_with(name.front()));
    Notifier notifier(stage.reactor, {.notify_socket = manager.name()}, self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
  notifier.status("first");
  notifier.status("second");
  notifier.stopping("last");
  CHECK(stage.reactor.timers().size() == 0);
  pass(stage, 5s);
  CHECK(stage.manager.heard() == Datagrams{"STATUS=first", "STOPPING=1\nSTATUS=last"});
}

TEST_CASE("a status is one line of whole characters, and bounded") {
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
  notifier.ready("a\nREADY=0\tb");
  const std::string most(Notifier::longest_status - 1, 'x');
  notifier.stopping(most + "\xc3\xa4");  // a letter of two bytes, of which one has room
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=a READY=0 b", "STOPPING=1\nSTATUS=" + most});
}

TEST_CASE("a status shows all that is in it, and is UTF-8: the manager drops every other text") {
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
  notifier.ready("unix:/run/\xff\xc2\x9b\xe2\x80\xae\xc3\xa4");
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=unix:/run/\\xff\\u009b\\u202e\xc3\xa4"});
}

TEST_CASE("the watchdog is told twice in its time, from ready on") {
  Stage stage;
  {
    Notifier notifier(stage.reactor, stage.environment("400000"), self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment("400000"), self, stage.remember());
  notifier.ready("on");
  stage.clock.advance(10s);
  pass(stage, 50ms);
  CHECK(stage.manager.heard() == Datagrams{"READY=1\nSTATUS=on", "WATCHDOG=1"});
}

TEST_CASE("a watchdog is not told more often than ten times a second, and one too short is reported") {
  Stage stage;
  Notifier possible(stage.reactor, stage.environment("150000"), self, stage.remember());
  CHECK(stage.failures.empty());
  Notifier notifier(stage.reactor, stage.environment("50000"), self, stage.remember());
  CHECK(stage.failures == std::vector<std::string>{"notify WATCHDOG_USEC=50000: too short to be kept, "
                                                   "WatchdogSec= must be more than 100ms"});
  possible.ready("on");
  pass(stage, 1050ms);
  CHECK(stage.manager.heard().size() == 1 + 10);
}

TEST_CASE("a watchdog for another process, or of no sense, is not ours") {
  Stage stage;
  auto environment = stage.environment("400000");
  environment.watchdog_pid = "4712";
  Notifier foreign(stage.reactor, environment, self, stage.remember());
  foreign.ready("on");
  CHECK(stage.reactor.timers().size() == 0);
  CHECK(stage.failures.empty());
  environment.watchdog_pid = "4711";
  Notifier own(stage.reactor, environment, self, stage.remember());
  own.ready("on");
  CHECK(stage.reactor.timers().size() == 1);
  for (const char* wrong : {"", "0", "-1", "1s", "99999999999999999999999"}) {
    CAPTURE(wrong);
    stage.failures.clear();
    Notifier confused(stage.reactor, stage.environment(wrong), self, stage.remember());
    confused.ready("on");
    CHECK(stage.reactor.timers().size() == 1);
    REQUIRE(stage.failures.size() == 1);
    CHECK(stage.failures[0] == std::string("notify WATCHDOG_USEC=") + wrong +
                                   ": must be a number of microseconds: there will be no watchdog");
  }
}

TEST_CASE("a watchdog of centuries is no overflow") {
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment("18446744073709551615"), self, stage.remember());
  notifier.ready("on");
  pass(stage, 1h);
  CHECK(stage.manager.heard().size() == 1);
  CHECK(stage.failures.empty());
}

TEST_CASE("nobody to tell: every call does nothing, and nothing wakes the loop") {
  Stage stage;
  Notifier notifier(stage.reactor, {.notify_socket = {}, .watchdog_usec = "400000", .watchdog_pid = {}}, self,
                    stage.remember());
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
    Stage stage;
    Notifier notifier(stage.reactor, {.notify_socket = wrong}, self, stage.remember());
    CHECK_FALSE(notifier.is_heard());
    notifier.ready("on");
    CHECK(stage.failures ==
          std::vector<std::string>{std::string("notify NOTIFY_SOCKET=") + wrong +
                                   ": must be a path or @name: nobody will be told that reactord is ready"});
  }
  Stage stage;
  Notifier notifier(stage.reactor, {.notify_socket = "/" + std::string(200, 'x')}, self, stage.remember());
  CHECK(stage.failures.size() == 1);
  CHECK_FALSE(notifier.is_heard());
}

TEST_CASE("a manager that is gone is reported once") {
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
  stage.manager.close();
  notifier.ready("on");
  notifier.watchdog();
  notifier.stopping("off");
  CHECK(stage.failures ==
        std::vector<std::string>{"notify " + stage.manager.name() + ": sendto: connection refused"});
  CHECK(stage.reactor.timers().size() == 0);
}

// What others have filled the queue with is read, and nothing else was in it.
void make_room(Stage& stage) {
  const Datagrams others = stage.manager.heard();
  CHECK(others == Datagrams(others.size(), "X=1"));
}

TEST_CASE("who is told of a failure may speak to the manager from there") {
  for (const bool is_full : {false, true}) {
    CAPTURE(is_full);
    Stage stage;
    Notifier* speaker = nullptr;
    int failures = 0;
    Notifier notifier(stage.reactor, stage.environment(), self, [&](const Error&) {
      ++failures;
      speaker->watchdog();
      speaker->stopping("it failed");
    });
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
  stage.manager.fill();
  notifier.reloading(Time::past());
  make_room(stage);
  notifier.ready("on");
  CHECK(stage.manager.heard() == Datagrams{"RELOADING=1\nMONOTONIC_USEC=0", "READY=1\nSTATUS=on"});
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("room for one is taken by the first, and the others wait on") {
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
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
  Stage stage;
  Notifier notifier(stage.reactor, stage.environment(), self, stage.remember());
  stage.manager.fill();
  notifier.extend_timeout(1500ms);
  pass(stage, 1600ms);
  make_room(stage);
  pass(stage, 3s);
  CHECK(stage.manager.heard().empty());
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
