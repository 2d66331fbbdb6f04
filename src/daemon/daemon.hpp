// Daemon: a Server with a log, and the signals that it obeys: SIGTERM and SIGINT end it, in order and at once;
// SIGUSR1 has its counters logged.
#pragma once

#include "daemon/options.hpp"

namespace reactord {

// Serves until SIGTERM or SIGINT. Returns the exit status: 0 clean, exit_usage if the descriptors do not suffice for
// what is asked, 1 if something else failed (it has said what).
int run_daemon(Options options);

}  // namespace reactord
