// Daemon: a Server with a log, and the signals that end it.
#pragma once

#include "daemon/options.hpp"

namespace reactord {

// Serves until SIGTERM or SIGINT. Returns the exit status: 0 clean, 1 if something failed (it has said what).
int run_daemon(const Options& options);

}  // namespace reactord
