// Outputs: the files that a run writes, and those that --compare reads.
#pragma once

#include "load/options.hpp"
#include "load/result.hpp"

namespace reactord::load {

Parsed<void> write_outputs(const LoadOptions& options, const LoadResult& result);  // --json, --plot
Parsed<void> compare_files(const LoadOptions& options);  // --compare; and --plot, of both

}  // namespace reactord::load
