// The commands that are answered without reading on.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../program.hpp"
#include "cache.hpp"
#include "protocol.hpp"

namespace memcached {

using program::number;

constexpr std::size_t answer_part = 32 * 1024;  // a longer answer is sent in parts

class Commands {
 public:
  explicit Commands(Cache& cache) : cache_(cache) {}

  // Appends the answers about the keys of a get, which are taken off `keys`. True: the answer is long, and more of it follows.
  bool get(std::string_view& keys, bool with_unique, Time now, std::string& answer) {
    while (answer.size() < answer_part) {
      const std::string_view key = next_word(keys);
      if (key.empty()) answer += "END\r\n";
      if (key.size() > longest_key) answer = bad_format;
      if (key.empty() || key.size() > longest_key) return false;
      ++cache_.gets;
      const Item* const item = cache_.find(key, now);
      if (item == nullptr) continue;
      ++cache_.hits;
      join(answer, "VALUE ", key, " ", item->flags, " ", item->value.size());
      if (with_unique) join(answer, " ", item->unique);
      join(answer, "\r\n", item->value, "\r\n");
    }
    return true;
  }

  std::string_view obey(const Words& words, Time now, std::string& answer) {
    const std::string_view command = words[0];
    if (command == "delete" && words.has(2, 4)) return remove(words, now);
    if (command == "incr" && words.has(3, 4)) return count(words, true, now, answer);
    if (command == "decr" && words.has(3, 4)) return count(words, false, now, answer);
    if (command == "touch" && words.has(3, 4)) return touch(words, now);
    if (command == "flush_all" && words.has(1, 3)) return flush(words, now);
    if (command == "stats" && words.has(1, 2)) return stats(words, now, answer);
    if (command == "version") return "VERSION 1.6.0-reactord\r\n";
    if (command != "verbosity" || !words.has(2, 3)) return unknown;
    return words.wants_no_reply() || number<std::uint32_t>(words[1]) ? ok : bad_format;
  }

 private:
  template <typename... Parts>
  static void join(std::string& text, const Parts&... parts) {
    (append(text, parts), ...);
  }
  static void append(std::string& text, std::string_view part) { text += part; }
  static void append(std::string& text, std::uint64_t number) {
    std::array<char, 20> digits;
    text.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
  }

  std::string_view remove(const Words& words, Time now) {
    const bool is_plain = words.count == 2 || words[2] == "0" || (words.count == 3 && words.wants_no_reply());
    if (!is_plain) return "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n";
    if (words[1].size() > longest_key) return bad_format;
    return cache_.drop(words[1], now) ? "DELETED\r\n" : not_found;
  }

  std::string_view count(const Words& words, bool up, Time now, std::string& answer) {
    if (words[1].size() > longest_key) return bad_format;
    const auto delta = number<std::uint64_t>(words[2]);
    if (!delta) return "CLIENT_ERROR invalid numeric delta argument\r\n";
    Item* const item = cache_.find(words[1], now);
    if (item == nullptr) return not_found;
    const auto old = number<std::uint64_t>(item->value);
    if (!old) return "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
    append(answer, up ? *old + *delta : *old - std::min(*old, *delta));  // up wraps, down ends at zero
    cache_.change(*item, now, [&](std::string& value) { value = answer; });
    answer += "\r\n";
    return answer;
  }

  std::string_view touch(const Words& words, Time now) {
    if (words[1].size() > longest_key) return bad_format;
    const auto exptime = number<std::int64_t>(words[2]);
    if (!exptime) return bad_exptime;
    Item* const item = cache_.find(words[1], now);
    if (item == nullptr) return not_found;
    item->expires = when_expires(*exptime, now);
    return "TOUCHED\r\n";
  }

  std::string_view flush(const Words& words, Time now) {
    const bool has_delay = words.count > 1 && words[1] != "noreply";
    const auto delay = has_delay ? number<std::int64_t>(words[1]) : 0;
    if (!delay) return bad_exptime;
    cache_.flush_at = *delay > 0 ? when_expires(*delay, now) : Time::never();
    if (*delay <= 0) cache_.clear();
    return ok;
  }

  std::string_view stats(const Words& words, Time now, std::string& answer) {
    if (words.count == 2 && words[1] != "reset") return unknown;
    if (words.count == 2) {
      cache_.gets = cache_.sets = cache_.hits = cache_.evictions = 0;
      return "RESET\r\n";
    }
    const std::array<std::pair<std::string_view, std::uint64_t>, 9> rows = {{
        {"pid", static_cast<std::uint64_t>(::getpid())},
        {"uptime", static_cast<std::uint64_t>((now - started_) / std::chrono::seconds(1))},
        {"cmd_get", cache_.gets},
        {"cmd_set", cache_.sets},
        {"get_hits", cache_.hits},
        {"get_misses", cache_.gets - cache_.hits},
        {"curr_items", cache_.size()},
        {"bytes", cache_.bytes()},
        {"evictions", cache_.evictions},
    }};
    for (const auto& [name, value] : rows) join(answer, "STAT ", name, " ", value, "\r\n");
    answer += "END\r\n";
    return answer;
  }

  Cache& cache_;
  const Time started_ = reactord::Clock::monotonic().now();
};

}  // namespace memcached
