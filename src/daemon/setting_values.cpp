#include "daemon/setting_values.hpp"

#include <algorithm>

#include "base/suggestion.hpp"

namespace reactord {
namespace {

constexpr std::size_t least_max_line = 2;  // one byte and its newline
constexpr std::size_t most_max_line = 64 * 1024 * 1024;
constexpr std::size_t most_output = std::size_t{1} << 30;  // as in within_reason()
constexpr unsigned most_jitter_percent = 90;               // some lifetime must be left
constexpr unsigned most_log_rate = 1'000'000;

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace

Parsed<LogLevel> parse_log_level(std::string_view text) {
  const auto found = std::ranges::find(log_level_names, text);
  if (found != log_level_names.end()) return static_cast<LogLevel>(found - log_level_names.begin());
  return std::unexpected(std::string(text) + ": unknown level " + quoted(text) + ", " +
                         suggestion(text, log_level_names));
}

Parsed<CountLimit> parse_deferring_count(std::string_view text) {
  return parse_count_limit(text, OverLimit::defer);
}
Parsed<CountLimit> parse_rejecting_count(std::string_view text) {
  return parse_count_limit(text, OverLimit::reject);
}
Parsed<RateLimit> parse_deferring_rate(std::string_view text) { return parse_rate(text, OverLimit::defer); }
Parsed<RateLimit> parse_rejecting_rate(std::string_view text) { return parse_rate(text, OverLimit::reject); }
Parsed<unsigned> parse_jitter(std::string_view text) { return parse_percentage(text, most_jitter_percent); }
Parsed<unsigned> parse_ip6_prefix(std::string_view text) { return parse_number(text, 1, 128); }
Parsed<unsigned> parse_log_rate(std::string_view text) { return parse_number(text, 0, most_log_rate); }

Parsed<bool> parse_yes_or_no(std::string_view text) {
  if (text == "yes" || text == "no") return text == "yes";
  return std::unexpected(std::string(text) + ": write yes or no");
}

Parsed<std::string> parse_text(std::string_view text) {
  if (text.empty()) return std::unexpected(": write a text");
  return std::string(text);
}

Parsed<std::string> parse_file_name(std::string_view text) {
  if (text.empty()) return std::unexpected(": write the name of a file");
  return std::string(text);
}

Parsed<std::string> parse_instance_name(std::string_view text) {
  if (!text.empty() && !text.starts_with('.') && text.find('/') == std::string_view::npos)
    return std::string(text);
  return std::unexpected(std::string(text) +
                         ": write a name without a slash, which does not begin with a dot");
}

Parsed<Duration> parse_some_duration(std::string_view text) {
  auto duration = parse_duration(text);
  if (duration && *duration == 0ns) return std::unexpected(std::string(text) + ": must be at least 1ms");
  return duration;
}

Parsed<std::size_t> parse_max_line(std::string_view text) {
  auto size = parse_size(text);
  if (size && (*size < least_max_line || *size > most_max_line)) {
    return std::unexpected(std::string(text) + ": must be from 2 bytes to " + size_text(most_max_line));
  }
  return size;
}

Parsed<std::size_t> parse_output_size(std::string_view text) {
  auto size = parse_size(text);
  if (size && (*size == 0 || *size > most_output)) {
    return std::unexpected(std::string(text) + ": must be from 1 byte to " + size_text(most_output));
  }
  return size;
}

}  // namespace reactord
