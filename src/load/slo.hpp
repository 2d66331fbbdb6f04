// SLO: the search for the highest rate at which a condition still holds: doubled until it breaks, then bisected.
//
//     1000 ok   2000 ok   4000 ok   8000 broken | 6000 ok   7000 broken   6500 ok   6750 broken
//                                     doubling  |  bisection, until the two are within 5 %
//
// The knee is the highest that held. Pure: it is told of each run and says what to run next.
#pragma once

#include <optional>

namespace reactord::load {

class SloSearch {
 public:
  static constexpr double first_rate = 1000;
  static constexpr double lowest_rate = 1, highest_rate = 100e6;
  static constexpr double precision = 1.05;  // of the lowest that broke to the highest that held

  explicit SloSearch(double first) noexcept : next_(first > 0 ? first : first_rate) {}

  // The rate to try; nothing once the search is over.
  std::optional<double> next() const noexcept { return over_ ? std::nullopt : std::optional(next_); }
  void tried(bool held) noexcept;
  void stop() noexcept { over_ = true; }  // there is nothing to learn from higher rates

  std::optional<double> knee() const noexcept { return held_; }
  std::optional<double> broken() const noexcept { return broken_; }

 private:
  double next_;
  std::optional<double> held_, broken_;
  bool over_ = false;
};

inline void SloSearch::tried(bool held) noexcept {
  (held ? held_ : broken_) = next_;
  if (held_ && broken_) {
    over_ = *broken_ <= *held_ * precision;
    next_ = (*held_ + *broken_) / 2;
  } else {
    next_ = held ? next_ * 2 : next_ / 2;
    over_ = next_ < lowest_rate || next_ > highest_rate;
  }
}

}  // namespace reactord::load
