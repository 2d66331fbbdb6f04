// Script values: the quantities of base/quantity.hpp within the bounds of a step, and how an error shows a word.
//
//     DURATION  10ms 1.5s 1m          SIZE  100 100B 4KiB 1MiB          RATE  500B/s 1KiB/s 2MiB/s
//
// An error begins with the word that was wrong and says what would be right.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "reactord/time.hpp"

namespace reactord::load {

template <typename Value>
using ScriptValue = std::expected<Value, std::string>;

ScriptValue<Duration> script_duration(std::string_view word);                       // 1ms to a day
ScriptValue<std::uint64_t> script_size(std::string_view word, std::uint64_t most);  // bytes, at least 1
ScriptValue<std::uint64_t> script_rate(std::string_view word);  // bytes a second, 1B/s to 1024MiB/s
ScriptValue<std::uint64_t> script_count(std::string_view word, std::uint64_t most);  // at least 1

// The word in quotes, with control characters as \xHH. A long word is cut short.
std::string quoted_word(std::string_view word);

}  // namespace reactord::load
