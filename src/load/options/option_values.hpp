// Option values: parses the values of the load generator's options.
//
//     DURATION   500us 10ms 1.5s 2m 1h
//     NUMBER     100 20k 1M
//     RATE       5000 2.5k 5000/s 1M      a number in a second
//
// Numbers and their units are those of base/quantity.hpp. The bounds are set here. An error begins with the text that was
// wrong and says what would be right. The caller puts the name of the option in front of it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "reactord/time.hpp"

namespace reactord::load {

template <typename Value>
using Parsed = std::expected<Value, std::string>;

Parsed<Duration> parse_duration(std::string_view text);  // at most a day
Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);
Parsed<double> parse_rate(std::string_view text);  // from one a day to 100 million

std::string rate_text(double rate);  // as an option is written, with six digits: 5000/s

}  // namespace reactord::load
