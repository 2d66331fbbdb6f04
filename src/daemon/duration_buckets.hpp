// The durations of a histogram, in the buckets that the metrics tell: two for each power of two, always the same ones.
//
//     up to   1.023 us   1.535 us   2.047 us   3.071 us   ...   45.8 s   68.7 s   beyond
//
// They are ends of its parts (duration_histogram.hpp), so each duration is counted where it belongs.
#pragma once

#include "base/duration_histogram.hpp"
#include "daemon/daemon_facts.hpp"

namespace reactord {

DaemonFacts::Durations in_buckets(const DurationHistogram& histogram);

}  // namespace reactord
