// The log lines of listeners: where the daemon listens, where it has stopped, and which passed sockets are not served.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/listeners.hpp"
#include "daemon/log.hpp"

namespace reactord {

void log_change(Log& log, const Listeners::Change& change);
void log_listener(Log& log, std::string_view event, const Listeners::Served& one);
void log_unused(Log& log,
                const std::vector<PassedSocket>& sockets);  // as Listeners::take_unused() returns them

}  // namespace reactord
