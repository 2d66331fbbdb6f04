// StallMeter: judges the dispatches that took suspiciously many cycles. The loop reads the counter once for each: the
// end of one is the beginning of the next.
//
//     ... wait | dispatch | dispatch |          dispatch          | dispatch | wait ...
//              ^ clock    ^ cycles   ^ cycles                     ^ cycles: many since the last? then read the clock
//
// The first reading of a turn has the wait in its difference: after a long wait it is suspicious for nothing, and the
// clock, which the loop reads after the wait, clears it. How many cycles a second has is learned at suspicions; before,
// a guess below every machine makes suspicions too many, and never too few.
#pragma once

#include <cstdint>

#include "reactord/time.hpp"

namespace reactord {

class StallMeter {
 public:
  StallMeter() noexcept : first_(read_both()) {}
  void set_threshold(Duration threshold) noexcept;                   // above zero
  std::uint64_t suspicious() const noexcept { return suspicious_; }  // so many cycles may be too long

  // Reads the clock, and learns. Returns how long the dispatch took if that is longer than the threshold, else zero.
  // `begin` and `end` are cycles(); `turn_began` is real time.
  Duration judge(std::uint64_t begin, std::uint64_t end, Time turn_began) noexcept;

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
  std::uint64_t suspicious_ = 0;
  Duration threshold_{0};
  Time since_;                        // what was before is not measured
  double cycles_per_nanosecond_ = 0;  // 0: not yet known
  Time turn_began_;
};

}  // namespace reactord
