// Time saturates: a far future is never, and nothing wraps into the past.
#include "reactord/time.hpp"

#include <doctest/doctest.h>

using reactord::Clock;
using reactord::Duration;
using reactord::Time;
using reactord::VirtualClock;
using namespace std::chrono_literals;

TEST_CASE("sums saturate") {
  const Time late = Time::from_nanoseconds(Time::never().nanoseconds() - 5);
  CHECK((late + 5ns).is_never());
  CHECK((late + 6ns).is_never());
  CHECK((late + Duration::max()).is_never());
  CHECK((Time::never() + 1h).is_never());
  CHECK_FALSE((late + 4ns).is_never());
  const Time deep = Time::from_nanoseconds(std::numeric_limits<std::int64_t>::min() + 5);
  CHECK(deep + Duration(-6) == Time::past());
  CHECK(Time::from_nanoseconds(10) + Duration(-4) == Time::from_nanoseconds(6));
}

TEST_CASE("times are ordered, and never comes last") {
  const Time soon = Time::from_nanoseconds(1);
  CHECK(Time::past() < soon);
  CHECK(soon < soon + 1ns);
  CHECK(soon + 10'000h < Time::never());
  CHECK(Time() == Time::past());
  CHECK((soon + 3s) - soon == 3s);
}

TEST_CASE("a virtual clock stands still until it is moved") {
  VirtualClock clock(Time::from_nanoseconds(100));
  CHECK(clock.is_virtual());
  CHECK(clock.now() == Time::from_nanoseconds(100));
  CHECK(clock.now() == Time::from_nanoseconds(100));
  clock.advance(5ns);
  CHECK(clock.now() == Time::from_nanoseconds(105));
  CHECK(clock.skip(10ns));
  CHECK(clock.now() == Time::from_nanoseconds(115));
  clock.advance(Duration::max());
  CHECK(clock.now().is_never());
}

TEST_CASE("the machine's clock runs, forwards, and leaves the waiting to the kernel") {
  Clock& clock = Clock::monotonic();
  const Time before = clock.now();
  CHECK(before > Time::past());
  CHECK_FALSE(clock.skip(1h));
  CHECK_FALSE(clock.is_virtual());
  Time after = clock.now();
  while (after == before) after = clock.now();
  CHECK(after > before);
  CHECK(after - before < 1h);
}
