// ConnectionQuery: what the words behind `connections` ask for.
//
//     state=sending unsent>64KiB sort=unsent limit=10
//     \_____ filters _________/  \___ order and number ___/
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "daemon/connection_filter.hpp"
#include "reactord/setting.hpp"

namespace reactord {

struct ConnectionQuery {
  // The number of connections that are sorted at most: what is known of them is kept meanwhile.
  static constexpr std::size_t most_sorted = 65'536;

  ConnectionFilter filter;
  const ConnectionMeasure* sort = nullptr;  // null: in the order in which they began
  bool is_least_first = false;              // with sort: sort=-unsent
  std::size_t limit = std::numeric_limits<std::size_t>::max();

  // The measure that connections are sorted by, the greatest first.
  std::uint64_t rank_of(const OpenConnection& connection) const noexcept {
    const std::uint64_t value = sort->of(connection);
    return is_least_first ? ~value : value;
  }

  // Error: what is wrong with a word, and what would be right.
  static Parsed<ConnectionQuery> parse(std::span<const std::string> words);
};

}  // namespace reactord
