// Daemon: a Server as a service: with a log, with signals that it obeys, and with a service manager that it reports to.
//
//     start     SIGHUP -----------> reload: all of the new settings, or none     READY=1 when it listens, and after
//       |                           (without a file to read: as SIGTERM)         each reload
//     serving   SIGUSR1 ----------> counters in the log
//       |
//     draining  SIGTERM, SIGINT --> what was received is answered                STOPPING=1
//       |       a second one -----> at once
//     end
#pragma once

#include "daemon/options.hpp"
#include "daemon/passed_sockets.hpp"
#include "daemon/settings_in_force.hpp"

namespace reactord {

// Serves until SIGTERM or SIGINT. At SIGHUP the settings are read again from `line`. Returns the exit status: 0 when
// clean; exit_usage or exit_configuration when a setting can't be fulfilled; 1 when something else failed (it has said
// what).
int serve_as_daemon(const CommandLine& line, const SettingsInForce& settings, PassedSockets passed);

}  // namespace reactord
