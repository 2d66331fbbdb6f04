// Exceptions in tasks: one that leaves an awaited task arrives where it is awaited, whenever the task ended; one that
// leaves a spawned task ends the program.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

#include "reactord/reactor.hpp"
#include "support/loopback.hpp"

using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

// Counts how many of its kind live.
struct Counted {
  explicit Counted(int& count) : live(count) { ++live; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --live; }
  int& live;
};

enum class When : std::uint8_t { at_once, after_a_turn };

Task<int> number_of(Reactor& reactor, std::string text, When when, int& live) {
  const Counted counted(live);
  if (when == When::after_a_turn) co_await reactor.next_turn();
  co_return std::stoi(text);
}

Task<> check_number(Reactor& reactor, std::string text, When when, int& live) {
  const Counted counted(live);
  auto number = co_await number_of(reactor, std::move(text), when, live);
  CHECK(number == 42);
}

Task<std::unique_ptr<int>> throw_once(Reactor& reactor, bool does) {
  co_await reactor.next_turn();
  if (does) throw std::runtime_error("once");
  co_return std::make_unique<int>(1);
}

// What arrives, through two tasks that did not catch it.
Task<> await_numbers(Reactor& reactor, When when, std::string& trace, int& live) {
  for (const char* text : {"42", "none", "42"}) {
    try {
      co_await check_number(reactor, text, when, live);
      trace += "fine ";
    } catch (const std::invalid_argument& thrown) {
      trace += thrown.what();
      trace += ' ';
    }
    CHECK(live == 0);
  }
}

Task<> await_values(Reactor& reactor, std::string& trace) {
  for (const bool does : {true, false}) {
    try {
      auto value = co_await throw_once(reactor, does);
      trace += std::to_string(*value);
    } catch (const std::runtime_error& thrown) {
      trace += thrown.what();
    }
  }
}

Task<> throw_nothing_catchable(Reactor& reactor) {
  co_await reactor.next_turn();
  throw std::runtime_error("out of a spawned task");
}

}  // namespace

TEST_CASE("an exception that leaves a task arrives where it is awaited, and unwinds what is between") {
  VirtualClock clock;
  Reactor reactor(clock);
  std::string trace;
  int live = 0;
  When when = When::at_once;
  SUBCASE("of one that has not suspended") {}
  SUBCASE("of one that the loop has resumed") { when = When::after_a_turn; }
  test::run(reactor, await_numbers(reactor, when, trace, live));
  CHECK(trace == "fine stoi fine ");
  CHECK(live == 0);
  CHECK(reactor.live_tasks() == 0);
}

TEST_CASE("a task that has a value gives that or its exception") {
  VirtualClock clock;
  Reactor reactor(clock);
  std::string trace;
  test::run(reactor, await_values(reactor, trace));
  CHECK(trace == "once1");
}

TEST_CASE("an exception that leaves a spawned task ends the program") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // doctest's handler would report the child as a failed test
    ::close(STDERR_FILENO);
    VirtualClock clock;
    Reactor reactor(clock);
    reactor.spawn(throw_nothing_catchable(reactor));
    const auto ran = reactor.run();
    ::_exit(ran ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}
