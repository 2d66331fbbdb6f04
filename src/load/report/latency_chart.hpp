// Latency chart: a histogram drawn with the characters of a terminal.
//
//       durations up to, on a logarithmic scale     share of all
//       160.00us |#########################                          |  33.10%
//       200.00us |###################################################  66.00%
//       250.00us |.                                                  |   0.90%
#pragma once

#include <string>

#include "load/result/histogram.hpp"

namespace reactord::load {

// One line for each step of the scale between the shortest and the longest duration, at most `rows`, each with its
// newline. The longest bar has `columns` columns. A bar that is shorter than one column is a dot. Empty if nothing was
// recorded.
std::string latency_chart(const Histogram& histogram, std::size_t rows = 16, std::size_t columns = 50);

}  // namespace reactord::load
