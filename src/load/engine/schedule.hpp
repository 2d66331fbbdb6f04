// Schedule: when the requests of an open loop are due, one after the other, whatever becomes of them. Pure: no clock.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "reactord/time.hpp"

namespace reactord::load {

class Schedule {
 public:
  // `rate` a second. Poisson: intervals as of independent users (exponentially distributed), else all the same. One of
  // `processes` that share a rate, each with its part of it, is `process` parts of an interval behind the first, so that
  // together they are as evenly spread as one.
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

  // Passes over all that are due before `time`: how many they were. However many, it takes no longer: those that come at
  // random it draws as one number, which has the same distribution.
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

  // From multiples of the interval, lest a rounding error adds up.
  void advance() noexcept {
    ++count_;
    offset_ = poisson_ ? offset_ + random_interval() : phase_ + interval_ * static_cast<double>(count_);
  }

 private:
  double random_interval() noexcept {
    return -interval_ * std::log1p(-std::generate_canonical<double, 53>(random_));
  }

  static constexpr double most_offset = 4e18;  // nanoseconds: beyond any run, and what a Time can hold

  double interval_;  // nanoseconds
  bool poisson_;
  std::mt19937_64 random_;
  double phase_;
  Time start_;
  double offset_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace reactord::load
