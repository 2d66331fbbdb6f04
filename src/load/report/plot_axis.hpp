// PlotAxis: the place of a number along one side of a plot, and the marks of the scale.
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
  double from = 0, to = 1;      // the coordinates of its ends; `to` may be the smaller
  bool is_logarithmic = false;  // true: low is above 0
  std::vector<PlotMark> marks;

  double place_of(double value) const;  // a value beyond an end is drawn at that end
};

// An axis of durations in nanoseconds, on a logarithmic scale. It begins at the power of ten, or its 2 or 5, below
// `shortest` and ends at the one above `longest`: "100us", "1ms", "2ms".
PlotAxis latency_axis(double shortest, double longest);

// An axis from 0 to a round number that is not below `highest`, with at most seven marks in steps of 1, 2 or 5: "0",
// "20k", "40k".
PlotAxis count_axis(double highest);

// An axis of shares of all answers, as 1 / (1 - share), on a logarithmic scale: "0%", "90%", "99%", "99.9%". It ends
// where `count` answers end, at 99% at least and 99.9999% at most.
PlotAxis quantile_axis(double count);

}  // namespace reactord::load
