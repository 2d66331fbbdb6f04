// Control limits: what the control socket allows its clients, beside the limits of the server that it commands. They are
// small and fixed: an operator who types has enough, and a client of the socket that misbehaves costs little.
#pragma once

#include <cstddef>

#include "reactord/limits.hpp"
#include "reactord/server.hpp"

namespace reactord {

// One more is told so and closed. One user, other than by root's help, leaves half of them to others.
inline constexpr std::size_t control_connections = 16;
inline constexpr std::size_t control_connections_per_user = 8;
inline constexpr std::size_t control_max_line = 4 * 1024;  // bytes
// For one that types, or that waits for a reload.
inline constexpr Duration control_idle_timeout = 10min;
inline constexpr Duration control_line_timeout = 1min;
// For one that does not read its answers. A command writes on only while few bytes wait.
inline constexpr Duration control_write_timeout = 10s;
inline constexpr std::size_t control_output = 256 * 1024;        // bytes for one client
inline constexpr std::size_t control_buffers = 4 * 1024 * 1024;  // bytes for all clients
// Commands that follow something live (live_lines.hpp): bytes that wait for one client, and traces at once.
inline constexpr std::size_t control_live_lines = 64 * 1024;
inline constexpr std::size_t control_traces = 8;
// At the end of the daemon: for the answer to the last command.
inline constexpr Duration control_drain_timeout = 1s;

// The listener, and the next one while a reload changes it; the connections, and those that are told that they are one
// too many.
inline constexpr std::size_t control_descriptors = 2 + control_connections + Server::rejections_at_once;

inline Limits control_limits() noexcept {
  return {.idle_timeout = control_idle_timeout,
          .line_timeout = control_line_timeout,
          .drain_line_timeout = control_drain_timeout,
          .write_timeout = control_write_timeout,
          .max_line = control_max_line,
          .output = {.hard = control_output},
          .max_buffers = control_buffers,
          .connections = {.most = control_connections, .then = OverLimit::reject},
          .connections_per_address = {.most = control_connections_per_user, .then = OverLimit::reject}};
}

}  // namespace reactord
