// What something costs: of this thread's time on a processor, whatever else the machine does.
#pragma once

#include <algorithm>
#include <ctime>
#include <limits>

namespace test {

inline double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// In seconds, the least of three times.
template <typename Work>
double cost_of(Work work) {
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < 3; ++round) {
    const double begun = cpu_seconds();
    work();
    least = std::min(least, cpu_seconds() - begun);
  }
  return least;
}

// Four times as much work costs about four times as much, and 16 times where each is held against each.
inline constexpr double most_for_four_times = 9;

}  // namespace test
