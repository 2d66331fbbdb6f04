// MetricsText: writes metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0.
//
//     # HELP reactord_connections_ended_total Connections that have ended.      family()
//     # TYPE reactord_connections_ended_total counter
//     reactord_connections_ended_total{cause="eof"} 80                          sample()
//     reactord_connections_ended_total{cause="idle"} 6
//     # EOF                                                                     end(): of OpenMetrics alone
//
// A family is named in full, a counter with its _total. OpenMetrics names the family of a counter without it. All samples of a
// family follow it, so each family is told once. Seconds are written with a point and without an exponent, and no number is
// NaN. Text of any origin is escaped, and is UTF-8: a byte that is none is shown as \\xff. It appends to a text of the caller,
// who may empty it between two calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "reactord/time.hpp"

namespace reactord {

enum class MetricsFormat : std::uint8_t {
  prometheus,    // text/plain; version=0.0.4
  open_metrics,  // application/openmetrics-text; version=1.0.0
};

class MetricsText {
 public:
  enum class Type : std::uint8_t {
    counter,    // never falls while the process lives; its name ends with _total
    gauge,      // rises and falls
    histogram,  // durations, counted by how long they were
  };
  struct Label {
    std::string_view name;   // one of ours
    std::string_view value;  // any text
  };
  // A Duration is written as seconds, a time point as seconds since 1970 with milliseconds.
  using Value = std::variant<std::uint64_t, Duration, std::chrono::system_clock::time_point>;
  // The number of durations above the bound of the former bucket, and up to its own.
  struct Bucket {
    double bound;  // in seconds, ascending; infinity for those above all others
    std::uint64_t count;
  };

  MetricsText(MetricsFormat format, std::string& out) noexcept : format_(format), out_(out) {}

  // Begins a family. `name` must live until the next one begins.
  void family(std::string_view name, Type type, std::string_view help);
  // A number of the family, which must be a counter or a gauge.
  void sample(std::initializer_list<Label> labels, const Value& value);
  void sample(const Value& value) { sample({}, value); }
  // All of a histogram: the count at each bound and below it, at +Inf, and the sum. `beyond` are those above the last bound.
  void histogram(std::span<const Bucket> buckets, std::uint64_t beyond, Duration sum);
  void end();

 private:
  void begin_sample(std::string_view suffix, std::initializer_list<Label> labels);

  MetricsFormat format_;
  std::string& out_;
  std::string_view name_ = {};  // of the family
  Type type_ = Type::gauge;
};

}  // namespace reactord
