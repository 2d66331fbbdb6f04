// Values: what an operator writes for a setting, read into what the program works with.
//
//     DURATION   500ms 30s 2m 1h        0: none
//     SIZE       4096 64KiB 1MiB 1GiB   bytes; 4096B is 4096
//     COUNT      1000 1000,reject       what becomes of one too many: defer or reject
//     RATE       100/s 100/s,burst=500,defer
//     PERCENT    10%
//
// An error begins with the text that was wrong, and says what would be right; who calls puts the name of the setting in
// front of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/limits.hpp"

namespace reactord {

// What was wrong and what would be right, ready to be printed.
using UsageError = std::string;

template <typename Value>
using Parsed = std::expected<Value, UsageError>;

Parsed<Duration> parse_duration(std::string_view text);  // at most ten years
Parsed<std::size_t> parse_size(std::string_view text);   // at most 1024GiB
Parsed<unsigned> parse_number(std::string_view text, unsigned least, unsigned most);
Parsed<unsigned> parse_percentage(std::string_view text, unsigned most);
Parsed<CountLimit> parse_count_limit(std::string_view text,
                                     OverLimit usual);  // `usual`: where none is written
Parsed<RateLimit> parse_rate(std::string_view text, OverLimit usual);

inline constexpr std::array<std::string_view, 3> long_line_words{"close", "truncate", "discard"};
Parsed<LongLine> parse_long_lines(std::string_view text);

std::string joined(const std::vector<std::string>& names);  // "a, b, c"

// As it would be written: 64KiB, 1MiB, 1000.
std::string size_text(std::size_t bytes);

}  // namespace reactord
