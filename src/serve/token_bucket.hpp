// TokenBucket: so many a second in the long run, and so many at once after a quiet time. The generic cell rate algorithm
// of ITU-T I.371 (virtual scheduling): instead of tokens and the time of their last refill it stores one time, when the
// next would arrive if all came evenly, the theoretical arrival time.
//
//     interval = 1 s / per_second      tolerance = interval * (burst - 1)
//
//     ----+-----------------+---------+----> time
//        due               now    arrival
//         |<--- tolerance ----------->|    due is not after now: one may pass, which moves arrival on by interval
//
// Pure: time enters as an argument. An interval is whole nanoseconds, rounded up, so it is never more than per_second.
// Whoever sleeps until due wakes at a tick of the timer wheel: a burst of less than a thousandth of per_second is then
// what limits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "reactord/limits.hpp"
#include "reactord/time.hpp"

namespace reactord {

// What a RateLimit comes to: shared by all buckets of that limit.
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
  // When the next may pass: `now`, if at once.
  constexpr Time due(const Pace& pace, Time now) const noexcept {
    return std::max(now, arrival_ + -pace.tolerance);
  }

  // Lets one pass now, if it may.
  constexpr bool take(const Pace& pace, Time now) noexcept {
    if (due(pace, now) > now) return false;
    reserve(pace, now);
    return true;
  }

  // Lets one pass when it is due, which is said; those that come later are due later.
  constexpr Time reserve(const Pace& pace, Time now) noexcept {
    const Time when = due(pace, now);
    arrival_ = std::max(now, arrival_) + pace.interval;
    return when;
  }

  // Nothing is owed: as good as a new one.
  constexpr bool is_full(Time now) const noexcept { return arrival_ <= now; }

 private:
  Time arrival_;
};

}  // namespace reactord
