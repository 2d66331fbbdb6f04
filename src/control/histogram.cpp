#include "control/histogram.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace reactord::control {

std::optional<Quantile> quantile_of(const Histogram& histogram, double quantile) {
  assert(quantile >= 0 && quantile <= 1);
  if (histogram.size() < 2 || !std::isinf(histogram.back().le)) return std::nullopt;
  Histogram rising = histogram;
  for (std::size_t at = 1; at < rising.size(); ++at) {
    rising[at].count = std::max(rising[at].count, rising[at - 1].count);
  }
  const double all = rising.back().count;
  if (!(all > 0)) return std::nullopt;
  const double rank = quantile * all;
  const auto last = rising.end() - 1;
  const auto found = std::find_if(rising.begin(), last, [=](const auto& one) { return one.count >= rank; });
  if (found == last) return Quantile{rising[rising.size() - 2].le, true};
  if (found == rising.begin() && found->le <= 0) return Quantile{found->le, false};
  const double from = found == rising.begin() ? 0 : (found - 1)->le;
  const double below = found == rising.begin() ? 0 : (found - 1)->count;
  const double within = found->count - below;
  if (within <= 0) return Quantile{from, false};  // a rank of 0, and an empty bucket
  return Quantile{from + (found->le - from) * (rank - below) / within, false};
}

std::optional<Histogram> counted_between(const Histogram& before, const Histogram& after) {
  if (before.empty() != after.empty()) return std::nullopt;
  Histogram counted = after;
  double was = 0;  // up to the bound
  auto next = before.begin();
  for (HistogramBucket& bucket : counted) {
    for (; next != before.end() && next->le <= bucket.le; ++next) was = next->count;
    bucket.count -= was;
    if (bucket.count < 0) return std::nullopt;
  }
  return counted;
}

}  // namespace reactord::control
