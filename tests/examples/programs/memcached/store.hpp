// The commands behind whose line the bytes of a value follow.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../program.hpp"
#include "cache.hpp"
#include "protocol.hpp"

namespace memcached {

using program::number;

// set, add, replace, append, prepend KEY FLAGS EXPTIME BYTES, and cas with UNIQUE behind that.
struct Store {
  enum class Verb : std::uint8_t { set, add, replace, append, prepend, cas };
  static std::optional<Verb> verb_of(std::string_view word) {
    constexpr std::array<std::string_view, 6> verbs = {"set", "add", "replace", "append", "prepend", "cas"};
    const auto found = std::ranges::find(verbs, word);
    if (found == verbs.end()) return std::nullopt;
    return static_cast<Verb>(found - verbs.begin());
  }

  // Empty: the data is to be read. Else the answer; to too_large, once the data has been skipped.
  std::string_view parse(Verb of, const Words& words) {
    const std::size_t wanted = of == Verb::cas ? 6 : 5;
    if (!words.has(wanted, wanted + 1)) return unknown;
    const auto flag_bits = number<std::uint32_t>(words[2]);
    const auto seconds = number<std::int64_t>(words[3]);
    const auto size = number<std::int32_t>(words[4]);
    const auto seen = of == Verb::cas ? number<std::uint64_t>(words[5]) : 0;
    if (words[1].size() > longest_key || !flag_bits || !seconds || !size || !seen) return bad_format;
    if (*size < 0 || *size > most_bytes) return bad_format;
    verb = of;
    key = words[1];
    flags = *flag_bits;
    exptime = *seconds;
    bytes = static_cast<std::size_t>(*size);
    unique = *seen;
    return key.size() + bytes + cost_of_item > largest_item ? too_large : std::string_view();
  }

  // `data` is what has been read, with its line end.
  std::string_view apply(Cache& cache, std::string_view data, Time now) const {
    if (!data.ends_with("\r\n")) return "CLIENT_ERROR bad data chunk\r\n";
    data.remove_suffix(2);
    ++cache.sets;
    Item* const old = cache.find(key, now);
    const bool joins = verb == Verb::append || verb == Verb::prepend;
    if (verb == Verb::cas && old == nullptr) return not_found;
    if (verb == Verb::cas && old->unique != unique) return "EXISTS\r\n";
    const bool needs_old = joins || verb == Verb::replace;
    const bool is_unfit = old == nullptr ? needs_old : verb == Verb::add;
    if (is_unfit || (joins && old->cost() + data.size() > largest_item)) return "NOT_STORED\r\n";
    Item& item = old != nullptr ? *old : cache.add(key);
    if (!joins) {
      item.flags = flags;
      item.expires = when_expires(exptime, now);
    }
    cache.change(item, now, [&](std::string& value) {
      value.replace(verb == Verb::append ? value.size() : 0, joins ? 0 : value.size(), data);
    });
    return "STORED\r\n";
  }

  Verb verb = Verb::set;
  std::string key;
  std::uint32_t flags = 0;
  std::int64_t exptime = 0;
  std::size_t bytes = 0;
  std::uint64_t unique = 0;
};

}  // namespace memcached
