// Values of a script: the quantities of base/quantity.hpp within the bounds that a step has, and how an error shows a word.
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
using Read = std::expected<Value, std::string>;

Read<Duration> duration_of(std::string_view word);                        // 1ms to a day
Read<std::uint64_t> size_of(std::string_view word, std::uint64_t most);   // bytes, at least 1
Read<std::uint64_t> rate_of(std::string_view word);                       // bytes a second, 1B/s to 1024MiB/s
Read<std::uint64_t> count_of(std::string_view word, std::uint64_t most);  // at least 1

// In quotes, with what can't be seen as \xHH, and cut short where it is long.
std::string quoted_word(std::string_view word);

}  // namespace reactord::load
