#include "load/script/script_values.hpp"

#include "base/quantity.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t most_shown = 40;  // bytes of a word
constexpr Duration shortest = 1ms, longest = 24h;
constexpr std::uint64_t most_rate = 1024 * 1024 * 1024;  // bytes a second

// `right` says what to write in the place of a malformed word, `range` in the place of a value that is out of bounds.
template <typename Value>
ScriptValue<Value> within(std::string_view word, const Quantity<Value>& value, Value least,
                          const std::string& right, const std::string& range) {
  if (value && *value >= least) return *value;
  const bool is_out_of_bounds = value || value.error() == QuantityFault::too_large;
  return std::unexpected(quoted_word(word) + ": write " + (is_out_of_bounds ? range : right));
}

}  // namespace

ScriptValue<Duration> script_duration(std::string_view word) {
  return within(word, read_duration(word, longest), shortest, "a number and a unit, as in 10ms, 2s, 1m",
                "a duration from 1ms to 1440m");
}

ScriptValue<std::uint64_t> script_size(std::string_view word, std::uint64_t most) {
  return within(word, read_size(word, most), std::uint64_t{1}, "a number of bytes, as in 100, 4KiB, 1MiB",
                "a number of bytes from 1 to " + std::to_string(most));
}

ScriptValue<std::uint64_t> script_rate(std::string_view word) {
  constexpr std::string_view unit = "B/s";
  // A rate needs its unit, although a SIZE needs none.
  const bool has_unit = word.ends_with(unit);
  const auto rate = has_unit ? read_size(word.substr(0, word.size() - 2), most_rate)
                             : Quantity<std::uint64_t>(std::unexpected(QuantityFault::wrong_unit));
  return within(word, rate, std::uint64_t{1}, "bytes a second, as in 500B/s, 1KiB/s, 2MiB/s",
                "a rate from 1B/s to 1024MiB/s");
}

ScriptValue<std::uint64_t> script_count(std::string_view word, std::uint64_t most) {
  const std::string range = "a number from 1 to " + std::to_string(most);
  return within(word, read_count(word, most), std::uint64_t{1}, range, range);
}

std::string quoted_word(std::string_view word) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char byte : word.substr(0, most_shown)) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value == 0x7f) {
      text += {'\\', 'x', digits[value >> 4], digits[value & 15]};
    } else {
      text += byte;
    }
  }
  return text + (word.size() > most_shown ? "...\"" : "\"");
}

}  // namespace reactord::load
