// LogLinear: how a histogram cuts the numbers from 0 to 2^64 - 1 into parts: each power of two into 2^bits equal ones, so
// a number is known to one part in 2^bits, whatever its size. As HdrHistogram (Gil Tene, http://hdrhistogram.org).
//
//     with 3 bits    number        0 ... 7   8 ... 15   16 ... 31   32 ... 63   ...
//                    part width    1         1          2           4
//                    parts         0 ... 7   8 ... 15   16 ... 23   24 ... 31   ...
//
// rank_at() says which number, of many in order, a quantile names.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace reactord {

template <unsigned bits>
struct LogLinear {
  static constexpr std::size_t parts_of_power = std::size_t{1} << bits;
  static constexpr std::size_t all_parts = (64 - bits + 1) * parts_of_power;

  static constexpr std::size_t part_of(std::uint64_t number) noexcept {
    // The bit that is set makes the smallest numbers a case like the others.
    const unsigned shift = static_cast<unsigned>(std::bit_width(number | parts_of_power)) - 1 - bits;
    return shift * parts_of_power + static_cast<std::size_t>(number >> shift);
  }
  static constexpr std::uint64_t lowest_of(std::size_t part) noexcept {
    if (part < 2 * parts_of_power) return part;
    const std::size_t shift = part / parts_of_power - 1;
    return static_cast<std::uint64_t>(part - shift * parts_of_power) << shift;
  }
  static constexpr std::uint64_t highest_of(std::size_t part) noexcept {
    if (part < 2 * parts_of_power) return part;
    return lowest_of(part) + ((std::uint64_t{1} << (part / parts_of_power - 1)) - 1);
  }
};

// The place, from 1 to `count`, of the least number that at least `quantile` (0 to 1) of all `count` do not exceed. There
// is at least one.
inline std::uint64_t rank_at(double quantile, std::uint64_t count) noexcept {
  assert(count > 0);
  if (quantile >= 1) return count;
  // 0.07 of 100 is seven numbers. As a double it is a little more, and would be rounded up to eight.
  const double wanted = std::ceil(std::nextafter(std::max(quantile, 0.0), 0.0) * static_cast<double>(count));
  if (wanted < 1) return 1;
  return wanted < static_cast<double>(count) ? static_cast<std::uint64_t>(wanted) : count;
}

}  // namespace reactord
