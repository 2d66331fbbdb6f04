// Programs, from the settings that name them to the end of their last process: real processes, on the real clock.
#include "daemon/programs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "reactord/pipe.hpp"
#include "support/loopback.hpp"

using namespace reactord;
using namespace std::chrono_literals;

namespace {

struct Recorder final : ProgramObserver {
  void on_program_started(const ProgramProcess& process) override {
    events.push_back("started " + std::string(process.program));
    pids.push_back(process.pid);
  }
  void on_program_ended(const ProgramProcess& process, const ProgramEnd& end) override {
    events.push_back("ended " + std::string(process.program) + ": " + std::string(end.status));
  }
  std::size_t count(std::string_view event) const {
    return static_cast<std::size_t>(std::ranges::count(events, event));
  }
  std::vector<std::string> events;
  std::vector<pid_t> pids;
};

struct ProgramsStage {
  ProgramsStage() { std::signal(SIGPIPE, SIG_IGN); }

  template <typename Body>
  void run(Body body) {
    test::run(reactor, (+body)(*this));
    CHECK(programs.empty());
    CHECK(reactor.live_tasks() == 0);
    for (const pid_t pid : observer.pids) CHECK(::kill(pid, 0) == -1);
  }

  Recorder observer;
  Reactor reactor;
  Programs programs{reactor, server, observer};
  Server server{reactor};
};

ProgramSettings program(std::string name, std::vector<std::string> command = {"cat"}) {
  ProgramSettings settings;
  settings.name = std::move(name);
  settings.command = std::move(command);
  return settings;
}

Task<> wait_for(ProgramsStage& on, std::string event, std::size_t count = 1) {
  const Time end = on.reactor.now() + 10s;
  while (on.observer.count(event) < count && on.reactor.now() < end) {
    auto slept = co_await on.reactor.sleep(5ms);
    REQUIRE(slept.has_value());
  }
  CHECK(on.observer.count(event) == count);
}

Task<> stop(ProgramsStage& on, Duration patience = 10s) {
  Task<> stopping = Programs::stop(on.programs, on.reactor.now() + patience);
  co_await std::move(stopping);
}

Task<> expect_answer(Conn& client, std::string line) {
  auto sent = co_await client.write(line + "\n");
  REQUIRE(sent.has_value());
  std::string answer;
  while (answer.size() <= line.size()) {
    std::string bytes(line.size() + 1, ' ');
    auto read = co_await client.read(std::span(bytes));
    REQUIRE(read.has_value());
    answer.append(bytes, 0, *read);
  }
  CHECK(answer == line + "\n");
}

}  // namespace

TEST_CASE("programs start when they are prepared, and end when they are stopped") {
  ProgramsStage().run([](ProgramsStage& on) -> Task<> {
    on.programs.prepare({program("a"), program("b")});
    CHECK(on.programs.find("a") != nullptr);
    CHECK(on.programs.find("a") != on.programs.find("b"));
    CHECK(on.programs.find("c") == nullptr);
    on.programs.follow({program("a"), program("b")});
    Task<> starting = wait_for(on, "started b");
    co_await std::move(starting);
    CHECK(on.observer.count("started a") == 1);
    Task<> stopping = stop(on);
    co_await std::move(stopping);
    CHECK(on.observer.count("ended a: exit status 0") == 1);
    CHECK(on.observer.count("ended b: exit status 0") == 1);
  });
}

TEST_CASE("what was prepared for a change that failed is gone again, and the others stay") {
  ProgramsStage().run([](ProgramsStage& on) -> Task<> {
    on.programs.prepare({program("a")});
    on.programs.follow({program("a")});
    StreamHandler* const kept = on.programs.find("a");
    on.programs.prepare({program("a"), program("b")});
    CHECK(on.programs.find("b") != nullptr);
    on.programs.abandon();
    CHECK(on.programs.find("a") == kept);
    CHECK(on.programs.find("b") == nullptr);
    CHECK(on.programs.size() == 1);
    Task<> stopping = stop(on);
    co_await std::move(stopping);
  });
}

TEST_CASE("a program that is wanted again at a reload has new workers") {
  ProgramsStage().run([](ProgramsStage& on) -> Task<> {
    on.programs.prepare({program("a")});
    on.programs.follow({program("a")});
    Task<> starting = wait_for(on, "started a");
    co_await std::move(starting);
    StreamHandler* const kept = on.programs.find("a");
    on.programs.prepare({program("a")});
    on.programs.follow({program("a")});
    CHECK(on.programs.find("a") == kept);
    Task<> ending = wait_for(on, "ended a: exit status 0");
    co_await std::move(ending);
    CHECK(on.observer.count("started a") == 2);
    Task<> stopping = stop(on);
    co_await std::move(stopping);
  });
}

TEST_CASE("a program that is not wanted any more serves its connections to their end, then it is gone") {
  ProgramsStage().run([](ProgramsStage& on) -> Task<> {
    on.programs.prepare({program("a")});
    auto [ours, theirs] = buffered_pipe(on.reactor);
    on.server.serve(std::move(theirs), *on.programs.find("a"), "a");
    on.programs.follow({program("a")});
    on.programs.follow({});
    CHECK(on.programs.find("a") == nullptr);  // for new listeners
    Task<> asking = expect_answer(ours, "one");
    co_await std::move(asking);
    CHECK(on.programs.size() == 1);
    auto closed = co_await ours.finish();
    Task<> ending = wait_for(on, "ended a: exit status 0");
    co_await std::move(ending);
    Task<> stopping = stop(on);
    co_await std::move(stopping);
  });
}

TEST_CASE("a retired program that is wanted again is the same one") {
  ProgramsStage().run([](ProgramsStage& on) -> Task<> {
    on.programs.prepare({program("a")});
    StreamHandler* const kept = on.programs.find("a");
    auto [ours, theirs] = buffered_pipe(on.reactor);
    on.server.serve(std::move(theirs), *kept, "a");
    on.programs.follow({});
    on.programs.prepare({program("a")});
    on.programs.abandon();
    on.programs.prepare({program("a")});
    CHECK(on.programs.find("a") == kept);
    on.programs.follow({program("a")});
    Task<> asking = expect_answer(ours, "one");
    co_await std::move(asking);
    auto closed = co_await ours.finish();
    Task<> stopping = stop(on);
    co_await std::move(stopping);
  });
}

TEST_CASE("programs that do not end are killed when the time is up, or when it becomes less") {
  for (const bool is_hurried : {false, true}) {
    CAPTURE(is_hurried);
    ProgramsStage stage;
    const auto body = [](ProgramsStage& on) -> Task<> {
      const auto stubborn =
          program("a", {"/bin/sh", "-c", "trap '' TERM; echo ready >&2; while :; do sleep 1; done"});
      on.programs.prepare({stubborn});
      on.programs.follow({stubborn});
      Task<> starting = wait_for(on, "started a");
      co_await std::move(starting);
      on.programs.end_by(on.reactor.now());  // no effect before stop()
      Task<> stopping = stop(on, 50ms);
      co_await std::move(stopping);
    };
    const auto hurried = [](ProgramsStage& on) -> Task<> {
      const auto stubborn = program("a", {"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"});
      on.programs.prepare({stubborn});
      on.programs.follow({stubborn});
      Task<> starting = wait_for(on, "started a");
      co_await std::move(starting);
      on.reactor.spawn(stop(on, 1h));
      auto slept = co_await on.reactor.sleep(20ms);
      on.programs.end_by(on.reactor.now());
    };
    const Time began = monotonic_now();
    if (is_hurried) {
      stage.run(hurried);
    } else {
      stage.run(body);
    }
    CHECK(monotonic_now() - began < 4s);  // less than program_grace
  }
}
