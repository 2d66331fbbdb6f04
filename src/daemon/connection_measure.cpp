#include "daemon/connection_measure.hpp"

#include <algorithm>

namespace reactord {
namespace {

using Kind = ConnectionMeasure::Kind;

std::uint64_t nanoseconds(Duration duration) noexcept {
  return static_cast<std::uint64_t>(std::max(duration, Duration(0)).count());
}

constexpr std::array<ConnectionMeasure, 8> measures{{
    {"id", Kind::count, [](const OpenConnection& one) noexcept { return one.number; }},
    {"age", Kind::duration, [](const OpenConnection& one) noexcept { return nanoseconds(one.age); }},
    {"silent", Kind::duration, [](const OpenConnection& one) noexcept { return nanoseconds(one.silent); }},
    {"lines", Kind::count, [](const OpenConnection& one) noexcept { return one.lines; }},
    {"in", Kind::size, [](const OpenConnection& one) noexcept { return one.bytes_read; }},
    {"out", Kind::size, [](const OpenConnection& one) noexcept { return one.bytes_written; }},
    {"buffered", Kind::size, [](const OpenConnection& one) noexcept { return std::uint64_t{one.buffered}; }},
    {"unsent", Kind::size, [](const OpenConnection& one) noexcept { return std::uint64_t{one.unsent}; }},
}};

}  // namespace

std::span<const ConnectionMeasure> connection_measures() noexcept { return measures; }

const ConnectionMeasure* connection_measure(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(measures, name, &ConnectionMeasure::name);
  return found == measures.end() ? nullptr : found;
}

}  // namespace reactord
