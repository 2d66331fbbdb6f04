#include "daemon/values.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/suggestion.hpp"

namespace reactord {
namespace {

std::unexpected<UsageError> wrong(std::string_view text, std::string_view right) {
  return std::unexpected(std::string(text) + ": " + std::string(right));
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

// Cuts `rest` at its first comma and returns the part before it.
std::string_view next_part(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view part = rest.substr(0, comma);
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  return part;
}

std::optional<OverLimit> over_limit(std::string_view word) {
  if (word == "defer") return OverLimit::defer;
  if (word == "reject") return OverLimit::reject;
  return std::nullopt;
}

constexpr Duration shortest = 1ms;  // a tick of the timers
constexpr Duration longest = 87600h;
constexpr std::uint64_t largest = 1024ULL * 1024 * 1024 * 1024;
constexpr std::uint64_t most_counted = 1'000'000'000;

std::unexpected<UsageError> wrong_count(std::string_view text, QuantityFault fault, std::string_view right) {
  if (fault != QuantityFault::too_large) return wrong(text, right);
  return wrong(text, "too many, at most " + std::to_string(most_counted));
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  const auto duration = read_duration(text, longest);
  if (duration && *duration > 0ns && *duration < shortest)
    return wrong(text, "too short, at least 1ms, or 0");
  if (duration) return *duration;
  switch (duration.error()) {
    case QuantityFault::negative:
      return wrong(text, "must not be negative");
    case QuantityFault::too_large:
      return wrong(text, "too long, at most ten years (87600h)");
    default:
      return wrong(text, "write a number and a unit, as in 500ms, 30s, 2m, 1h");
  }
}

Parsed<std::size_t> parse_size(std::string_view text) {
  // Many write these for KiB, MiB and GiB, and others mean powers of ten by them.
  static constexpr std::array<std::string_view, 15> unclear{"k",  "K",  "kB",  "KB", "kb", "kib", "m", "M",
                                                            "MB", "mb", "mib", "g",  "G",  "GB",  "gb"};
  const auto size = read_size(text, largest);
  if (size) return static_cast<std::size_t>(*size);
  if (size.error() == QuantityFault::too_large) return wrong(text, "too large, at most 1024GiB");
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (size.error() != QuantityFault::wrong_unit ||
      std::ranges::find(unclear, text.substr(digits)) == unclear.end()) {
    return wrong(text, "write a number of bytes, as in 4096, 64KiB, 1MiB");
  }
  const auto letter = static_cast<char>(text[digits] & ~0x20);
  return wrong(text, "write " + std::string(text.substr(0, digits)) + letter +
                         "iB (1KiB is 1024 bytes), or the number of bytes");
}

Parsed<unsigned> parse_number(std::string_view text, unsigned least, unsigned most) {
  const auto number = read_count(text, most);
  if (number && *number >= least) return static_cast<unsigned>(*number);
  return wrong(text, "write a number from " + std::to_string(least) + " to " + std::to_string(most));
}

Parsed<unsigned> parse_percentage(std::string_view text, unsigned most) {
  const bool has_sign = text.ends_with('%');
  const auto number = read_count(text.substr(0, text.size() - (has_sign ? 1 : 0)), most);
  if (number && (has_sign || *number == 0)) return static_cast<unsigned>(*number);
  return wrong(text, "write a percentage from 0% to " + std::to_string(most) + "%, as in 10%");
}

Parsed<CountLimit> parse_count_limit(std::string_view text, OverLimit usual) {
  std::string_view rest = text;
  const auto number = read_count(next_part(rest), most_counted);
  const bool has_more = text.find(',') != std::string_view::npos;
  if (!number)
    return wrong_count(text, number.error(),
                       "write a number, and ,defer or ,reject after it if you like, as in 1000,reject");
  const auto then = has_more ? over_limit(rest) : usual;
  if (!then) return wrong(text, "unknown " + quoted(rest) + ": after the comma write defer or reject");
  return CountLimit{.most = static_cast<std::size_t>(*number), .then = *then};
}

Parsed<RateLimit> parse_rate(std::string_view text, OverLimit usual) {
  static constexpr std::string_view burst_key = "burst=";
  static constexpr std::string_view right =
      "write a number per second, as in 100/s or 100/s,burst=500,reject";
  std::string_view rest = text, count = next_part(rest);
  const bool is_per_second = count.ends_with("/s");
  if (is_per_second) count.remove_suffix(2);
  const auto number = read_count(count, most_counted);
  if (!number && is_per_second) return wrong_count(text, number.error(), right);
  if (!number || (!is_per_second && *number != 0)) return wrong(text, right);
  RateLimit rate{.per_second = static_cast<std::uint32_t>(*number), .burst = 0, .then = usual};
  bool has_then = false;
  bool has_more = text.find(',') != std::string_view::npos;
  while (has_more) {
    has_more = rest.find(',') != std::string_view::npos;
    const std::string_view part = next_part(rest);
    if (part.starts_with(burst_key) && rate.burst == 0) {
      const auto burst = parse_number(part.substr(burst_key.size()), 1, most_counted);
      if (!burst) return wrong(text, burst_key.data() + burst.error());
      rate.burst = *burst;
    } else if (const auto then = over_limit(part); then && !has_then) {
      rate.then = *then;
      has_then = true;
    } else {
      return wrong(
          text, "unexpected " + quoted(part) + ": after a comma write burst=N, defer or reject, each once");
    }
  }
  return rate;
}

Parsed<LongLine> parse_long_lines(std::string_view text) {
  const auto found = std::ranges::find(long_line_words, text);
  if (found != long_line_words.end()) return static_cast<LongLine>(found - long_line_words.begin());
  return wrong(text, "unknown way " + quoted(text) + ", " + suggestion(text, long_line_words));
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace reactord
