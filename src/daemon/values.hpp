// Values: the text that an operator writes for a setting, read into the program's types.
//
//     DURATION   500ms 1.5s 2m 1h       0: none
//     SIZE       4096 64KiB 1MiB 1GiB   bytes; 4096B is 4096
//     COUNT      1000 20k,reject        what becomes of one too many: defer or reject
//     RATE       100/s 1k/s,burst=5k,defer
//     PERCENT    10%
//
// Numbers and their units are those of base/quantity.hpp. Bounds, and the text after a comma, are defined here.
// An error begins with the wrong text, and says what would be right. The caller puts the name of the setting in front
// of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "reactord/limits.hpp"
#include "reactord/setting.hpp"

namespace reactord {

// The parsers of durations, sizes, numbers and percentages are those of reactord/setting.hpp.

// `usual` is the default.
Parsed<CountLimit> parse_count_limit(std::string_view text, OverLimit usual);
Parsed<RateLimit> parse_rate(std::string_view text, OverLimit usual);

inline constexpr std::array<std::string_view, 3> long_line_words{"close", "truncate", "discard"};
Parsed<LongLine> parse_long_lines(std::string_view text);

std::string joined(const std::vector<std::string>& names);  // "a, b, c"

}  // namespace reactord
