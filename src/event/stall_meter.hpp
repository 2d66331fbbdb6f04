// StallMeter: finds dispatches that took too long, by their CPU cycles. The loop reads the counter once for each: the
// end of one is the beginning of the next.
//
//     ... wait | dispatch | dispatch |          dispatch          | dispatch | wait ...
//              ^ clock    ^ cycles   ^ cycles                     ^ cycles: many since the last? then read the clock
//
// The first reading of a turn includes the wait: after a long wait it is suspected wrongly, and the clock, which the
// loop reads after the wait, clears it. The cycles per second are measured at suspicions. Until then a guess below
// every machine's rate makes too many suspicions, never too few.
#pragma once

#include <cassert>
#include <cstdint>

#include "event/cycles.hpp"
#include "reactord/time.hpp"

namespace reactord {

class StallMeter {
 public:
  StallMeter() noexcept : first_(read_both()) {}
  void set_threshold(Duration threshold) noexcept;  // must be above zero
  // The number of cycles from which a dispatch may be too long.
  std::uint64_t suspicious() const noexcept { return suspicious_; }

  // Begins a dispatch now. The threshold must be set.
  void begin_dispatch() noexcept {
    assert(threshold_ > 0s);
    begin_at(cycles());
  }
  // Ends the dispatch, and begins the next one. True when it is suspicious: then stall() is to be called, and
  // begin_dispatch().
  bool end_dispatch() noexcept {
    const std::uint64_t end = cycles();
    if (end > suspicious_from_) [[unlikely]]
      return true;
    begin_at(end);
    return false;
  }
  // Differs between dispatches.
  std::uint64_t dispatch_id() const noexcept { return suspicious_from_; }
  // How long the suspicious dispatch that has just ended took if that exceeds the threshold, else zero. `turn_began` is
  // real time.
  Duration stall(Time turn_began) noexcept {
    return stall_between(suspicious_from_ - suspicious_, cycles(), turn_began);
  }
  // The same for one between two values of cycles(). Reads the clock, and measures the counter's rate.
  Duration stall_between(std::uint64_t begin, std::uint64_t end, Time turn_began) noexcept;

 private:
  struct Reading {
    std::uint64_t cycles;
    Time time;
  };
  static Reading read_both() noexcept;
  void learn(const Reading& reading) noexcept;

  void suspect() noexcept;
  void begin_at(std::uint64_t begin) noexcept { suspicious_from_ = begin + suspicious_; }

  Reading first_;
  std::uint64_t suspicious_ = 0;
  std::uint64_t suspicious_from_ = 0;  // the cycle count at which the present one becomes suspicious
  Duration threshold_{0};
  Time since_;                        // time before it is not measured
  double cycles_per_nanosecond_ = 0;  // 0: not yet known
};

}  // namespace reactord
