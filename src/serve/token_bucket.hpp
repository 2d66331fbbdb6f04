// TokenBucket: `per_second` in the long run, and `burst` at once after a quiet time. The generic cell rate algorithm of
// ITU-T I.371 (virtual scheduling). In place of tokens and the time of their last refill it stores one time, the
// theoretical arrival time: when the next would arrive if all came evenly.
//
//     interval = 1 s / per_second      tolerance = interval * (burst - 1)
//
//     ----+-----------------+---------+----> time
//        due               now    arrival
//         |<--- tolerance ----------->|    due is not after now: one may pass, which moves arrival on by interval
//
// Pure: time is an argument. An interval is whole nanoseconds, rounded up, so the rate never exceeds per_second. A
// caller that sleeps until due() wakes at a tick of the timer wheel: a burst of less than a thousandth of per_second is
// then the effective limit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "reactord/limits.hpp"
#include "reactord/time.hpp"

namespace reactord {

// The intervals of a RateLimit, shared by all buckets of that limit.
struct Pace {
  explicit constexpr Pace(const RateLimit& limit) noexcept {
    if (limit.per_second == 0) return;
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t burst = limit.burst == 0 ? limit.per_second : limit.burst;
    const std::int64_t whole = (second + limit.per_second - 1) / limit.per_second;
    interval = Duration(whole);
    tolerance = Duration(whole * (burst - 1));  // at most 2^30 * 2^32
  }

  Duration interval{0};
  Duration tolerance{0};
};

class TokenBucket {
 public:
  // When the next may pass; `now` if at once.
  constexpr Time due(const Pace& pace, Time now) const noexcept {
    return std::max(now, arrival_ + -pace.tolerance);
  }

  // Lets one pass now, if allowed.
  constexpr bool take(const Pace& pace, Time now) noexcept {
    if (due(pace, now) > now) return false;
    reserve(pace, now);
    return true;
  }

  // Lets one pass when it is due, and returns that time. Later ones are due later.
  constexpr Time reserve(const Pace& pace, Time now) noexcept {
    const Time when = due(pace, now);
    arrival_ = std::max(now, arrival_) + pace.interval;
    return when;
  }

  // True when the bucket equals a new one.
  constexpr bool is_full(Time now) const noexcept { return arrival_ <= now; }

 private:
  Time arrival_;
};

}  // namespace reactord
