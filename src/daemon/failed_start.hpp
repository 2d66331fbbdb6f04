// A failed start while the service manager holds the sockets.
//
//     client --> socket --> systemd starts it --> exit 78 --> the client still waits --> systemd starts it ...
//
// After some dozen starts in two seconds systemd gives up and closes the socket (TriggerLimitBurst= of
// systemd.socket(5)): a later correction then serves no client. So a process that was passed sockets, and would fail
// before it is `shortest_life` old, waits until it is.
#pragma once

#include "reactord/time.hpp"

namespace reactord {

constexpr Duration shortest_life = 2s;

bool sockets_are_passed() noexcept;  // read from the environment, before it is taken

// Waits until `shortest_life` after `born`. SIGTERM, SIGINT and SIGHUP end the wait.
void wait_out_failed_start(Time born) noexcept;

}  // namespace reactord
