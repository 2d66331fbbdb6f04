#include "control/figure_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "base/utf8.hpp"

namespace reactord::control {
namespace {

constexpr std::uint64_t most_exact = 99'999;
constexpr double rounds_up = 999.5;  // to four digits

// `value` with three digits that count.
std::string three_digits(double value) {
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  std::string shown = text.data();
  if (decimals == 0) return shown;
  shown.erase(shown.find_last_not_of('0') + 1);
  if (shown.ends_with('.')) shown.pop_back();
  return shown;
}

// In the first unit in which it has up to three digits before the point, or else in the last one.
std::string scaled(double value, double step, std::span<const std::string_view> units) {
  std::size_t unit = 0;
  while (unit + 1 < units.size() && value >= rounds_up) {
    value /= step;
    ++unit;
  }
  return three_digits(value) + std::string(units[unit]);
}

constexpr std::array<std::string_view, 7> thousands{"", "k", "M", "G", "T", "P", "E"};
constexpr std::array<std::string_view, 7> sizes{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

std::string two_parts(std::uint64_t first, char unit, std::uint64_t second, char next) {
  return std::to_string(first) + unit + (second < 10 ? "0" : "") + std::to_string(second) + next;
}

}  // namespace

std::string count_text(std::uint64_t count) {
  if (count <= most_exact) return std::to_string(count);
  return scaled(static_cast<double>(count), 1000, thousands);
}

std::string rate_text(double per_second) { return scaled(per_second, 1000, thousands); }

std::string bytes_text(double bytes) { return scaled(bytes, 1024, sizes); }

std::string time_text(double seconds) {
  static constexpr std::array<std::string_view, 4> units{"ns", "us", "ms", "s"};
  return scaled(seconds * 1e9, 1000, units);
}

std::string age_text(Duration age) {
  const auto milliseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::max(age, Duration(0))).count());
  const std::uint64_t seconds = milliseconds / 1000, minutes = seconds / 60, hours = minutes / 60;
  if (seconds == 0) return std::to_string(milliseconds) + "ms";
  if (minutes == 0) return std::to_string(seconds) + "s";
  if (hours == 0) return two_parts(minutes, 'm', seconds % 60, 's');
  if (hours < 24) return two_parts(hours, 'h', minutes % 60, 'm');
  return two_parts(hours / 24, 'd', hours % 24, 'h');
}

std::string plain_text(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const char first = text.front();
    plain += length == 1 && first >= ' ' && first <= '~' ? first : '?';
    text.remove_prefix(length);
  }
  return plain;
}

}  // namespace reactord::control
