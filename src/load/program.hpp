// Program: what reactord-load does with its options: runs, searches or compares, shows what came of it, and exits.
#pragma once

#include "load/options.hpp"
#include "load/result.hpp"

namespace reactord::load {

inline constexpr int exit_nothing_done = 1, exit_wrong_reply = 2, exit_condition = 3, exit_interrupted = 130;

int run_program(const LoadOptions& options);

}  // namespace reactord::load
