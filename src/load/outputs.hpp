// Outputs: the files that a run writes, and those that --compare reads.
#pragma once

#include "load/options.hpp"
#include "load/result.hpp"

namespace reactord::load {

// Whether there is a place for them, as far as can be told before a run has lasted its time.
Parsed<void> check_outputs(const LoadOptions& options);
// --json, --plot. Result: what is wrong with each that could not be written.
std::vector<std::string> write_outputs(const LoadOptions& options, const LoadResult& result);
Parsed<void> compare_files(const LoadOptions& options);  // --compare; and --plot, of both

}  // namespace reactord::load
