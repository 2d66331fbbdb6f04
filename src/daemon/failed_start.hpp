// A start that fails where the service manager holds the sockets.
//
//     client --> socket --> systemd starts us --> exit 78 --> the client waits still --> systemd starts us ...
//
// After some dozen times in two seconds it gives up and closes the socket (TriggerLimitBurst= of systemd.socket(5)); what
// is mended later then serves nobody. So a process that was passed sockets, and would end with a failure before it is
// `shortest_life` old, waits until it is.
#pragma once

#include "reactord/time.hpp"

namespace reactord {

constexpr Duration shortest_life = 2s;

bool sockets_are_passed() noexcept;  // by the environment, before anybody has taken it

// Waits until `born` is shortest_life ago. SIGTERM, SIGINT and SIGHUP end the wait.
void wait_out_failed_start(Time born) noexcept;

}  // namespace reactord
