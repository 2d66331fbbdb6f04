#include "base/duration_histogram.hpp"

#include <algorithm>
#include <numeric>

namespace reactord {

void DurationHistogram::record_odd(Duration duration) noexcept {
  const bool is_negative = duration < Duration(0);
  add(is_negative ? 0 : last_part, is_negative ? 0 : static_cast<std::uint64_t>(duration.count()));
}

void DurationHistogram::sum_overflowed() noexcept { sum_ = ~std::uint64_t{0}; }

std::uint64_t DurationHistogram::count() const noexcept {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

Duration DurationHistogram::sum() const noexcept {
  constexpr auto most = static_cast<std::uint64_t>(Duration::max().count());
  return Duration(static_cast<Duration::rep>(std::min(sum_, most)));
}

Duration DurationHistogram::at(double quantile) const noexcept {
  const std::uint64_t recorded = count();
  if (recorded == 0) return Duration(0);
  const std::uint64_t rank = rank_at(quantile, recorded);
  std::uint64_t seen = 0;
  for (std::size_t part = 0; part < counts_.size(); ++part) {
    seen += counts_[part];
    if (seen >= rank) return upper_end_of(part);
  }
  return Duration::max();
}

Duration DurationHistogram::upper_end_of(std::size_t part) noexcept {
  if (part == last_part) return Duration::max();
  return Duration(static_cast<Duration::rep>(Parts::highest_of(part)));
}

}  // namespace reactord
