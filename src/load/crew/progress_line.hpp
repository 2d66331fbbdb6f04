// Progress line: what a load run shows of itself while it goes on, once a second.
//
//     opening connections  errors 0  open 64/100
//     12345/s  p50 200.00us  p99 1.23ms  errors 0  open 100/100  7s left
#pragma once

#include <string>

#include "load/result/result.hpp"

namespace reactord::load {

struct Progress {
  enum class Phase : std::uint8_t {
    opening,     // connections; nothing is sent
    warming_up,  // nothing of it will be in the result
    measuring,
  };
  LoadSecond second;         // the last one
  std::uint64_t errors = 0;  // since the beginning
  std::uint64_t connections_wanted = 0;
  Duration left{0};  // of the phase: warm-up, or the measured time
  Phase phase = Phase::measuring;
};

// At most 79 columns, whatever the numbers; no newline.
std::string progress_line(const Progress& progress);

}  // namespace reactord::load
