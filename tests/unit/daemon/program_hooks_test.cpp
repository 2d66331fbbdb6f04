// on_start and on_stop of a program, through run_daemon() in a child: when they are called, what an error of them does, and
// that no task keeps the daemon.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "reactord/daemon.hpp"
#include "reactord/event.hpp"
#include "support/process.hpp"

using namespace std::chrono_literals;
using reactord::DaemonProgram;
using reactord::Error;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;

namespace {

void say(const std::string& text) {
  const std::string line = text + '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

// Says in the log what it is asked, so the log tells the order of all.
struct Teller final : reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override {
    say("line " + std::string(line) + " limit " + std::to_string(limit));
    reply.write(line, "\n");
  }
  std::size_t limit = 0;
};
Teller teller;

DaemonProgram described() {
  return {.name = "kvd",
          .version = "1.0",
          .protocols = {{"kv", "tells", teller}},
          .listen = "kv@127.0.0.1:0",
          .settings = {{"limit", "SIZE", "7", "a limit", reactord::parse_size, teller.limit}}};
}

// The daemon, in a child, and what it has said so far.
class Child {
 public:
  Child(DaemonProgram program, std::vector<std::string> arguments, int input = -1) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(pipe[1], STDERR_FILENO);
      ::dup2(pipe[1], STDOUT_FILENO);
      if (input >= 0) ::dup2(input, STDIN_FILENO);
      arguments.insert(arguments.begin(), "kvd");
      std::vector<char*> words;
      for (std::string& argument : arguments) words.push_back(argument.data());
      words.push_back(nullptr);
      ::_exit(reactord::run_daemon(static_cast<int>(arguments.size()), words.data(), std::move(program)));
    }
    log_ = test::Descriptor(pipe[0]);
    ::close(pipe[1]);
  }
  ~Child() {
    if (child_ > 0) ::kill(child_, SIGKILL);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // A child that does not say it is ended by the test program's own limit on time.
  void wait_for(std::string_view text) {
    while (said_.find(text) == said_.npos && read_some()) {
    }
    CAPTURE(said_);
    REQUIRE(said_.find(text) != said_.npos);
  }
  std::string address() {
    wait_for("event=listening");
    wait_for("event=limits");
    const std::size_t begin = said_.find("address=127.") + 8;
    return said_.substr(begin, said_.find_first_of(" \n", begin) - begin);
  }
  void signal(int number) const { ::kill(child_, number); }
  int status() {
    while (read_some()) {
    }
    int status = 0;
    REQUIRE(::waitpid(child_, &status, 0) == child_);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool says(std::string_view text) const { return said_.find(text) != said_.npos; }
  // True when the texts stand in what it has said, in that order.
  bool says_in_order(std::initializer_list<std::string_view> texts) const {
    std::size_t at = 0;
    for (const std::string_view text : texts) {
      at = said_.find(text, at);
      if (at == said_.npos) return false;
      at += text.size();
    }
    return true;
  }
  const std::string& said() const noexcept { return said_; }

 private:
  bool read_some() {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(log_.get(), bytes.data(), bytes.size());
    if (count > 0) said_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  pid_t child_ = -1;
  test::Descriptor log_;
  std::string said_;
};

Task<> sleep_for_ever(Reactor& reactor) {
  auto slept = co_await reactor.sleep(24h);
  say(slept ? "slept" : "sleep ended: " + slept.error().text());
}

}  // namespace

TEST_CASE("on_start is called before it listens, and on_stop when no connection is left") {
  DaemonProgram program = described();
  program.on_start = [](Reactor& reactor) -> Result<void> {
    say("starting, limit " + std::to_string(teller.limit));
    reactor.spawn(sleep_for_ever(reactor));
    return {};
  };
  program.on_stop = [](Reactor& reactor) -> Task<Result<void>> {
    say("stopping");
    auto slept = co_await reactor.sleep(1ms);
    say("flushed");
    co_return slept;
  };
  Child child(std::move(program), {"--limit", "5"});
  test::Client client(child.address());
  CHECK(client.ask("x") == "x");
  child.signal(SIGTERM);
  CHECK(client.read_to_end().empty());
  const int status = child.status();
  CAPTURE(child.said());
  CHECK(status == 0);
  CHECK(child.says_in_order({"starting, limit 5", "event=listening", "line x limit 5", "event=draining",
                             "event=closed", "stopping", "flushed", "sleep ended: operation was canceled",
                             "event=stopped"}));
  CHECK_FALSE(child.says("stop-cut-short"));
}

TEST_CASE("a task does not keep the daemon, also without on_stop") {
  DaemonProgram program = described();
  program.on_start = [](Reactor& reactor) -> Result<void> {
    reactor.spawn(sleep_for_ever(reactor));
    return {};
  };
  Child child(std::move(program), {});
  child.address();
  child.signal(SIGTERM);
  CHECK(child.status() == 0);
  CHECK(child.says("sleep ended: operation was canceled"));
}

TEST_CASE("an error of on_start ends the start") {
  const auto said = [](std::function<Result<void>(Reactor&)> on_start) {
    DaemonProgram program = described();
    program.on_start = std::move(on_start);
    program.on_stop = [](Reactor&) -> Task<Result<void>> {
      say("stopping");
      co_return Result<void>();
    };
    Child child(std::move(program), {});
    CHECK(child.status() == 1);
    return child.said();
  };
  CHECK(said([](Reactor& reactor) -> Result<void> {
          reactor.spawn(sleep_for_ever(reactor));
          return std::unexpected(Error::invalid("the store is of another version"));
        }) == "sleep ended: operation was canceled\nkvd: can't start: the store is of another version\n");
  CHECK(said([](Reactor&) -> Result<void> { throw std::runtime_error("no store"); }) ==
        "kvd: can't start: no store\n");
  CHECK(said([](Reactor&) -> Result<void> { throw 7; }) == "kvd: can't start: unknown exception\n");
}

TEST_CASE("when listening fails, on_stop ends what on_start has begun") {
  DaemonProgram program = described();
  program.on_start = [](Reactor& reactor) -> Result<void> {
    reactor.spawn(sleep_for_ever(reactor));
    return {};
  };
  program.on_stop = [](Reactor&) -> Task<Result<void>> {
    say("stopping");
    co_return Result<void>();
  };
  Child child(std::move(program), {"--listen", "kv@unix:/nowhere/to/be/found"});
  CHECK(child.status() == 1);
  CAPTURE(child.said());
  CHECK(
      child.says_in_order({"stopping\nsleep ended: operation was canceled\n", "kvd: listen unix /nowhere"}));
}

TEST_CASE("an error of on_stop is logged, and the status") {
  for (const bool throws : {false, true}) {
    DaemonProgram program = described();
    program.on_stop = [throws](Reactor&) -> Task<Result<void>> {
      if (throws) throw std::runtime_error("disk is full");
      co_return std::unexpected(Error::invalid("disk is full"));
    };
    Child child(std::move(program), {});
    child.address();
    child.signal(SIGTERM);
    CHECK(child.status() == 1);
    CHECK(child.says_in_order({"level=error event=stop-failed error=\"disk is full\"", "event=stopped"}));
  }
}

TEST_CASE("an on_stop that lasts is cut short by drain-timeout and by a second signal") {
  const auto lasting = [] {
    DaemonProgram program = described();
    program.on_stop = [](Reactor& reactor) -> Task<Result<void>> {
      say("stopping");
      auto slept = co_await reactor.sleep(24h);
      co_return slept;
    };
    return program;
  };
  {
    Child child(lasting(), {"--drain-timeout", "20ms"});
    child.address();
    child.signal(SIGTERM);
    CHECK(child.status() == 1);
    CHECK(child.says_in_order({"stopping", "level=warn event=stop-cut-short after=0.020",
                               "event=stop-failed error=\"operation was canceled\"", "event=stopped"}));
  }
  {
    Child child(lasting(), {"--drain-timeout", "1h"});
    child.address();
    child.signal(SIGTERM);
    child.wait_for("stopping");
    test::pass_second();
    child.signal(SIGTERM);
    CHECK(child.status() == 1);
    CHECK(child.says_in_order(
        {"stopping\n", "event=stopping-now", "event=stop-failed error=\"operation was canceled\""}));
  }
}

TEST_CASE("after a second signal during the drain, on_stop is called without time") {
  DaemonProgram program = described();
  program.on_stop = [](Reactor& reactor) -> Task<Result<void>> {
    auto slept = co_await reactor.sleep(24h);
    say("written at once");
    co_return slept ? slept : Result<void>();
  };
  Child child(std::move(program), {"--drain-timeout", "1h", "--drain-line-timeout", "1h"});
  test::Client client(child.address());
  CHECK(client.ask("x") == "x");
  client.send("half a line");
  client.wait_until_received();
  child.signal(SIGTERM);
  child.wait_for("event=draining");
  test::pass_second();
  child.signal(SIGTERM);
  CHECK(child.status() == 0);
  CAPTURE(child.said());
  CHECK(child.says_in_order({"event=stopping-now", "event=closed", "written at once", "event=stopped"}));
}

TEST_CASE("--check calls neither; --inetd calls both") {
  const auto telling = [](Result<void> started) {
    DaemonProgram program = described();
    program.on_start = [started](Reactor& reactor) -> Result<void> {
      say("starting");
      reactor.spawn(sleep_for_ever(reactor));
      return started;
    };
    program.on_stop = [](Reactor&) -> Task<Result<void>> {
      say("stopping");
      co_return Result<void>();
    };
    return program;
  };
  Child check(telling({}), {"--check"});
  CHECK(check.status() == 0);
  CHECK_FALSE(check.says("starting\n"));
  CHECK_FALSE(check.says("stopping\n"));

  for (const bool starts : {true, false}) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const test::Descriptor client(ends[0]);
    test::Descriptor lent(ends[1]);
    REQUIRE(::write(client.get(), "x\n", 2) == 2);
    REQUIRE(::shutdown(client.get(), SHUT_WR) == 0);
    Result<void> started;
    if (!starts) started = std::unexpected(Error::invalid("no store"));
    Child child(telling(started), {"--inetd", "kv"}, lent.get());
    lent.close();
    CHECK(child.status() == (starts ? 0 : 1));
    CAPTURE(child.said());
    if (starts) {
      CHECK(child.says_in_order(
          {"starting", "line x", "event=closed", "stopping", "sleep ended: operation was canceled"}));
    } else {
      CHECK(child.says_in_order(
          {"starting", "sleep ended: operation was canceled", "kvd: can't start: no store"}));
      CHECK_FALSE(child.says("line x"));
    }
  }
}
