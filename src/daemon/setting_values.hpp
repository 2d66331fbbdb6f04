// Values of single settings: those of values.hpp within the bounds of one setting, and those that only one setting
// takes. An error begins with the wrong text, as there.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "daemon/log.hpp"
#include "daemon/values.hpp"
#include "reactord/limits.hpp"

namespace reactord {

inline constexpr std::array<std::string_view, 4> log_level_names{"error", "warn", "info", "debug"};
inline constexpr std::array<std::string_view, 2> yes_or_no_words{"yes", "no"};

Parsed<LogLevel> parse_log_level(std::string_view text);
// The default for one too many is to defer it.
Parsed<CountLimit> parse_deferring_count(std::string_view text);
Parsed<CountLimit> parse_rejecting_count(std::string_view text);
Parsed<RateLimit> parse_deferring_rate(std::string_view text);
Parsed<RateLimit> parse_rejecting_rate(std::string_view text);
Parsed<unsigned> parse_jitter(std::string_view text);
Parsed<unsigned> parse_ip6_prefix(std::string_view text);
Parsed<unsigned> parse_log_rate(std::string_view text);
Parsed<std::string> parse_file_name(std::string_view text);
Parsed<std::string> parse_instance_name(std::string_view text);
Parsed<Duration> parse_some_duration(std::string_view text);  // must not be 0
Parsed<std::size_t> parse_max_line(std::string_view text);
Parsed<std::size_t> parse_output_size(std::string_view text);

}  // namespace reactord
