// Metric samples: the text in which Prometheus takes figures (https://prometheus.io/docs/instrumenting/exposition_formats/,
// version 0.0.4), read into values.
//
//     # HELP reactord_lines_total Lines received.          left out, as every comment
//     reactord_lines_total{protocol="line"} 9120           name, labels, value
//     reactord_turn_seconds_bucket{le="+Inf"} 412 1700000  the time behind the value is left out, too
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::control {

struct MetricSample {
  struct Label {
    std::string name, value;  // the value without its escapes: it may hold control characters
  };
  std::string name;
  std::vector<Label> labels;
  double value = 0;  // a counter above 2^53 is rounded; infinite and NaN are values, too

  // Null: there is no such label. Valid as long as this sample.
  const std::string* label(std::string_view name) const noexcept;
};

inline constexpr std::size_t most_metric_samples = 100'000;

// In the order of the text. Error, with the line's number: what is no sample, or more than most_metric_samples.
std::expected<std::vector<MetricSample>, std::string> read_metrics(std::string_view text);

// A number as Prometheus writes it: 12, 0.5, 1e-06, +Inf, -Inf, NaN. Error: what the text is not.
std::expected<double, std::string> read_metric_value(std::string_view text);

}  // namespace reactord::control
