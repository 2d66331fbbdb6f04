// StallMeter: finds the dispatch that held the loop up for too long, for the price of one reading of the cycle counter
// each: the end of one is the beginning of the next.
//
//     ... wait | dispatch | dispatch |          dispatch          | dispatch | wait ...
//              ^ clock    ^ cycles   ^ cycles                     ^ cycles: many since the last? then read the clock
//
// The first reading of a turn has the wait in its difference: after a long wait it is suspicious for nothing, and the
// clock, which the loop reads after the wait, clears it. How many cycles a second has is learned at suspicions; before,
// a guess below every machine makes suspicions too many, and never too few.
#pragma once

#include <cstdint>

#include "event/cycles.hpp"
#include "reactord/time.hpp"

namespace reactord {

class StallMeter {
 public:
  StallMeter() noexcept : first_(read_both()), begin_(first_.cycles) {}
  void set_threshold(Duration threshold) noexcept;  // above zero

  // True where the dispatch that has just ended must be judged. `end`: cycles().
  bool is_suspicious(std::uint64_t end) const noexcept { return end - begin_ > suspicious_; }
  void next_begins(std::uint64_t end) noexcept { begin_ = end; }

  // Reads the clock, and learns. Returns how long the dispatch took if that is longer than the threshold, else zero.
  // `turn_began` is real time.
  Duration judge(std::uint64_t end, Time turn_began) noexcept;

  // On a virtual clock, whose time says nothing about the machine's: when the turn began.
  void turn_begins() noexcept { turn_began_ = monotonic_now(); }
  Time turn_began() const noexcept { return turn_began_; }

 private:
  struct Reading {
    std::uint64_t cycles;
    Time time;
  };
  static Reading read_both() noexcept;
  void learn(const Reading& reading) noexcept;

  void suspect() noexcept;

  Reading first_;
  std::uint64_t begin_;
  std::uint64_t suspicious_ = 0;  // cycles
  Duration threshold_{0};
  double cycles_per_nanosecond_ = 0;  // 0: not yet known
  Time turn_began_;
};

}  // namespace reactord
