// Report: what a load run came to, for people. The lines that wrk (https://github.com/wg/wrk) has are as wrk writes
// them, so that what reads its reports reads ours; everything else stands between them.
#pragma once

#include <string>

#include "load/result/result.hpp"

namespace reactord::load {

// The whole report, with a newline at its end. That the generator was the bottleneck is its first line. Of the configuration "target" and "duration" are in the first line,
// the rest is below it. `with_chart`: the distribution of the latencies is drawn, too.
std::string report_text(const LoadResult& result, bool with_chart = true);

}  // namespace reactord::load
