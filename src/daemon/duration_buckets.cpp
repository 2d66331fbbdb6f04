#include "daemon/duration_buckets.hpp"

#include <algorithm>
#include <array>

namespace reactord {
namespace {

constexpr unsigned first_power = 10, last_power = 36;  // of two, in nanoseconds

constexpr auto bounds = [] {
  std::array<std::int64_t, 2 * (last_power - first_power) + 1> ends{};
  for (std::size_t at = 0; at < ends.size(); ++at) {
    const std::int64_t power = std::int64_t{1} << (first_power + at / 2);
    ends[at] = (at % 2 == 0 ? power : power + power / 2) - 1;
  }
  return ends;
}();

}  // namespace

DaemonFacts::Durations in_buckets(const DurationHistogram& histogram) {
  DaemonFacts::Durations durations{.buckets = {}, .beyond = 0, .sum = histogram.sum()};
  for (const std::int64_t bound : bounds)
    durations.buckets.push_back({std::chrono::duration<double>(Duration(bound)).count(), 0});
  histogram.for_each([&](Duration upper_end, std::uint64_t count) {
    const auto bound = std::ranges::lower_bound(bounds, upper_end.count());
    if (bound == bounds.end()) {
      durations.beyond += count;
    } else {
      durations.buckets[static_cast<std::size_t>(bound - bounds.begin())].count += count;
    }
  });
  return durations;
}

}  // namespace reactord
