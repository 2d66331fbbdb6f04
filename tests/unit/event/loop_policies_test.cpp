// When timers that are due wait, and how a loop goes on whose wait fails: both pure.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "event/alarm.hpp"
#include "event/failed_waits.hpp"
#include "event/late_timers.hpp"
#include "reactord/reactor.hpp"

using namespace std::chrono_literals;
using reactord::Duration;
using reactord::FailedWaits;
using reactord::LateTimers;
using reactord::Reactor;
using reactord::Time;

TEST_CASE("timers that come in time run at once") {
  LateTimers timers;
  CHECK_FALSE(timers.must_wait(0s, false));
  CHECK_FALSE(timers.must_wait(Reactor::late, false));
}

TEST_CASE("timers that are late wait one turn, and no more where nothing else is ready") {
  LateTimers timers;
  CHECK(timers.must_wait(Reactor::late + 1ns, false));
  CHECK_FALSE(timers.must_wait(Reactor::late + 1ns, false));
  timers.ran();
  CHECK(timers.must_wait(Reactor::late + 1ns, false));
}

TEST_CASE("timers wait while a wait returns all it can, up to turns_without_timers") {
  LateTimers timers;
  for (std::uint32_t turn = 0; turn < Reactor::turns_without_timers; ++turn)
    REQUIRE(timers.must_wait(0s, true));
  CHECK_FALSE(timers.must_wait(0s, true));
  timers.ran();
  CHECK(timers.must_wait(0s, true));
}

TEST_CASE("waits that fail in a row have pauses that double, and an end") {
  FailedWaits waits;
  Duration expected = Reactor::shortest_pause;
  std::uint64_t turn = 1;
  for (std::uint32_t failure = 1; failure < Reactor::failed_waits; ++failure) {
    const std::optional<Duration> pause = waits.pause_after(turn++);
    REQUIRE(pause == expected);
    expected = std::min(expected * 2, Reactor::longest_pause);
  }
  CHECK(expected == Reactor::longest_pause);
  CHECK_FALSE(waits.pause_after(turn));
}

TEST_CASE("a wait that succeeds ends the row") {
  FailedWaits waits;
  for (std::uint64_t turn = 1; turn < 100; turn += 2)
    REQUIRE(waits.pause_after(turn) == Reactor::shortest_pause);
}

TEST_CASE("a timeout is rounded up to milliseconds, and at most a day") {
  const Time now = Time::from_nanoseconds(1'000'000'000);
  CHECK(reactord::milliseconds_until(now + -1s, now) == 0);
  CHECK(reactord::milliseconds_until(now, now) == 0);
  CHECK(reactord::milliseconds_until(now + 1ns, now) == 1);
  CHECK(reactord::milliseconds_until(now + 1ms, now) == 1);
  CHECK(reactord::milliseconds_until(now + (1ms + 1ns), now) == 2);
  CHECK(reactord::milliseconds_until(now + 48h, now) == 24 * 60 * 60 * 1000);
  CHECK(reactord::milliseconds_until(Time::never(), now) == -1);
}
