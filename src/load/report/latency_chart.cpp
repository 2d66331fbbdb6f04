#include "load/report/latency_chart.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "load/result/units.hpp"

namespace reactord::load {

namespace {

// The steps of one decade, from the finest scale to the coarsest: the preferred numbers R20, R10, R5 of ISO 3, then
// rounder numbers.
constexpr double twenty[] = {1,    1.12, 1.25, 1.4, 1.6, 1.8, 2,   2.24, 2.5, 2.8,
                             3.15, 3.55, 4,    4.5, 5,   5.6, 6.3, 7.1,  8,   9};
constexpr double ten[] = {1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8};
constexpr double five[] = {1, 1.6, 2.5, 4, 6.3};
constexpr double three[] = {1, 2, 5};
constexpr double one[] = {1};
constexpr std::span<const double> scales[] = {twenty, ten, five, three, one};

// The upper bounds of the steps from `low` to `high`. A value belongs to the first bound that is not below it.
std::vector<double> bounds_of(std::span<const double> scale, double low, double high) {
  std::vector<double> bounds;
  double decade = std::pow(10, std::floor(std::log10(std::max(low, 1.0))));
  for (;; decade *= 10) {
    for (const double step : scale) {
      const double bound = step * decade;
      if (bound < low) continue;
      bounds.push_back(bound);
      if (bound >= high) return bounds;
    }
  }
}

std::vector<double> fitting_bounds(double low, double high, std::size_t rows) {
  std::vector<double> bounds;
  for (const std::span<const double> scale : scales) {
    bounds = bounds_of(scale, low, high);
    if (bounds.size() <= rows) return bounds;
  }
  // There are at most twenty decades. With fewer rows the lowest decades share one.
  bounds.erase(bounds.begin(), bounds.end() - static_cast<std::ptrdiff_t>(std::max<std::size_t>(rows, 1)));
  return bounds;
}

std::string bar_of(std::uint64_t count, std::uint64_t most, std::size_t columns) {
  const double share = static_cast<double>(count) / static_cast<double>(most);
  const auto length = static_cast<std::size_t>(std::lround(share * static_cast<double>(columns)));
  if (length == 0 && count > 0) return ".";
  return std::string(length, '#');
}

}  // namespace

std::string latency_chart(const Histogram& histogram, std::size_t rows, std::size_t columns) {
  if (histogram.count() == 0) return {};
  const std::vector<double> bounds =
      fitting_bounds(static_cast<double>(histogram.min()), static_cast<double>(histogram.max()), rows);
  std::vector<std::uint64_t> counts(bounds.size());
  histogram.for_each([&](std::uint64_t low, std::uint64_t, std::uint64_t count) {
    const auto value = static_cast<double>(std::max(low, histogram.min()));
    const auto step = std::lower_bound(bounds.begin(), bounds.end() - 1, value);
    counts[static_cast<std::size_t>(step - bounds.begin())] += count;
  });
  const std::uint64_t most = *std::max_element(counts.begin(), counts.end());
  std::string chart;
  for (std::size_t step = 0; step < bounds.size(); ++step) {
    const double share = static_cast<double>(counts[step]) / static_cast<double>(histogram.count());
    chart += right_aligned(measured_time_text(bounds[step]), 12) + " |" +
             left_aligned(bar_of(counts[step], most, columns), columns) + "|" +
             right_aligned(percent_text(share), 8) + "\n";
  }
  return chart;
}

}  // namespace reactord::load
