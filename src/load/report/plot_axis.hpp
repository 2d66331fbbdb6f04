// Axis: where a number stands along one side of a plot, and where the marks of its scale are.
#pragma once

#include <string>
#include <vector>

namespace reactord::load {

struct PlotMark {
  double value = 0;
  std::string label;  // empty: a fine line without a number
};

struct PlotAxis {
  double low = 0, high = 1;     // the values at its ends
  double from = 0, to = 1;      // where these are drawn; `to` may be the smaller
  bool is_logarithmic = false;  // then low is above 0
  std::vector<PlotMark> marks;

  double place_of(double value) const;  // one beyond an end is drawn at that end
};

// Durations in nanoseconds, on a logarithmic scale from the power of ten, or its 2 or 5, below `shortest` to the one above
// `longest`: "100us", "1ms", "2ms".
PlotAxis latency_axis(double shortest, double longest);

// From 0 to a round number that is not below `highest`, at most seven marks in steps of 1, 2 or 5: "0", "20k", "40k".
PlotAxis count_axis(double highest);

// Shares of all answers as 1 / (1 - share), on a logarithmic scale: "0%", "90%", "99%", "99.9%", as far as `count`
// answers tell, 99% at least and 99.9999% at most.
PlotAxis quantile_axis(double count);

}  // namespace reactord::load
