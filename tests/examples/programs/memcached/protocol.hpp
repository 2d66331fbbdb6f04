// The words of a command line, and the answers that are always the same.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "reactord/time.hpp"

namespace memcached {

using reactord::Time;

constexpr std::size_t longest_key = 250;
constexpr std::int64_t longest_relative = 60 * 60 * 24 * 30;  // seconds; a greater exptime is a date
constexpr std::int32_t most_bytes = 0x7fff'ffff - 2;          // that a command may announce
constexpr std::string_view unknown = "ERROR\r\n", not_found = "NOT_FOUND\r\n", ok = "OK\r\n";
constexpr std::string_view too_large = "SERVER_ERROR object too large for cache\r\n";
constexpr std::string_view bad_exptime = "CLIENT_ERROR invalid exptime argument\r\n";
constexpr std::string_view bad_format = "CLIENT_ERROR bad command line format\r\n";

// Takes the first word off `rest`; an empty one is none.
inline std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

inline bool has_word(std::string_view text) { return text.find_first_not_of(' ') != std::string_view::npos; }

// The words of a command. As with the original, a word too many may stand at its end, which is obeyed if it is noreply.
struct Words {
  explicit Words(std::string_view line) {
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      if (count < words.size()) words[count] = word;
      ++count;
    }
  }
  std::string_view operator[](std::size_t at) const { return words[at]; }
  bool has(std::size_t least, std::size_t most) const { return count >= least && count <= most; }
  bool wants_no_reply() const { return has(2, words.size()) && words[count - 1] == "noreply"; }

  std::array<std::string_view, 8> words;
  std::size_t count = 0;  // may be more than there is room for: no command has as many
};

inline Time when_expires(std::int64_t exptime, Time now) {
  if (exptime == 0) return Time::never();
  const std::int64_t seconds = exptime > longest_relative ? exptime - std::time(nullptr) : exptime;
  return seconds <= 0 ? Time::past() : now + std::chrono::seconds(seconds);
}

}  // namespace memcached
