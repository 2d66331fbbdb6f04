// Progress line: what a load run shows of itself while it goes on, once a second.
//
//     12345/s  p50 200.00us  p99 1.23ms  errors 0  open 100/100  7s left
#pragma once

#include <string>

#include "load/result.hpp"

namespace reactord {

struct Progress {
  LoadSecond second;         // the last one
  std::uint64_t errors = 0;  // since the beginning
  std::uint64_t connections_wanted = 0;
  Duration left{0};            // of the phase: warm-up, or the measured time
  bool is_warming_up = false;  // then nothing of it will be in the result
};

// At most 79 columns, whatever the numbers; no newline.
std::string progress_line(const Progress& progress);

}  // namespace reactord
