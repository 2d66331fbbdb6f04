// Quantity: a number and its unit, as people write them: one grammar for the daemon's settings, the load generator's
// options and conditions, and its scripts.
//
//     DURATION  500us 10ms 1.5s 2m 1h      units ns us ms s m h; 0 needs none; finer than a nanosecond is rounded
//     SIZE      4096 4096B 64KiB 1MiB      bytes; units B KiB MiB GiB, of 1024
//     COUNT     1000 20k 1M                units k and M, of 1000
//     RATE      0.5 5000 2.5k 1M           as a count, perhaps with a fraction; /s may follow
//
// A number is digits; a DURATION and a RATE may have a point and more digits. No sign, no space, no exponent. The
// caller decides which values are right, and says so: a QuantityFault is a fault of the text alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "reactord/time.hpp"

namespace reactord {

enum class QuantityFault : std::uint8_t {
  no_number,   // the text does not begin with a number
  wrong_unit,  // the text after the number is no unit, or a unit is missing
  negative,    // a minus, and then a correct quantity
  too_large,   // more than `most`
};

template <typename Value>
using Quantity = std::expected<Value, QuantityFault>;

Quantity<Duration> read_duration(std::string_view text, Duration most);
Quantity<std::uint64_t> read_size(std::string_view text, std::uint64_t most);
Quantity<std::uint64_t> read_count(std::string_view text, std::uint64_t most);
Quantity<double> read_rate(std::string_view text);

// The number that `text` begins with, perhaps with a fraction. The rest is left in `text`.
Quantity<double> take_number(std::string_view& text);

// The text of a duration, which reads back the same: 250us, 1.5s, 90s, 2m, 1h, 0s. Minutes and hours are whole.
std::string duration_text(Duration duration);
// The size in the largest unit that it is a whole number of: 64KiB, 1MiB, 1000.
std::string size_text(std::size_t bytes);

}  // namespace reactord
