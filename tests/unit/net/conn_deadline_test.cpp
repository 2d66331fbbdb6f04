// Deadlines of a Conn on a virtual clock: exact, movable, and harmless to the data.
#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>

#include "reactord/conn.hpp"
#include "support/loopback.hpp"

using reactord::Conn;
using reactord::Duration;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using test::ConnStage;
using test::over_each_transport;
using namespace std::chrono_literals;

namespace {

// The end of an operation, and when it came.
struct Outcome {
  std::optional<Result<std::size_t>> result;
  Time ended;
  bool timed_out() const { return result && !*result && result->error().timeout(); }
};

Task<> read_once(Conn& conn, Outcome& outcome) {
  std::array<char, 1024> room{};
  auto count = co_await conn.read(room);
  outcome.result.emplace(std::move(count));
  outcome.ended = conn.reactor().now();
}

Task<> write_flood(Conn& conn, Outcome& outcome) {
  static const std::string flood(8 * 1024 * 1024, 'w');
  auto written = co_await conn.write(flood);
  outcome.result.emplace(std::move(written));
  outcome.ended = conn.reactor().now();
}

void check_ended(const Outcome& outcome, Time deadline) {
  REQUIRE(outcome.timed_out());
  CHECK(outcome.ended >= deadline);
  CHECK(outcome.ended - deadline <= 1ms);
}

}  // namespace

TEST_CASE("a past deadline fails a read at once where data is ready, and loses none of it") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    co_await test::send_all(scene.reactor, scene.peer, "data");
    for (const Time past : {Time::past(), scene.reactor.now(), scene.reactor.now() + Duration(-1)}) {
      CHECK(scene.conn.set_read_deadline(past).has_value());
      Outcome outcome;
      Task<> reading = read_once(scene.conn, outcome);
      co_await std::move(reading);
      CHECK(outcome.timed_out());
      CHECK(outcome.result->error().text() ==
            std::string("read ") + to_string(scene.conn.remote_addr().network()) + ' ' +
                scene.conn.local_addr().text() + "->" + scene.conn.remote_addr().text() + ": i/o timeout");
    }
    CHECK(scene.conn.set_read_deadline(Time::never()).has_value());
    Outcome outcome;
    Task<> reading = read_once(scene.conn, outcome);
    co_await std::move(reading);
    REQUIRE((outcome.result && outcome.result->has_value()));
    CHECK(**outcome.result == 4);
  });
}

TEST_CASE("a read ends at its deadline: never early, at most a tick late, and usable after it") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    for (const Duration wait : {Duration(1), Duration(1ms), Duration(1'500'001), Duration(64ms), Duration(5s),
                                Duration(24h), Duration(365 * 24h)}) {
      const Time deadline = scene.reactor.now() + wait;
      CHECK(scene.conn.set_read_deadline(deadline).has_value());
      Outcome outcome;
      Task<> reading = read_once(scene.conn, outcome);
      co_await std::move(reading);
      check_ended(outcome, deadline);
    }
    CHECK(scene.conn.set_read_deadline(Time::never()).has_value());
    scene.peer.send("revived");
    Outcome outcome;
    Task<> reading = read_once(scene.conn, outcome);
    co_await std::move(reading);
    CHECK((outcome.result && outcome.result->has_value()));
  });
}

TEST_CASE("a deadline applies to the read that is pending: set, moved earlier, moved later") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const std::array<std::array<Duration, 3>, 4> moves{
        {{-1s, 2s, 2s}, {10s, 3s, 3s}, {3s, 10s, 10s}, {10s, 1h, 2s}}};
    for (const auto& [first, second, third] : moves) {
      const Time start = scene.reactor.now();
      CHECK(scene.conn.set_read_deadline(first < 0s ? Time::never() : start + first).has_value());
      Outcome outcome;
      scene.reactor.spawn(read_once(scene.conn, outcome));
      co_await scene.reactor.next_turn();
      co_await scene.reactor.next_turn();
      CHECK(scene.conn.set_read_deadline(start + second).has_value());
      CHECK(scene.conn.set_read_deadline(start + third).has_value());
      auto slept = co_await scene.reactor.sleep(2h);
      CHECK(slept.has_value());
      check_ended(outcome, start + third);
    }
  });
}

TEST_CASE(
    "a deadline that passes while a read is pending is the past: the read ends in this turn or the next") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome outcome;
    scene.reactor.spawn(read_once(scene.conn, outcome));
    co_await scene.reactor.next_turn();
    CHECK(scene.conn.set_deadline(Time::past()).has_value());
    CHECK_FALSE(outcome.result.has_value());  // not from within the call: from the loop's own stack
    co_await scene.reactor.next_turn();
    CHECK(outcome.timed_out());
  });
}

TEST_CASE("a cleared deadline does not end the read that is pending") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome outcome;
    CHECK(scene.conn.set_read_deadline(scene.reactor.now() + 1s).has_value());
    scene.reactor.spawn(read_once(scene.conn, outcome));
    co_await scene.reactor.next_turn();
    CHECK(scene.conn.set_read_deadline(Time::never()).has_value());
    auto slept = co_await scene.reactor.sleep(48h);
    CHECK(slept.has_value());
    CHECK_FALSE(outcome.result.has_value());
    scene.peer.send("x");
    const auto is_done = [&outcome] { return outcome.result.has_value(); };
    co_await test::until(scene.reactor, is_done);
    CHECK(outcome.result->has_value());
  });
}

TEST_CASE("a deadline three centuries away can be moved near") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome outcome;
    CHECK(scene.conn.set_read_deadline(Time::never() + Duration(-1)).has_value());
    scene.reactor.spawn(read_once(scene.conn, outcome));
    co_await scene.reactor.next_turn();
    const Time deadline = scene.reactor.now() + 1s;
    CHECK(scene.conn.set_read_deadline(deadline).has_value());
    auto slept = co_await scene.reactor.sleep(10s);
    CHECK(slept.has_value());
    REQUIRE(outcome.result.has_value());
    check_ended(outcome, deadline);
  });
}

TEST_CASE("a write that waits for its peer ends at the write deadline, whatever the read deadline is") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const Time start = scene.reactor.now();
    Outcome read, written;
    CHECK(scene.conn.set_read_deadline(start + 20s).has_value());
    CHECK(scene.conn.set_write_deadline(start + 7s).has_value());
    scene.reactor.spawn(read_once(scene.conn, read));
    scene.reactor.spawn(write_flood(scene.conn, written));
    auto slept = co_await scene.reactor.sleep(1min);
    CHECK(slept.has_value());
    check_ended(written, start + 7s);
    check_ended(read, start + 20s);
    scene.conn.abort();
  });
}

TEST_CASE("set_deadline is both, and a past one refuses a write of a single byte") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const Time start = scene.reactor.now();
    Outcome read, written;
    CHECK(scene.conn.set_deadline(start + 7s).has_value());
    scene.reactor.spawn(read_once(scene.conn, read));
    scene.reactor.spawn(write_flood(scene.conn, written));
    auto slept = co_await scene.reactor.sleep(1min);
    CHECK(slept.has_value());
    check_ended(written, start + 7s);
    check_ended(read, start + 7s);
    auto byte = co_await scene.conn.write("x");
    REQUIRE_FALSE(byte.has_value());
    CHECK(byte.error().timeout());
    auto flushed = co_await scene.conn.flush();
    REQUIRE_FALSE(flushed.has_value());
    CHECK(flushed.error().timeout());
    scene.conn.abort();
  });
}

TEST_CASE("a deadline that nobody waits for wakes nobody") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    for (int round = 0; round < 1000; ++round) {
      CHECK(scene.conn.set_deadline(scene.reactor.now() + 1ms * round).has_value());
    }
    CHECK(scene.reactor.timers().size() == 0);
    co_return;
  });
}
