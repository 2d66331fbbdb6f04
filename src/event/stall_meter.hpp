// StallMeter: judges dispatches that took suspiciously many cycles. The loop reads the counter once for each: the end
// of one is the beginning of the next.
//
//     ... wait | dispatch | dispatch |          dispatch          | dispatch | wait ...
//              ^ clock    ^ cycles   ^ cycles                     ^ cycles: many since the last? then read the clock
//
// The first reading of a turn includes the wait: after a long wait it is suspected wrongly, and the clock, which the
// loop reads after the wait, clears it. The cycles per second are measured at suspicions. Until then a guess below
// every machine's rate makes too many suspicions, never too few.
#pragma once

#include <cstdint>

#include "reactord/time.hpp"

namespace reactord {

class StallMeter {
 public:
  StallMeter() noexcept : first_(read_both()) {}
  void set_threshold(Duration threshold) noexcept;  // must be above zero
  // The number of cycles from which a dispatch may be too long.
  std::uint64_t suspicious() const noexcept { return suspicious_; }

  // Reads the clock, and measures the counter's rate. Returns how long the dispatch took if that exceeds the threshold,
  // else zero. `begin` and `end` are cycles(); `turn_began` is real time.
  Duration judge(std::uint64_t begin, std::uint64_t end, Time turn_began) noexcept;

  // The real time at which the turn began. For a virtual clock, whose time differs from the machine's.
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
  Time since_;                        // time before it is not measured
  double cycles_per_nanosecond_ = 0;  // 0: not yet known
  Time turn_began_;
};

}  // namespace reactord
