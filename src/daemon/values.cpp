#include "daemon/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/suggestion.hpp"

namespace reactord {
namespace {

std::unexpected<UsageError> wrong(std::string_view text, std::string_view right) {
  return std::unexpected(std::string(text) + ": " + std::string(right));
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

struct Number {
  std::uint64_t value;  // the largest there is for what does not fit
  std::string_view rest;
};

// The digits that `text` begins with.
std::optional<Number> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error == std::errc::invalid_argument) return std::nullopt;
  if (error != std::errc()) value = std::numeric_limits<std::uint64_t>::max();
  return Number{value, std::string_view(end, last)};
}

// Cuts `rest` at its first comma; what stood before it.
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

constexpr std::uint64_t most_counted = 1'000'000'000;

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    Duration length;
  };
  static constexpr std::array<Unit, 4> units{{{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix(end, text.data() + text.size());
  if (error == std::errc() && number == 0 && suffix.empty()) return Duration{0};
  const auto unit = std::ranges::find(units, suffix, &Unit::suffix);
  if (error == std::errc::invalid_argument || unit == units.end()) {
    return wrong(text, "write a number and a unit, as in 500ms, 30s, 2m, 1h");
  }
  if (number < 0) return wrong(text, "must not be negative");
  if (error != std::errc() || number > Duration(87600h) / unit->length) {
    return wrong(text, "too long, at most ten years (87600h)");
  }
  return unit->length * number;
}

Parsed<std::size_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    std::uint64_t bytes;
  };
  static constexpr std::array<Unit, 5> units{
      {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};
  // What many write for those, and what others mean as powers of ten.
  static constexpr std::array<std::string_view, 15> unclear{"k",  "K",  "kB",  "KB", "kb", "kib", "m", "M",
                                                            "MB", "mb", "mib", "g",  "G",  "GB",  "gb"};
  static constexpr std::uint64_t most = 1024ULL * 1024 * 1024 * 1024;
  const auto number = leading_number(text);
  if (!number) return wrong(text, "write a number of bytes, as in 4096, 64KiB, 1MiB");
  const auto unit = std::ranges::find(units, number->rest, &Unit::suffix);
  if (unit == units.end()) {
    if (std::ranges::find(unclear, number->rest) == unclear.end()) {
      return wrong(text, "write a number of bytes, as in 4096, 64KiB, 1MiB");
    }
    const std::string digits(text.substr(0, text.size() - number->rest.size()));
    const auto letter = static_cast<char>(number->rest[0] & ~0x20);
    return wrong(text, "write " + digits + letter + "iB (1KiB is 1024 bytes), or the number of bytes");
  }
  if (number->value > most / unit->bytes) return wrong(text, "too large, at most 1024GiB");
  return static_cast<std::size_t>(number->value * unit->bytes);
}

Parsed<unsigned> parse_number(std::string_view text, unsigned least, unsigned most) {
  const auto number = leading_number(text);
  if (!number || !number->rest.empty() || number->value < least || number->value > most) {
    return wrong(text, "write a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<unsigned>(number->value);
}

Parsed<unsigned> parse_percentage(std::string_view text, unsigned most) {
  const auto number = leading_number(text);
  const bool is_percentage = number && (number->rest == "%" || (number->rest.empty() && number->value == 0));
  if (!is_percentage || number->value > most) {
    return wrong(text, "write a percentage from 0% to " + std::to_string(most) + "%, as in 10%");
  }
  return static_cast<unsigned>(number->value);
}

Parsed<CountLimit> parse_count_limit(std::string_view text, OverLimit usual) {
  std::string_view rest = text;
  const auto number = leading_number(next_part(rest));
  const bool has_more = text.find(',') != std::string_view::npos;
  if (!number || !number->rest.empty()) {
    return wrong(text, "write a number, and ,defer or ,reject after it if you like, as in 1000,reject");
  }
  if (number->value > most_counted) return wrong(text, "too many, at most " + std::to_string(most_counted));
  const auto then = has_more ? over_limit(rest) : usual;
  if (!then) return wrong(text, "unknown " + quoted(rest) + ": after the comma write defer or reject");
  return CountLimit{.most = static_cast<std::size_t>(number->value), .then = *then};
}

Parsed<RateLimit> parse_rate(std::string_view text, OverLimit usual) {
  static constexpr std::string_view burst_key = "burst=";
  std::string_view rest = text;
  const auto number = leading_number(next_part(rest));
  const bool is_rate = number && (number->rest == "/s" || (number->rest.empty() && number->value == 0));
  if (!is_rate) return wrong(text, "write a number per second, as in 100/s or 100/s,burst=500,reject");
  if (number->value > most_counted) return wrong(text, "too many, at most " + std::to_string(most_counted));
  RateLimit rate{.per_second = static_cast<std::uint32_t>(number->value), .burst = 0, .then = usual};
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

std::string size_text(std::size_t bytes) {
  static constexpr std::array<std::string_view, 4> units{"", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string(units[unit]);
}

}  // namespace reactord
