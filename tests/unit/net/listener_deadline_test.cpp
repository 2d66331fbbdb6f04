// The deadline of a Listener: for the pending accept and for later ones, beside the pause that a lack of descriptors
// makes, which shares its timer.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "reactord/listener.hpp"
#include "support/loopback.hpp"
#include "support/no_descriptors.hpp"

using reactord::Conn;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using test::Peer;
using namespace std::chrono_literals;

namespace {

// A listener on a virtual clock, and what became of the accept that started() last began.
struct DeadlineStage : test::Stage {
  explicit DeadlineStage(const char* network = "tcp", const char* address = "127.0.0.1:0") {
    auto made = reactord::listen(reactor, network, address);
    REQUIRE(made.has_value());
    listener.emplace(std::move(*made));
  }
  std::optional<Listener> listener;
  std::optional<Result<Conn>> outcome;
  std::vector<Result<Conn>> earlier;  // kept: run() would wait until they are closed
  Time ended;

  void set(Time deadline) { REQUIRE(listener->set_deadline(deadline).has_value()); }
  bool has_failed_with(ErrorCode code) const {
    return outcome && !outcome->has_value() && outcome->error() == code;
  }
};

Task<> accept(DeadlineStage& stage) {
  auto conn = co_await stage.listener->accept();
  stage.outcome.emplace(std::move(conn));
  stage.ended = stage.reactor.now();
}

void run_accept(DeadlineStage& stage) {
  if (stage.outcome) stage.earlier.push_back(std::move(*stage.outcome));
  stage.outcome.reset();
  test::run(stage.reactor, accept(stage));
  REQUIRE(stage.outcome.has_value());
}

}  // namespace

TEST_CASE("[12] a past deadline fails an accept although a connection waits, and loses it not") {
  for (const char* network : {"tcp", "unix"}) {
    CAPTURE(network);
    DeadlineStage stage(network, network == std::string("tcp") ? "127.0.0.1:0" : "");
    const Peer waiting = Peer::connect(stage.listener->local_addr());
    for (const Time past : {stage.reactor.now() + -5s, Time::past(), stage.reactor.now()}) {
      stage.set(past);
      for (int round = 0; round < 2; ++round) {
        run_accept(stage);
        CHECK(stage.has_failed_with(ErrorCode::deadline_exceeded));
        CHECK(stage.outcome->error().timeout());
      }
    }
    stage.set(Time::never());
    run_accept(stage);
    CHECK(stage.outcome->has_value());
  }
}

TEST_CASE("[13] before its deadline an accept hands out who waits, then ends at the deadline") {
  DeadlineStage stage;
  const Peer first = Peer::connect(stage.listener->local_addr());
  const Peer second = Peer::connect(stage.listener->local_addr());
  const Time deadline = stage.reactor.now() + 50ms;
  stage.set(deadline);
  for (int round = 0; round < 2; ++round) {
    run_accept(stage);
    CHECK(stage.outcome->has_value());
    CHECK(stage.ended < deadline);
  }
  run_accept(stage);
  CHECK(stage.has_failed_with(ErrorCode::deadline_exceeded));
  CHECK(stage.ended >= deadline);
  CHECK(stage.ended <= deadline + 2ms);
}

TEST_CASE("[14] a deadline set while an accept is pending ends it: later, at once, moved earlier and later") {
  struct Row {
    std::vector<reactord::Duration> deadlines;  // from the start, set one after the other
    reactord::Duration end;
  };
  const Row table[] = {{{10ms}, 10ms}, {{-5s}, 0ms}, {{1h, 10ms}, 10ms}, {{10ms, 1h}, 1h}};
  for (const Row& row : table) {
    DeadlineStage stage;
    stage.set(Time::never());
    const Time start = stage.reactor.now();
    stage.reactor.spawn(accept(stage));
    stage.run(
        [](DeadlineStage& on, const Row& given) -> Task<> {
          const Time now = on.reactor.now();
          co_await on.reactor.next_turn();
          for (const auto deadline : given.deadlines) {
            CHECK_FALSE(on.outcome.has_value());
            on.set(now + deadline);
          }
        },
        row);
    CHECK(stage.has_failed_with(ErrorCode::deadline_exceeded));
    CHECK(stage.ended >= start + row.end);
    CHECK(stage.ended <= start + row.end + 2ms);
  }
}

TEST_CASE("[15] a deadline that was cleared ends nothing; close does, and is no timeout") {
  DeadlineStage stage;
  stage.set(stage.reactor.now() + -5s);
  stage.set(Time::never());
  stage.reactor.spawn(accept(stage));
  stage.run([](DeadlineStage& of) -> Task<> {
    auto slept = co_await of.reactor.sleep(100ms);
    CHECK(slept.has_value());
    CHECK_FALSE(of.outcome.has_value());
    // Once more while it is pending: a deadline to come, taken back before it does.
    of.set(of.reactor.now() + 10ms);
    of.set(Time::never());
    slept = co_await of.reactor.sleep(100ms);
    CHECK(slept.has_value());
    CHECK_FALSE(of.outcome.has_value());
    CHECK(of.listener->close().has_value());
  });
  CHECK(stage.has_failed_with(ErrorCode::closed));
  CHECK_FALSE(stage.outcome->error().timeout());
  CHECK_FALSE(stage.outcome->error().temporary());
}

TEST_CASE("[90] the timeout of an accept says where it listened") {
  DeadlineStage stage("tcp", ":0");
  stage.set(stage.reactor.now() + 30ns);
  run_accept(stage);
  const std::string port = std::to_string(stage.listener->local_addr().port());
  CHECK(stage.outcome->error().text() == "accept tcp [::]:" + port + ": i/o timeout");
}

TEST_CASE("a deadline for a closed listener is refused, and says so") {
  DeadlineStage stage;
  REQUIRE(stage.listener->close().has_value());
  const auto set = stage.listener->set_deadline(stage.reactor.now() + 1s);
  REQUIRE_FALSE(set.has_value());
  CHECK(set.error().text() ==
        "set tcp " + stage.listener->local_addr().text() + ": use of closed network connection");
  run_accept(stage);
  CHECK(stage.has_failed_with(ErrorCode::closed));
}

TEST_CASE("a deadline within a pause for want of descriptors ends the accept, and the pause goes on") {
  DeadlineStage stage;
  const Peer waiting = Peer::connect(stage.listener->local_addr());
  const Time start = stage.reactor.now();
  std::optional<test::NoDescriptors> limit(std::in_place);
  stage.set(start + 20ms);  // the pauses end after 5, 15 and 35 ms
  run_accept(stage);
  CHECK(stage.has_failed_with(ErrorCode::deadline_exceeded));
  CHECK(stage.ended >= start + 20ms);
  CHECK(stage.ended <= start + 22ms);
  CHECK(stage.listener->pauses() == 3);
  limit.reset();
  stage.set(Time::never());
  run_accept(stage);
  CHECK(stage.outcome->has_value());
  CHECK(stage.ended >= start + 35ms);  // not at once: the pause had not been forgotten
  CHECK(stage.ended <= start + 38ms);
  CHECK(stage.listener->pauses() == 3);
}

TEST_CASE("a pause that ends before the deadline hands out who waits, and the deadline does no harm later") {
  DeadlineStage stage;
  const Peer waiting = Peer::connect(stage.listener->local_addr());
  const Time start = stage.reactor.now();
  std::optional<test::NoDescriptors> limit(std::in_place);
  stage.set(start + 500ms);
  stage.reactor.spawn(accept(stage));
  stage.run(
      [](DeadlineStage& of, std::optional<test::NoDescriptors>& none) -> Task<> {
        auto slept = co_await of.reactor.sleep(7ms);
        CHECK(slept.has_value());
        none.reset();
        slept = co_await of.reactor.sleep(1s);
        CHECK(slept.has_value());
      },
      limit);
  REQUIRE(stage.outcome.has_value());
  CHECK(stage.outcome->has_value());
  CHECK(stage.ended >= start + 15ms);
  CHECK(stage.ended <= start + 18ms);
}
