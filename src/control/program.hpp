// Program: shows --help or --version, runs top, or asks the one command that the options hold, or those of standard input, one
// after the other.
#pragma once

#include "control/options.hpp"

namespace reactord::control {

// Result: the exit status, by control_client.hpp. What went wrong is told on standard error, "reactordctl: why". SIGPIPE is
// blocked from then on, and what was closed of the standard descriptors is /dev/null.
//
// The status of commands of standard input is that of the first that failed. A terminal is asked for the next one
// whatever has become of the last. Elsewhere a command that was refused does not keep the others from being asked, and
// any other failure ends it.
int run_control(const ControlOptions& options);

}  // namespace reactord::control
