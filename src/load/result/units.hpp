// Units: measured times, sizes and counts written for people, as wrk (https://github.com/wg/wrk) writes them: two
// decimals and the unit that leaves one to three digits before the point. Durations of options are written as they are
// read: base/quantity.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reactord::load {

// "350ns", "250.00us", "1.23ms", "4.56s", "2.50m", "1.25h". A negative time is written as zero.
std::string measured_time_text(double nanoseconds);
inline std::string measured_time_text(std::uint64_t nanoseconds) {
  return measured_time_text(static_cast<double>(nanoseconds));
}

// "512.00B", "12.34MB": a KB is 1,024 bytes, as in wrk.
std::string bytes_text(double bytes);

// "999", "56.20k", "1.23M": for narrow columns.
std::string short_count_text(double count);

// `number` with `decimals` decimals: fixed_text(0.5, 2) is "0.50".
std::string fixed_text(double number, int decimals);

// `share` (0 to 1) as "12.34%".
std::string percent_text(double share);

// `text` padded with spaces before or behind it to `width` columns. A longer text stays as it is.
std::string right_aligned(std::string_view text, std::size_t width);
std::string left_aligned(std::string_view text, std::size_t width);

}  // namespace reactord::load
