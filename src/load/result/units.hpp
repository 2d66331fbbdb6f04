// Units: how durations, sizes and counts are written for people, as wrk (https://github.com/wg/wrk) writes them: two
// decimals and the unit that leaves one to three digits before the point.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reactord/time.hpp"

namespace reactord::load {

// "350ns", "250.00us", "1.23ms", "4.56s", "2.50m", "1.25h". Below zero counts as zero.
std::string duration_text(double nanoseconds);
inline std::string duration_text(std::uint64_t nanoseconds) {
  return duration_text(static_cast<double>(nanoseconds));
}

// As it was asked for, without decimals that are zero: "10s", "1.5s", "100ms", "2m".
std::string short_duration_text(Duration duration);

// "512.00B", "12.34MB": a KB is 1,024 bytes, as in wrk.
std::string bytes_text(double bytes);

// "999", "56.20k", "1.23M": for columns that a long count would break.
std::string short_count_text(double count);

// `number` with so many decimals: fixed_text(0.5, 2) is "0.50".
std::string fixed_text(double number, int decimals);

// `share` (0 to 1) as "12.34%".
std::string percent_text(double share);

// `text` with spaces before or behind it, `width` columns in all; a longer one is left as it is.
std::string right_aligned(std::string_view text, std::size_t width);
std::string left_aligned(std::string_view text, std::size_t width);

}  // namespace reactord::load
