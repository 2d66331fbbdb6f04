#include "load/script/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace reactord::load {
namespace {

constexpr std::size_t most_shown = 40;  // bytes of a word

struct Number {
  std::uint64_t value;  // the largest there is for what does not fit
  std::string_view unit;
};

std::optional<Number> number_of(std::string_view word) {
  std::uint64_t value = 0;
  const char* const last = word.data() + word.size();
  const auto [end, error] = std::from_chars(word.data(), last, value);
  if (error == std::errc::invalid_argument) return std::nullopt;
  if (error != std::errc()) value = std::numeric_limits<std::uint64_t>::max();
  return Number{value, std::string_view(end, last)};
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

std::unexpected<std::string> wrong(std::string_view word, const std::string& right) {
  return std::unexpected(quoted_word(word) + ": " + right);
}

// From 1 to `most` units of factor 1.
Quantity<std::uint64_t> measured(std::string_view word, std::span<const Unit> units, std::uint64_t most,
                                 const std::string& right, const std::string& range) {
  const auto number = number_of(word);
  if (!number) return wrong(word, right);
  const auto unit = std::ranges::find(units, number->unit, &Unit::name);
  if (unit == units.end()) return wrong(word, right);
  if (number->value == 0 || number->value > most / unit->factor) return wrong(word, "write " + range);
  return number->value * unit->factor;
}

constexpr std::uint64_t kib = 1024, mib = 1024 * 1024;

}  // namespace

Quantity<Duration> duration_of(std::string_view word) {
  static constexpr std::array<Unit, 3> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}}};
  const auto milliseconds =
      measured(word, units, 24 * 60 * 60'000, "write a number and a unit, as in 10ms, 2s, 1m",
               "a duration from 1ms to 1440m");
  if (!milliseconds) return std::unexpected(milliseconds.error());
  return Duration(1ms) * static_cast<std::int64_t>(*milliseconds);
}

Quantity<std::uint64_t> size_of(std::string_view word, std::uint64_t most) {
  static constexpr std::array<Unit, 4> units{{{"", 1}, {"B", 1}, {"KiB", kib}, {"MiB", mib}}};
  return measured(word, units, most, "write a number of bytes, as in 100, 4KiB, 1MiB",
                  "a number of bytes from 1 to " + std::to_string(most));
}

Quantity<std::uint64_t> rate_of(std::string_view word) {
  static constexpr std::array<Unit, 3> units{{{"B/s", 1}, {"KiB/s", kib}, {"MiB/s", mib}}};
  return measured(word, units, 1024 * mib, "write bytes a second, as in 500B/s, 1KiB/s, 2MiB/s",
                  "a rate from 1B/s to 1024MiB/s");
}

Quantity<std::uint64_t> count_of(std::string_view word, std::uint64_t most) {
  static constexpr std::array<Unit, 1> units{{{"", 1}}};
  const std::string range = "a number from 1 to " + std::to_string(most);
  return measured(word, units, most, "write " + range, range);
}

std::string quoted_word(std::string_view word) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char byte : word.substr(0, most_shown)) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value == 0x7f) {
      text += {'\\', 'x', digits[value >> 4], digits[value & 15]};
    } else {
      text += byte;
    }
  }
  return text + (word.size() > most_shown ? "...\"" : "\"");
}

}  // namespace reactord::load
