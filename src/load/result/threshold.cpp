#include "load/result/threshold.hpp"

#include <optional>

#include "base/quantity.hpp"
#include "load/result/units.hpp"

namespace reactord::load {

namespace {

using Measure = Threshold::Measure;
using Comparison = Threshold::Comparison;

struct NamedMeasure {
  std::string_view name;
  Measure measure;
};
constexpr NamedMeasure latency_measures[] = {
    {"min", Measure::min}, {"max", Measure::max}, {"mean", Measure::mean}};
constexpr NamedMeasure count_measures[] = {
    {"errors", Measure::errors}, {"late", Measure::late},         {"unanswered", Measure::unanswered},
    {"rate", Measure::rate},     {"requests", Measure::requests}, {"in-flight", Measure::in_flight}};

struct NamedHistogram {
  std::string_view name;
  Histogram LoadResult::*histogram;
};
constexpr NamedHistogram histograms[] = {{"response", &LoadResult::response},
                                         {"service", &LoadResult::service},
                                         {"connect", &LoadResult::connect},
                                         {"first-byte", &LoadResult::first_byte},
                                         {"lateness", &LoadResult::lateness}};

bool is_duration(Measure measure) { return measure <= Measure::mean; }
bool has_share(Measure measure) { return measure >= Measure::errors && measure <= Measure::unanswered; }

// "p99.9" is 0.999.
std::optional<double> quantile_of(std::string_view name) {
  if (!name.starts_with('p')) return std::nullopt;
  name.remove_prefix(1);
  const auto percent = take_number(name);
  if (!percent || !name.empty() || *percent <= 0 || *percent > 100) return std::nullopt;
  return *percent / 100;
}

bool parse_latency_measure(std::string_view name, Threshold& threshold) {
  if (const std::size_t point = name.find('.'); point != std::string_view::npos) {
    for (const NamedHistogram& known : histograms) {
      if (name.substr(0, point) != known.name) continue;
      threshold.histogram = known.histogram;
      name.remove_prefix(point + 1);
      break;
    }
  }
  if (const auto quantile = quantile_of(name)) {
    threshold.measure = Measure::quantile;
    threshold.quantile = *quantile;
    return true;
  }
  for (const NamedMeasure& known : latency_measures) {
    if (name != known.name) continue;
    threshold.measure = known.measure;
    return true;
  }
  return false;
}

bool parse_measure(std::string_view name, Threshold& threshold) {
  for (const NamedMeasure& known : count_measures) {
    if (name != known.name) continue;
    threshold.measure = known.measure;
    return true;
  }
  return parse_latency_measure(name, threshold);
}

bool parse_duration_value(std::string_view text, Threshold& threshold) {
  const auto duration = read_duration(text, Duration::max());
  if (duration) threshold.value = static_cast<double>(duration->count());
  return duration.has_value();
}

bool parse_count_value(std::string_view text, Threshold& threshold) {
  const auto number = take_number(text);
  if (!number) return false;
  threshold.value = *number;
  threshold.is_percent = text == "%";
  if (threshold.is_percent) threshold.value /= 100;
  const bool may_be_percent = has_share(threshold.measure);
  return text.empty() || (threshold.is_percent && may_be_percent) ||
         (text == "/s" && threshold.measure == Measure::rate);
}

std::string value_hint(Measure measure) {
  if (is_duration(measure)) return "write a duration with its unit, as in 5ms, 250us, 1.5s";
  if (measure == Measure::rate) return "write answers per second, as in 10000";
  if (has_share(measure)) {
    return "write a number or a percentage, as in 0 or 1%";
  }
  return "write a number, as in 0 or 1000";
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The number that the condition is about, in the units of Threshold::value. Nothing: it was not measured.
std::optional<double> measured(const Threshold& threshold, const LoadResult& result) {
  const auto share = [&](std::uint64_t count, double of) -> std::optional<double> {
    if (!threshold.is_percent) return static_cast<double>(count);
    if (of <= 0) return std::nullopt;
    return static_cast<double>(count) / of;
  };
  std::uint64_t errors = 0;
  for (const auto& [cause, error] : result.errors) errors += error.count;
  const Histogram& histogram = result.*threshold.histogram;
  if (is_duration(threshold.measure) && histogram.count() == 0) return std::nullopt;
  switch (threshold.measure) {
    case Measure::quantile:
      return static_cast<double>(histogram.at(threshold.quantile));
    case Measure::min:
      return static_cast<double>(histogram.min());
    case Measure::max:
      return static_cast<double>(histogram.max());
    case Measure::mean:
      return histogram.mean();
    case Measure::errors:
      return share(errors, static_cast<double>(errors) + static_cast<double>(result.requests));
    case Measure::late:
      if (!result.open_loop) return std::nullopt;  // a closed loop has no due times
      return share(result.late_sends, static_cast<double>(result.sent));
    case Measure::unanswered:
      return share(result.unanswered, static_cast<double>(result.response.count()));
    case Measure::requests:
      return static_cast<double>(result.requests);
    case Measure::in_flight:
      return static_cast<double>(result.in_flight_at_end);
    case Measure::rate:
      break;
  }
  if (result.duration <= 0ns) return std::nullopt;
  return static_cast<double>(result.requests) * 1e9 / static_cast<double>(result.duration.count());
}

bool compares(double left, Comparison comparison, double right) {
  switch (comparison) {
    case Comparison::less:
      return left < right;
    case Comparison::at_most:
      return left <= right;
    case Comparison::more:
      return left > right;
    case Comparison::at_least:
      break;
  }
  return left >= right;
}

std::string measured_text(const Threshold& threshold, double value) {
  if (is_duration(threshold.measure)) return measured_time_text(value);
  if (threshold.is_percent) return percent_text(value);
  return fixed_text(value, threshold.measure == Measure::rate ? 2 : 0);
}

std::string_view measure_name(const Threshold& threshold) {
  const std::string_view text = threshold.text;
  return trimmed(text.substr(0, text.find_first_of("<>")));
}

}  // namespace

std::expected<Threshold, std::string> parse_threshold(std::string_view text) {
  const auto wrong = [&](const std::string& why) { return std::unexpected(std::string(text) + ": " + why); };
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos) {
    return wrong("write a measure, one of < <= > >=, and a value, as in p99>5ms");
  }
  const bool has_equal = text.substr(sign + 1).starts_with('=');
  Threshold threshold;
  threshold.text = trimmed(text);
  if (text[sign] == '<') {
    threshold.comparison = has_equal ? Comparison::at_most : Comparison::less;
  } else {
    threshold.comparison = has_equal ? Comparison::at_least : Comparison::more;
  }
  const std::string_view name = trimmed(text.substr(0, sign));
  const std::string_view value = trimmed(text.substr(sign + (has_equal ? 2 : 1)));
  if (!parse_measure(name, threshold)) {
    return wrong(
        "unknown measure \"" + std::string(name) +
        "\", known: p50 p99 p99.9 (any pN), min, max, mean, each also of service., connect., first-byte., "
        "lateness.; errors, late, unanswered, rate, requests, in-flight");
  }
  const bool is_right = is_duration(threshold.measure) ? parse_duration_value(value, threshold)
                                                       : parse_count_value(value, threshold);
  if (!is_right) return wrong("\"" + std::string(value) + "\": " + value_hint(threshold.measure));
  return threshold;
}

Judgement judge(const Threshold& threshold, const LoadResult& result) {
  const std::string name(measure_name(threshold));
  const auto value = measured(threshold, result);
  if (!value)
    return {.outcome = Outcome::not_measured, .text = threshold.text + ": " + name + " was not measured"};
  const bool holds = compares(*value, threshold.comparison, threshold.value);
  return {.outcome = holds ? Outcome::holds : Outcome::does_not_hold,
          .text = threshold.text + ": " + name + " is " + measured_text(threshold, *value)};
}

bool is_failure(const Threshold& threshold, const LoadResult& result) {
  return judge(threshold, result).outcome != Outcome::does_not_hold;
}

bool is_met(const Threshold& threshold, const LoadResult& result) {
  return judge(threshold, result).outcome == Outcome::holds;
}

}  // namespace reactord::load
