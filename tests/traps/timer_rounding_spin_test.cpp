// A wait for a timer that is 0.4 ms away, cut off to whole milliseconds, is a wait of 0: the loop spins until
// the timer is due. The kernel's epoll_wait(2) counts in milliseconds; the library rounds up, on a clock that
// no one can set, so that a timer costs a wake-up or two and is never early.
#include <doctest/doctest.h>

#include <cstdint>

#include "reactord/reactor.hpp"

namespace {

using namespace reactord;

struct Observed {
  std::uint64_t early = 0;
  std::uint64_t sleeps = 0;
};

Task<> sleep_often(Reactor& reactor, Duration duration, int times, Observed& observed) {
  for (int time = 0; time < times; ++time) {
    const Time until = reactor.now() + duration;
    auto slept = co_await reactor.sleep_until(until);
    if (!slept) co_return;
    ++observed.sleeps;
    if (reactor.now() < until) ++observed.early;
  }
}

// A timer may have to stop once per level of the wheel that it comes down from: two for anything this short.
constexpr std::uint64_t turns_per_sleep = 3;

}  // namespace

TEST_CASE("timer rounding: a fraction of a millisecond is slept, not spun away") {
  for (const Duration duration : {Duration(100us), Duration(1'700us), Duration(3'333us)}) {
    CAPTURE(duration.count());
    constexpr int times = 20;
    Reactor reactor;
    Observed observed;
    reactor.spawn(sleep_often(reactor, duration, times, observed));
    REQUIRE(reactor.run());
    CHECK(observed.sleeps == times);
    CHECK(observed.early == 0);
    CHECK(reactor.turns() <= times * turns_per_sleep + 2);
    CHECK(reactor.live_tasks() == 0);
  }
}

TEST_CASE("timer rounding: many timers at odd moments share their wake-ups") {
  constexpr int sleepers = 50, times = 4;
  Reactor reactor;
  Observed observed;
  for (int sleeper = 0; sleeper < sleepers; ++sleeper)
    reactor.spawn(sleep_often(reactor, 1ms + sleeper * 317us, times, observed));
  REQUIRE(reactor.run());
  CHECK(observed.sleeps == sleepers * times);
  CHECK(observed.early == 0);
  CHECK(reactor.turns() <= sleepers * times * turns_per_sleep + 2);
}
