// ConnectionMeasure: what of a connection is a number, by the name of its column. Filters compare by it, and lists are sorted
// by it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "reactord/connection_walk.hpp"

namespace reactord {

struct ConnectionMeasure {
  // How its values are written.
  enum class Kind : std::uint8_t {
    count,     // 1000, 20k
    size,      // 4096, 64KiB
    duration,  // 30s, 1.5m: of() gives nanoseconds
  };
  std::string_view name;
  Kind kind;
  std::uint64_t (*of)(const OpenConnection& connection) noexcept;
};

// id, age, silent, lines, in, out, buffered, unsent.
std::span<const ConnectionMeasure> connection_measures() noexcept;
// Null: there is none of that name.
const ConnectionMeasure* connection_measure(std::string_view name) noexcept;

}  // namespace reactord
