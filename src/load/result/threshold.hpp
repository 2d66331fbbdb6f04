// Threshold: a condition on the result of a load run: "p99>5ms" for --fail-if, "p99<5ms" for --slo.
//
//     service.p99.9 <= 1.5ms
//     |       |     |  +---- value: of durations with a unit (ns us ms s m h), of counts a number or, of some, a percentage
//     |       |     +------- < <= > >=
//     |       +------------- pN (0 < N <= 100), min, max, mean; errors, late, unanswered, rate, requests, in-flight
//     +--------------------- response (where nothing stands), service, connect, first-byte, lateness
//
// errors in percent is of answers and errors together, late in percent of what was sent, unanswered in percent of what was
// due, rate is answers per second.
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
  Histogram LoadResult::*histogram = &LoadResult::response;  // of quantile, min, max, mean
  double quantile = 0;
  Comparison comparison = Comparison::less;
  double value = 0;         // nanoseconds, a number, or, in percent, a share from 0 to 1
  bool is_percent = false;  // of errors, late, unanswered
};

// The error says what is wrong and what would be right.
std::expected<Threshold, std::string> parse_threshold(std::string_view text);

enum class Outcome : std::uint8_t {
  holds,
  does_not_hold,
  not_measured,  // nothing was recorded that it could be true or false of: neither a pass nor a success
};

struct Judgement {
  Outcome outcome = Outcome::not_measured;
  std::string text;  // "p99>5ms: p99 is 6.20ms", for the user
};

Judgement judge(const Threshold& threshold, const LoadResult& result);

// For --fail-if: true where the condition holds, and where nothing tells that it does not.
bool is_failure(const Threshold& threshold, const LoadResult& result);

// For --slo: true only where it was measured and holds.
bool is_met(const Threshold& threshold, const LoadResult& result);

}  // namespace reactord::load
