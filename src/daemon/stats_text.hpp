// StatsText: the daemon at a glance, by `stats` of the control socket and as /stats.json of the metrics: the counters of SIGUSR1,
// and what it is.
#pragma once

#include <string>

#include "daemon/control_command.hpp"

namespace reactord {

std::string stats_text(ControlHost& host, ControlFormat format);  // whole lines

}  // namespace reactord
