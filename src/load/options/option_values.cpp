#include "load/options/option_values.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "base/quantity.hpp"

namespace reactord::load {
namespace {

constexpr Duration longest = 24h;
constexpr double least_rate = 1.0 / (24 * 3600), most_rate = 100e6;

std::unexpected<std::string> wrong(std::string_view text, std::string_view what) {
  return std::unexpected(std::string(text) + ": " + std::string(what));
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  const auto duration = read_duration(text, longest);
  if (duration) return *duration;
  switch (duration.error()) {
    case QuantityFault::no_number:
      return wrong(text, "not a duration: write 500us, 10ms, 10s, 2m or 1h");
    case QuantityFault::wrong_unit:
      return wrong(text, "needs a unit: ns, us, ms, s, m or h, as in 10s");
    case QuantityFault::negative:
      return wrong(text, "must not be negative");
    default:
      return wrong(text, "too long: at most 24h");
  }
}

Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = read_count(text, most);
  if (number && *number >= least) return *number;
  return wrong(text, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

Parsed<double> parse_rate(std::string_view text) {
  const auto rate = read_rate(text);
  if (rate && *rate >= least_rate && *rate <= most_rate) return *rate;
  if (rate || rate.error() == QuantityFault::negative || rate.error() == QuantityFault::too_large)
    return wrong(text, "must be above 0, at least one a day (0.0000116), and at most 100M a second");
  return wrong(text, "not a rate: write so many a second, as in 5000, 50k or 1M");
}

std::string rate_text(double rate) {
  std::array<char, 32> rounded;
  std::array<char, 512> text;  // the largest double has 309 digits, the least as many zeros
  const int length = std::snprintf(rounded.data(), rounded.size(), "%.6g", rate);
  std::from_chars(rounded.data(), rounded.data() + length, rate);
  const auto written = std::to_chars(text.data(), text.data() + text.size(), rate, std::chars_format::fixed);
  return std::string(text.data(), written.ptr) + "/s";
}

}  // namespace reactord::load
