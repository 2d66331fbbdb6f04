#include "load/report/plot_axis.hpp"

#include <algorithm>
#include <cmath>

#include "base/quantity.hpp"
#include "load/result/units.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

namespace {

// Rounds to 1, 2 or 5 times a power of ten: the last that is not above `value`, or the first that is not below it.
double round_number(double value, bool is_upward) {
  const double decade = std::pow(10, std::floor(std::log10(value)));
  const double share = value / decade;
  if (is_upward) return decade * (share <= 1.000001 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  return decade * (share >= 9.999999 ? 10 : share >= 5 ? 5 : share >= 2 ? 2 : 1);
}

std::string without_decimals(std::string text) {
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return text;
  const std::size_t unit = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
  const std::size_t last = text.find_last_not_of('0', unit - 1);
  const std::size_t keep = last == point ? point : last + 1;
  return text.erase(keep, unit - keep);
}

// Labels long durations in seconds: the marks are powers of ten, and minutes would not be.
std::string latency_label(double nanoseconds) {
  if (nanoseconds >= 1e9) return without_decimals(fixed_text(nanoseconds / 1e9, 2)) + "s";
  return duration_text(Duration(std::llround(nanoseconds)));
}

}  // namespace

double PlotAxis::place_of(double value) const {
  const double clamped = std::clamp(value, low, high);
  const double share =
      is_logarithmic ? std::log(clamped / low) / std::log(high / low) : (clamped - low) / (high - low);
  return from + share * (to - from);
}

PlotAxis latency_axis(double shortest, double longest) {
  PlotAxis axis;
  axis.is_logarithmic = true;
  axis.low = round_number(std::max(shortest, 1.0), false);
  axis.high = round_number(std::max(longest, axis.low * 1.5), true);
  const bool has_few_decades = axis.high / axis.low <= 1000;
  for (double decade = std::pow(10, std::floor(std::log10(axis.low))); decade <= axis.high; decade *= 10) {
    for (int step = 1; step < 10; ++step) {
      const double value = decade * step;
      if (value < axis.low * 0.999 || value > axis.high * 1.001) continue;
      const bool is_labelled = step == 1 || (has_few_decades && (step == 2 || step == 5));
      axis.marks.push_back({value, is_labelled ? latency_label(value) : ""});
    }
  }
  return axis;
}

PlotAxis count_axis(double highest) {
  PlotAxis axis;
  const double step = round_number(std::max(highest, 1.0) / 5, true);
  const double whole_step = std::max(step, 1.0);
  const double steps = std::max(std::ceil(highest / whole_step - 1e-9), 1.0);
  axis.high = steps * whole_step;
  for (int mark = 0; mark <= static_cast<int>(steps); ++mark) {
    axis.marks.push_back({mark * whole_step, without_decimals(short_count_text(mark * whole_step))});
  }
  return axis;
}

PlotAxis quantile_axis(double count) {
  PlotAxis axis;
  axis.is_logarithmic = true;
  axis.low = 1;
  axis.high = std::clamp(count, 100.0, 1e6);
  axis.marks = {{1, "0%"}, {2, "50%"}};
  double tail = 10;
  for (const char* label : {"90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%"}) {
    if (tail <= axis.high * 1.001) axis.marks.push_back({tail, label});
    tail *= 10;
  }
  return axis;
}

}  // namespace reactord::load
