#include "load/result/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>

namespace reactord::load {

namespace {

struct Unit {
  double size;
  const char* name;
};

constexpr std::array<Unit, 5> duration_units{
    {{1e3, "us"}, {1e6, "ms"}, {1e9, "s"}, {60e9, "m"}, {3600e9, "h"}}};
constexpr std::array<Unit, 7> byte_units{{{1, "B"},
                                          {1024, "KB"},
                                          {1024.0 * 1024, "MB"},
                                          {1024.0 * 1024 * 1024, "GB"},
                                          {1024.0 * 1024 * 1024 * 1024, "TB"},
                                          {1024.0 * 1024 * 1024 * 1024 * 1024, "PB"},
                                          {1024.0 * 1024 * 1024 * 1024 * 1024 * 1024, "EB"}}};
constexpr std::array<Unit, 6> count_units{
    {{1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}, {1e18, "E"}}};

// Chooses the largest unit that leaves at least one. A number that rounds up to the next unit gets that one: 999.999us is
// 1.00ms.
std::string with_unit(double number, std::span<const Unit> units) {
  std::size_t chosen = 0;
  for (std::size_t next = 1; next < units.size(); ++next) {
    const double rounded = std::round(number / units[next - 1].size * 100) / 100;
    if (rounded * units[next - 1].size < units[next].size) break;
    chosen = next;
  }
  return fixed_text(number / units[chosen].size, 2) + units[chosen].name;
}

}  // namespace

std::string measured_time_text(double nanoseconds) {
  if (!(nanoseconds > 0)) return "0ns";
  if (std::round(nanoseconds) < 1000) return fixed_text(nanoseconds, 0) + "ns";
  return with_unit(nanoseconds, duration_units);
}

std::string bytes_text(double bytes) { return with_unit(bytes > 0 ? bytes : 0, byte_units); }

std::string short_count_text(double count) {
  if (!(count > 0)) return "0";
  if (std::round(count) < 1000) return fixed_text(count, 0);
  return with_unit(count, count_units);
}

std::string fixed_text(double number, int decimals) {
  char digits[400];  // the largest double has 309 before its point
  const int length = std::snprintf(digits, sizeof digits, "%.*f", std::clamp(decimals, 0, 20), number);
  return std::string(digits, static_cast<std::size_t>(length));
}

std::string percent_text(double share) { return fixed_text(share * 100, 2) + "%"; }

std::string right_aligned(std::string_view text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ').append(text);
}

std::string left_aligned(std::string_view text, std::size_t width) {
  std::string aligned(text);
  aligned.resize(std::max(width, text.size()), ' ');
  return aligned;
}

}  // namespace reactord::load
