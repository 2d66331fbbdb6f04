// Top lines: samples as lines, for a file, a pipe or a log, in the manner of vmstat(8).
//
//        open   wait  accept/s  end/s  lines/s     in/s    out/s  turn-p50 ...
//        1234      0      91.2     88    12.3k  1.2MiB/s ...
//
// or as one object of JSON each, whose figures are not rounded. What the daemon does not tell is - or null.
#pragma once

#include <chrono>
#include <string>

#include "control/top_rates.hpp"
#include "control/top_sample.hpp"

namespace reactord::control {

inline constexpr unsigned lines_for_each_heading = 20;

std::string top_heading();                                             // with its line's end
std::string top_line(const TopSample& sample, const TopRates& rates);  // with its line's end
// `time` is the time of day at which the sample was taken.
std::string top_object(const TopSample& sample, const TopRates& rates,
                       std::chrono::system_clock::time_point time);

}  // namespace reactord::control
