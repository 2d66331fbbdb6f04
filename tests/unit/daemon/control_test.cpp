// Control, beside a server of clients on the same Reactor: its steps, and that it takes nothing from that server.
#include "daemon/control.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "support/process.hpp"
#include "support/server_stage.hpp"

using namespace reactord;
using namespace std::chrono_literals;

namespace {

class Silent final : public StreamHandler {
  Task<> serve(Conn&, Context&) override { co_return; }
};

// Longer than the threshold of the stage, in real time.
class Spinning final : public StreamHandler {
  Task<> serve(Conn&, Context&) override {
    const Time end = monotonic_now() + 41ms;
    while (monotonic_now() < end) continue;
    co_return;
  }
};

// The control socket is made first, as in the daemon.
struct ControlledStage : test::Stage {
  ControlOption option(const std::string& name, unsigned mode = 0600) const {
    return {.address = "unix:" + directory.path(name), .file = {.mode = mode}};
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(directory.path(name)); }

  test::TemporaryDirectory directory;
  WatchHandle<Log> log = Log::open(reactor, -1, LogLevel::debug);
  EventLog events{reactor, *log, 0};
  Silent handler;
  Spinning spinning;
  Control control{reactor, handler, *log, events};
  test::RecordingObserver observer;
  Server server{reactor, {.limits = {.stall_threshold = 40ms}, .observer = &observer}};
};

}  // namespace

TEST_CASE_FIXTURE(ControlledStage,
                  "what is prepared is served when it is followed, and gone when it is abandoned") {
  run([](ControlledStage& stage) -> Task<> {
    REQUIRE(stage.control.prepare(stage.option("a")).has_value());
    stage.control.follow();
    CHECK(stage.exists("a"));
    REQUIRE(stage.control.prepare(stage.option("b")).has_value());
    CHECK(stage.exists("b"));
    stage.control.abandon();
    CHECK_FALSE(stage.exists("b"));
    CHECK(stage.control.option() == stage.option("a"));

    CHECK_FALSE(stage.control.prepare(stage.option("none/c")).has_value());
    CHECK(stage.control.option() == stage.option("a"));
    REQUIRE(stage.control.prepare(stage.option("b")).has_value());
    stage.control.follow();
    co_await stage.reactor.next_turn();
    CHECK_FALSE(stage.exists("a"));
    REQUIRE(stage.control.prepare({}).has_value());
    CHECK(stage.exists("b"));
    stage.control.follow();
    Task<> stopping = Control::stop(stage.control);
    co_await std::move(stopping);
    CHECK_FALSE(stage.exists("b"));
  });
}

TEST_CASE_FIXTURE(ControlledStage, "a mode that is given up is the former one again") {
  const auto mode = [this] { return std::filesystem::status(directory.path("a")).permissions(); };
  REQUIRE(control.prepare(option("a")).has_value());
  control.follow();
  REQUIRE(control.prepare(option("a", 0666)).has_value());
  CHECK(mode() == std::filesystem::perms(0666));
  control.abandon();
  CHECK(mode() == std::filesystem::perms(0600));
  REQUIRE(control.prepare(option("a", 0660)).has_value());
  control.follow();
  CHECK(mode() == std::filesystem::perms(0660));
  CHECK(control.option() == option("a", 0660));
  run([](ControlledStage& stage) -> Task<> {
    Task<> stopping = Control::stop(stage.control);
    co_await std::move(stopping);
  });
}

TEST_CASE_FIXTURE(ControlledStage, "a handler that holds the loop is told by the server of the clients") {
  REQUIRE(control.prepare(option("a")).has_value());
  control.follow();
  run([](ControlledStage& stage) -> Task<> {
    auto pair = buffered_pipe(stage.reactor);
    stage.server.serve(std::move(pair.first), stage.spinning, "spinning");
    co_await stage.reactor.next_turn();
    co_await stage.reactor.next_turn();
    Task<> stopping = Control::stop(stage.control);
    co_await std::move(stopping);
  });
  REQUIRE(observer.stalls.size() >= 1);
  CHECK(observer.stalls.front().duration >= 40ms);
}
