// The durations of a histogram in the buckets of the metrics.
#include "daemon/duration_buckets.hpp"

#include <doctest/doctest.h>

#include <cmath>

using reactord::Duration;
using reactord::DurationHistogram;
using reactord::in_buckets;
using namespace std::chrono_literals;

namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

TEST_CASE("an empty histogram has all buckets, and nothing in them") {
  const auto durations = in_buckets(DurationHistogram());
  CHECK(durations.buckets.size() == 53);
  for (const auto& bucket : durations.buckets) CHECK(bucket.count == 0);
  CHECK(durations.beyond == 0);
  CHECK(durations.sum == 0s);
}

TEST_CASE("each duration is counted in the bucket that it belongs to, on both sides of every bound") {
  const auto bounds = in_buckets(DurationHistogram()).buckets;
  for (std::size_t at = 0; at < bounds.size(); ++at) {
    const Duration bound(std::llround(bounds[at].bound * 1e9));
    CAPTURE(bound);
    CHECK(seconds(bound) == bounds[at].bound);
    DurationHistogram histogram;
    histogram.record(bound);
    histogram.record(bound + 1ns);
    const auto durations = in_buckets(histogram);
    CHECK(durations.buckets[at].count == 1);
    CHECK((at + 1 < bounds.size() ? durations.buckets[at + 1].count : durations.beyond) == 1);
    CHECK(durations.sum == 2 * bound + 1ns);
  }
}

TEST_CASE("the least and the greatest durations have a place") {
  DurationHistogram histogram;
  for (const Duration duration : {Duration(-1s), Duration(0s), Duration(1ns), Duration(100h)})
    histogram.record(duration);
  const auto durations = in_buckets(histogram);
  CHECK(durations.buckets.front().count == 3);
  CHECK(durations.beyond == 1);
}
