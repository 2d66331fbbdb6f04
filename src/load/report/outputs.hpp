// Outputs: the report and the files that a run writes, and the files that --compare reads.
#pragma once

#include "load/options/options.hpp"
#include "load/report/verdict.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

// Checks before the run that the output files can probably be written afterwards.
Parsed<void> check_outputs(const LoadOptions& options);
// Checks that no output file overwrites an input file or the other output file. A failure is wrong usage.
Parsed<void> check_overwriting(const LoadOptions& options);
// Writes the report, unless --quiet, and the files of --json and --plot. A failure goes into the verdict.
void write_outputs(const LoadOptions& options, const LoadResult& result, Verdict& verdict);
// Does --compare. --json then writes the table, --plot draws both results, and --fail-if judges the second.
Verdict compare_files(const LoadOptions& options);

}  // namespace reactord::load
