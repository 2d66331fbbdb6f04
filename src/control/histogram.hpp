// Histogram: how often a duration was at most so long, as Prometheus counts it, and the quantiles that follow.
//
//     le      0.001   0.01   0.1   +Inf         upper bounds, ascending
//     count     90     98     99    100         up to that bound: a bucket holds those of all before it
//
//     quantile 0.95: the 95th of 100 lies in the second bucket, which has the 91st to the 98th:
//                    0.001 + (0.01 - 0.001) * (95 - 90) / (98 - 90)
#pragma once

#include <optional>
#include <vector>

namespace reactord::control {

struct HistogramBucket {
  double le;     // the last one is infinite
  double count;  // those up to `le`
};
using Histogram = std::vector<HistogramBucket>;  // ascending by le, none twice

struct Quantile {
  double value;    // in the unit of le
  bool is_beyond;  // it lies above the last bound that is finite, which is `value`
};

// The quantile, from 0 to 1, by the rules of PromQL's histogram_quantile: linear within its bucket, and the first bucket
// begins at 0. A count that is less than one before it is taken for that one. Empty: nothing was counted, or there are
// less than two buckets, or no infinite one.
std::optional<Quantile> quantile_of(const Histogram& histogram, double quantile);

// The counts between two histograms of one thing. A bound that is not told has counted what the one before it has: so
// empty buckets may be left out. Empty: one of the two has no bounds, or a count went back.
std::optional<Histogram> counted_between(const Histogram& before, const Histogram& after);

}  // namespace reactord::control
