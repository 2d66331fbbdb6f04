#include "load/options/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

namespace reactord::load {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 6> duration_units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr double longest = 24 * 3600e9;
constexpr double least_rate = 1e9 / longest, most_rate = 100e6;

// A number with an optional fraction at the front of `text`, which keeps what is behind it.
bool take_number(std::string_view& text, double& number) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::string number_text(double number) {
  std::array<char, 32> text;
  const int length = std::snprintf(text.data(), text.size(), "%.6g", number);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  const auto wrong = [text](const char* what) { return std::unexpected(std::string(text) + ": " + what); };
  std::string_view unit = text;
  double number = 0;
  if (!take_number(unit, number)) return wrong("not a duration: write 500us, 10ms, 10s, 2m or 1h");
  if (unit.empty() && number == 0) return Duration{0};
  const auto found = std::ranges::find(duration_units, unit, &Unit::name);
  if (found == duration_units.end()) return wrong("needs a unit: ns, us, ms, s, m or h, as in 10s");
  const double nanoseconds = number * found->factor;
  if (nanoseconds > longest) return wrong("too long: at most 24h");
  return Duration(std::llround(nanoseconds));
}

Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure == std::errc() && rest == end && number >= least && number <= most) return number;
  return std::unexpected(std::string(text) + ": must be a whole number from " + std::to_string(least) +
                         " to " + std::to_string(most));
}

Parsed<double> parse_rate(std::string_view text) {
  std::string_view rest = text;
  double rate = 0;
  const bool is_number = take_number(rest, rate);
  if (rest.starts_with('k')) rate *= 1e3;
  if (rest.starts_with('M')) rate *= 1e6;
  if (rest.starts_with('k') || rest.starts_with('M')) rest.remove_prefix(1);
  if (!is_number || !(rest.empty() || rest == "/s")) {
    return std::unexpected(std::string(text) + ": not a rate: write so many a second, as in 5000, 50k or 1M");
  }
  if (rate >= least_rate && rate <= most_rate) return rate;
  return std::unexpected(std::string(text) +
                         ": must be above 0, at least one a day (0.0000116), and at most 100M a second");
}

std::string duration_text(Duration duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  if (nanoseconds == 0) return "0s";
  const Unit* best = duration_units.data();
  for (const Unit& unit : std::span(duration_units).first(4)) {
    if (nanoseconds >= unit.factor) best = &unit;
  }
  return number_text(nanoseconds / best->factor) + std::string(best->name);
}

std::string rate_text(double rate) { return number_text(rate) + "/s"; }

}  // namespace reactord::load
