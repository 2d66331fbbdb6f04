// Progress line: what a run shows of itself once a second.
//
//     opening connections  errors 0  open 64/100
//     12345/s  p50 200.00us  p99 1.23ms  errors 0  open 100/100  7s left
#pragma once

#include <string>

#include "load/result/result.hpp"

namespace reactord::load {

struct Progress {
  enum class Phase : std::uint8_t {
    opening,     // connections are dialled, nothing is sent
    warming_up,  // requests are sent, and left out of the result
    measuring,   // requests are sent and measured
  };
  LoadSecond second;         // the last second
  std::uint64_t errors = 0;  // since the beginning
  std::uint64_t connections_wanted = 0;
  Duration left{0};  // of the warm-up, or of the measured time
  Phase phase = Phase::measuring;
};

// At most 79 columns, whatever the numbers; no newline.
std::string progress_line(const Progress& progress);

}  // namespace reactord::load
