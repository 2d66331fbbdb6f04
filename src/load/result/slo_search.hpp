// SloSearch: searches the highest rate at which a condition still holds. It doubles the rate until the condition breaks,
// then bisects.
//
//     1000 ok   2000 ok   4000 ok   8000 broken | 6000 ok   7000 broken   6500 ok   6750 broken
//                                     doubling  |  bisection, until the two are within 5 %
//
// The knee is the highest rate that held. The caller does the runs: next() says the rate, tried() takes the outcome.
#pragma once

namespace reactord::load {

class SloSearch {
 public:
  static constexpr double first_rate = 1000;
  static constexpr double lowest_rate = 1, highest_rate = 100e6;
  static constexpr double precision = 1.05;  // the lowest rate that broke, to the highest that held

  explicit SloSearch(double first) noexcept : next_(first > 0 ? first : first_rate) {}

  bool is_over() const noexcept { return over_; }
  double next() const noexcept { return next_; }  // the rate to try, until the search is over
  void tried(bool held) noexcept;
  void stop() noexcept { over_ = true; }  // higher rates would show nothing

  double knee() const noexcept { return held_; }      // 0: no rate has held
  double broken() const noexcept { return broken_; }  // the lowest rate that broke; 0: none has

 private:
  double next_;
  double held_ = 0, broken_ = 0;
  bool over_ = false;
};

inline void SloSearch::tried(bool held) noexcept {
  (held ? held_ : broken_) = next_;
  if (held_ > 0 && broken_ > 0) {
    over_ = broken_ <= held_ * precision;
    next_ = (held_ + broken_) / 2;
  } else {
    next_ = held ? next_ * 2 : next_ / 2;
    over_ = next_ < lowest_rate || next_ > highest_rate;
  }
}

}  // namespace reactord::load
