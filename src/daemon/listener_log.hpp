// What the log says of listeners: where the daemon listens, where it does no longer, and which of the sockets that were
// passed to it nobody serves.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/listeners.hpp"
#include "daemon/log.hpp"

namespace reactord {

void log_change(Log& log, const Listeners::Change& change);
void log_listener(Log& log, std::string_view event, const Listeners::Served& one);
void log_unused(Log& log,
                const std::vector<PassedSocket>& sockets);  // as Listeners::take_unused() gives them

}  // namespace reactord
