// Program: runs, searches or compares, as the options say, and writes the outputs.
#pragma once

#include "load/options/options.hpp"

namespace reactord::load {

// Result: the exit status, by verdict.hpp. A run that failed ends its standard error with the line "FAILED: why".
int run_program(LoadOptions options);

}  // namespace reactord::load
