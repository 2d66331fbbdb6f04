#include "base/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace reactord {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;  // in the smallest unit
};

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::array<Unit, 6> duration_units{
    {{"h", 3600 * second}, {"m", 60 * second}, {"s", second}, {"ms", 1'000'000}, {"us", 1000}, {"ns", 1}}};
constexpr std::array<Unit, 5> size_units{
    {{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};
constexpr std::array<Unit, 3> count_units{{{"", 1}, {"k", 1000}, {"M", 1'000'000}}};

struct Number {
  bool is_negative = false;
  bool overflows = false;  // set when `whole` can't hold it
  std::uint64_t whole = 0;
  double fraction = 0;    // from 0 to 1
  std::string_view rest;  // the text after the number
};

bool begins_with_digit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

std::size_t digits_at(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

Quantity<Number> number_in(std::string_view text, bool may_have_fraction) {
  Number number;
  number.is_negative = text.starts_with('-');
  if (number.is_negative) text.remove_prefix(1);
  if (!begins_with_digit(text)) return std::unexpected(QuantityFault::no_number);
  std::size_t length = digits_at(text);
  const auto whole = std::from_chars(text.data(), text.data() + length, number.whole);
  number.overflows = whole.ec != std::errc();
  number.rest = text.substr(length);
  if (!may_have_fraction || !number.rest.starts_with('.') || !begins_with_digit(number.rest.substr(1)))
    return number;
  length = 1 + digits_at(number.rest.substr(1));
  // A fraction that is too small for a double stays 0.
  std::from_chars(number.rest.data(), number.rest.data() + length, number.fraction, std::chars_format::fixed);
  number.rest.remove_prefix(length);
  return number;
}

Quantity<std::uint64_t> measured(const Number& number, std::span<const Unit> units, std::uint64_t most) {
  const auto unit = std::ranges::find(units, number.rest, &Unit::name);
  const bool is_zero = number.rest.empty() && number.whole == 0 && number.fraction == 0 && !number.overflows;
  if (unit == units.end() && !is_zero) return std::unexpected(QuantityFault::wrong_unit);
  if (number.is_negative) return std::unexpected(QuantityFault::negative);
  if (unit == units.end()) return 0;
  if (number.overflows || number.whole > most / unit->size) return std::unexpected(QuantityFault::too_large);
  const std::uint64_t whole = number.whole * unit->size;
  const auto part =
      static_cast<std::uint64_t>(std::llround(number.fraction * static_cast<double>(unit->size)));
  if (part > most - whole) return std::unexpected(QuantityFault::too_large);
  return whole + part;
}

Quantity<std::uint64_t> whole_in(std::string_view text, std::span<const Unit> units, std::uint64_t most) {
  const auto number = number_in(text, false);
  if (!number) return std::unexpected(number.error());
  return measured(*number, units, most);
}

// The number of whole units and the fraction, without trailing zeros. A unit that may have a fraction is a power of
// ten.
std::string decimal_text(std::uint64_t value, const Unit& unit) {
  std::string part;
  if (value % unit.size != 0) {
    part = std::to_string(unit.size + value % unit.size);  // a 1, and all digits of the fraction
    part.front() = '.';
    part.erase(part.find_last_not_of('0') + 1);
  }
  return std::to_string(value / unit.size) + part + std::string(unit.name);
}

}  // namespace

Quantity<Duration> read_duration(std::string_view text, Duration most) {
  const auto number = number_in(text, true);
  if (!number) return std::unexpected(number.error());
  const auto nanoseconds = measured(*number, duration_units, static_cast<std::uint64_t>(most.count()));
  if (!nanoseconds) return std::unexpected(nanoseconds.error());
  return Duration(static_cast<std::int64_t>(*nanoseconds));
}

Quantity<std::uint64_t> read_size(std::string_view text, std::uint64_t most) {
  return whole_in(text, size_units, most);
}

Quantity<std::uint64_t> read_count(std::string_view text, std::uint64_t most) {
  return whole_in(text, count_units, most);
}

Quantity<double> read_rate(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  const auto number = take_number(text);
  if (!number) return number;
  const auto unit = std::ranges::find(count_units, text, &Unit::name);
  if (unit == count_units.end()) return std::unexpected(QuantityFault::wrong_unit);
  return *number * static_cast<double>(unit->size);
}

Quantity<double> take_number(std::string_view& text) {
  const auto number = number_in(text, true);
  if (!number) return std::unexpected(number.error());
  if (number->is_negative) return std::unexpected(QuantityFault::negative);
  double value = 0;
  const std::size_t length = text.size() - number->rest.size();
  const auto read = std::from_chars(text.data(), text.data() + length, value, std::chars_format::fixed);
  if (read.ec == std::errc::result_out_of_range && number->overflows)
    return std::unexpected(QuantityFault::too_large);
  text.remove_prefix(length);
  return value;
}

std::string duration_text(Duration duration) {
  const bool is_negative = duration < 0ns;
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t value = is_negative ? 0 - count : count;
  if (value == 0) return "0s";
  const auto fits = [value](const Unit& unit) {
    return value >= unit.size && (unit.size <= second || value % unit.size == 0);
  };
  return (is_negative ? "-" : "") + decimal_text(value, *std::ranges::find_if(duration_units, fits));
}

std::string size_text(std::size_t bytes) {
  static constexpr std::array<std::string_view, 4> units{"", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string(units[unit]);
}

}  // namespace reactord
