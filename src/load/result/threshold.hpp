// Threshold: a condition on the result of a load run: "p99>5ms" for --fail-if, "p99<5ms" for --slo.
//
//     service.p99.9 <= 1.5ms
//     |       |     |  +---- value: a duration with its unit (ns us ms s m h); a number; or, for some counts, a percentage
//     |       |     +------- < <= > >=
//     |       +------------- pN (0 < N <= 100), min, max, mean; errors, late, unanswered, rate, requests, in-flight
//     +--------------------- response (the default), service, connect, first-byte, lateness
//
// A percentage of errors is of answers and errors together, one of late is of requests sent, one of unanswered is of
// requests due. rate is answers per second.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "load/result/result.hpp"

namespace reactord::load {

struct Threshold {
  enum class Measure : std::uint8_t {
    quantile,
    min,
    max,
    mean,
    errors,
    late,
    unanswered,
    rate,
    requests,
    in_flight
  };
  enum class Comparison : std::uint8_t { less, at_most, more, at_least };

  std::string text;  // as it was written
  Measure measure = Measure::quantile;
  Histogram LoadResult::*histogram = &LoadResult::response;  // for quantile, min, max, mean
  double quantile = 0;
  Comparison comparison = Comparison::less;
  double value = 0;         // nanoseconds; a number; or, if is_percent, a share from 0 to 1
  bool is_percent = false;  // for errors, late, unanswered
};

// The error says what is wrong and what would be right.
std::expected<Threshold, std::string> parse_threshold(std::string_view text);

enum class Outcome : std::uint8_t {
  holds,
  does_not_hold,
  not_measured,  // nothing was recorded to judge it by: neither a failure nor a success
};

struct Judgement {
  Outcome outcome = Outcome::not_measured;
  std::string text;  // "p99>5ms: p99 is 6.20ms", for the user
};

Judgement judge(const Threshold& threshold, const LoadResult& result);

// For --fail-if: true if the condition holds or was not measured.
bool is_failure(const Threshold& threshold, const LoadResult& result);

// For --slo: true only if the condition was measured and holds.
bool is_met(const Threshold& threshold, const LoadResult& result);

}  // namespace reactord::load
