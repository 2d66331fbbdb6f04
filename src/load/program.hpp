// Program: what reactord-load does with its options: runs, searches or compares, shows what came of it, and exits.
#pragma once

#include "load/options/options.hpp"

namespace reactord::load {

// Result: the exit status, by verdict.hpp. Of a run that failed, the last line on standard error is "FAILED: why".
int run_program(LoadOptions options);

}  // namespace reactord::load
