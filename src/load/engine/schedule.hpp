// Schedule: the due times of the requests of an open loop, one after the other, whatever becomes of them. It has no
// clock.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "reactord/time.hpp"

namespace reactord::load {

class Schedule {
 public:
  // `rate` is requests a second. With `poisson` the intervals are exponentially distributed, as those of independent
  // users, else they are equal. `rate` is one process's share of the whole. Process number `process` begins `process`
  // parts of an interval after the first, so that the requests of all `processes` are spread as evenly as those of one.
  Schedule(double rate, bool poisson, std::uint64_t seed, std::uint64_t process = 0,
           std::uint64_t processes = 1)
      : interval_(1e9 / rate),
        poisson_(poisson),
        random_(seed),
        phase_(interval_ * static_cast<double>(process) / static_cast<double>(processes)) {}

  void start(Time time) noexcept {
    start_ = time;
    offset_ = poisson_ ? random_interval() : phase_;
  }

  Time next() const noexcept {
    return offset_ < most_offset ? start_ + Duration(static_cast<std::int64_t>(offset_)) : Time::never();
  }

  // Skips all requests that are due before `time`. Result: their number. The time it takes does not depend on that
  // number: of random intervals it draws the count, which has the same distribution.
  std::uint64_t skip_until(Time time) {
    if (next() >= time) return 0;
    const auto until = static_cast<double>((time - start_).count());
    if (poisson_) {
      std::poisson_distribution<std::int64_t> arrivals((until - offset_) / interval_);
      offset_ = until + random_interval();
      return 1 + static_cast<std::uint64_t>(arrivals(random_));
    }
    const std::uint64_t before = count_;
    count_ = std::max(count_ + 1, static_cast<std::uint64_t>(std::ceil((until - phase_) / interval_)));
    offset_ = phase_ + interval_ * static_cast<double>(count_);
    return count_ - before;
  }

  // Multiplies the interval instead of adding it, so that no rounding error adds up.
  void advance() noexcept {
    ++count_;
    offset_ = poisson_ ? offset_ + random_interval() : phase_ + interval_ * static_cast<double>(count_);
  }

 private:
  double random_interval() noexcept {
    return -interval_ * std::log1p(-std::generate_canonical<double, 53>(random_));
  }

  static constexpr double most_offset = 4e18;  // nanoseconds: longer than any run, and a Time still holds it

  double interval_;  // nanoseconds
  bool poisson_;
  std::mt19937_64 random_;
  double phase_;
  Time start_;
  double offset_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace reactord::load
