// Report: the result of a load run for people. The lines that wrk (https://github.com/wg/wrk) has are as wrk writes them,
// so that tools that read its reports read ours. All other lines stand between them.
#pragma once

#include <string>

#include "load/result/result.hpp"

namespace reactord::load {

// The whole report, with a newline at its end. Where the generator was the bottleneck, the first line says so. The target
// and the duration of the configuration stand in the next line, the rest of it below. With `with_chart` the distribution
// of the latencies is drawn too.
std::string report_text(const LoadResult& result, bool with_chart = true);

}  // namespace reactord::load
