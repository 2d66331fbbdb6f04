// TokenBucket on virtual time: evenly, in bursts, after long quiet, at rates beyond reason.
#include "serve/token_bucket.hpp"

#include <doctest/doctest.h>

#include <limits>

using reactord::Duration;
using reactord::Pace;
using reactord::Time;
using reactord::TokenBucket;
using namespace std::chrono_literals;

namespace {

constexpr Time start = Time::from_nanoseconds(5'000'000'000);
constexpr std::uint32_t largest = std::numeric_limits<std::uint32_t>::max();

// How many pass at this moment, of at most `tries`.
int passing(TokenBucket& bucket, const Pace& pace, Time now, int tries = 1000) {
  int passed = 0;
  while (passed < tries && bucket.take(pace, now)) ++passed;
  return passed;
}

}  // namespace

TEST_CASE("a new bucket lets a burst pass, then one in each interval") {
  const Pace pace({.per_second = 10, .burst = 5});
  TokenBucket bucket;
  CHECK(bucket.is_full(start));
  CHECK(passing(bucket, pace, start) == 5);
  CHECK_FALSE(bucket.is_full(start));
  CHECK(bucket.due(pace, start) == start + 100ms);
  CHECK(passing(bucket, pace, start + 100ms + Duration(-1)) == 0);
  CHECK(passing(bucket, pace, start + 100ms) == 1);
  CHECK(passing(bucket, pace, start + 350ms) == 2);
  CHECK(passing(bucket, pace, start + 400ms) == 1);
}

TEST_CASE("a burst of zero is as many as pass in a second") {
  const Pace pace({.per_second = 7, .burst = 0});
  TokenBucket bucket;
  CHECK(passing(bucket, pace, start) == 7);
}

TEST_CASE("a quiet year earns one burst, not more") {
  const Pace pace({.per_second = 10, .burst = 5});
  TokenBucket bucket;
  CHECK(passing(bucket, pace, start) == 5);
  CHECK(passing(bucket, pace, start + 365 * 24h) == 5);
  CHECK(bucket.is_full(start + 365 * 24h + 500ms));
}

TEST_CASE("what was refused costs nothing") {
  const Pace pace({.per_second = 1, .burst = 1});
  TokenBucket bucket;
  CHECK(bucket.take(pace, start));
  for (int tries = 0; tries < 100; ++tries) CHECK_FALSE(bucket.take(pace, start + 999ms));
  CHECK(bucket.take(pace, start + 1s));
}

TEST_CASE("reservations are due one interval apart, and those who come later wait behind them") {
  const Pace pace({.per_second = 4, .burst = 2});
  TokenBucket bucket;
  CHECK(bucket.reserve(pace, start) == start);
  CHECK(bucket.reserve(pace, start) == start);
  CHECK(bucket.reserve(pace, start) == start + 250ms);
  CHECK(bucket.reserve(pace, start + 100ms) == start + 500ms);
  CHECK_FALSE(bucket.take(pace, start + 500ms));
  CHECK(bucket.take(pace, start + 750ms));
}

TEST_CASE("in the long run no more pass than the rate, whatever it is") {
  for (const std::uint32_t rate : {1U, 3U, 7U, 1000U, 999'999U}) {
    CAPTURE(rate);
    const Pace pace({.per_second = rate, .burst = 1});
    TokenBucket bucket;
    std::uint64_t passed = 0;
    Time now = start;
    for (; passed < 2000; ++passed) {
      now = bucket.due(pace, now);
      REQUIRE(bucket.take(pace, now));
    }
    CHECK((now - start).count() >= static_cast<std::int64_t>((passed - 1) * 1'000'000'000 / rate));
    CHECK((now - start).count() <= static_cast<std::int64_t>((passed - 1) * (1'000'000'000 / rate + 1)));
  }
}

TEST_CASE("the extremes of rate, burst and time do not overflow") {
  const Pace slow({.per_second = 1, .burst = largest});
  CHECK(slow.tolerance.count() == 4'294'967'294 * 1'000'000'000);
  TokenBucket patient;
  CHECK(passing(patient, slow, Time(), 100'000) == 100'000);
  const Pace fast({.per_second = largest, .burst = largest});
  CHECK(fast.interval == 1ns);
  TokenBucket hasty;
  CHECK(passing(hasty, fast, start, 100'000) == 100'000);
  const Pace single({.per_second = largest, .burst = 1});
  TokenBucket strict;
  CHECK(passing(strict, single, start) == 1);
  CHECK(passing(strict, single, start + 1ns) == 1);
  TokenBucket late;
  CHECK(late.take(slow, Time::never()));
  CHECK(late.due(slow, Time::never()) == Time::never());
  CHECK(late.reserve(Pace({.per_second = 1, .burst = 1}), start).is_never());
}
