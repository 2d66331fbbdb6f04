// Worker: a process that makes its share of the load and reports over its link: lines, over a socket pair.
//
//     worker  -->  opening ANSWERED ERRORS OPEN   once a second, while its connections are dialled
//             -->  ready                          its connections are open
//             <--  start NANOSECONDS              on the clock that all processes share
//             -->  warm-up ANSWERED ERRORS OPEN   once a second
//             -->  second N REQUESTS ERRORS OPEN HISTOGRAM
//             <--  stop                           as a signal; the end of the link or a second signal ends it at once
//             -->  result JSON                    by result_json.hpp; the last line
//
// Every line has its newline: one without is what a process had written when it was killed, and is no line.
#pragma once

#include <cstddef>
#include <cstdint>

#include "load/options/options.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

// Signals within this time count as one: timeout(1) sends two, to its child and to the group.
inline constexpr Duration same_instant = 100ms;

// The longest line of a link, its newline included: a result has all of its histograms in one.
inline constexpr std::size_t longest_line = 256 * 1024 * 1024;

// The options of process `index`: the numbers are divided, so that the sum over all processes is `options`.
LoadOptions share_of(const LoadOptions& options, std::uint64_t index);

// Makes the load of `share` until it is done or `link` is closed. Takes ownership of the descriptor. The caller must have
// blocked SIGINT and SIGTERM: they stop the worker, and its result says that it was interrupted.
void run_worker(const LoadOptions& share, int link);

}  // namespace reactord::load
