// Outputs: the report and the files that a run writes, and those that --compare reads.
#pragma once

#include "load/options/options.hpp"
#include "load/report/verdict.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

// Whether there is a place for them, as far as can be told before a run has lasted its time.
Parsed<void> check_outputs(const LoadOptions& options);
// Whether none is written over what was read, what will be read, or another: that would be wrong usage.
Parsed<void> check_overwriting(const LoadOptions& options);
// The report, unless it is to be quiet; --json, --plot. What can't be written is a reason to fail.
void write_outputs(const LoadOptions& options, const LoadResult& result, Verdict& verdict);
// --compare; with --json of the table, with --plot of both, and with --fail-if of the later one, which is the second.
Verdict compare_files(const LoadOptions& options);

}  // namespace reactord::load
