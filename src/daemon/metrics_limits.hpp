// Metrics limits: what the HTTP server of the metrics allows its clients, beside the limits of the server of the clients. They are
// small and fixed: whoever misbehaves there costs the clients nothing, and is at most in the way of others who read metrics.
#pragma once

#include <cstddef>

#include "reactord/limits.hpp"

namespace reactord {

// Further ones wait in the queue of the kernel, and are not accepted more often than that.
inline constexpr std::size_t metrics_connections = 16;
inline constexpr std::uint32_t metrics_accepts_per_second = 50;
// For the head of a request, from its first byte to its last; and for its first byte, from the former answer on.
inline constexpr Duration metrics_head_timeout = 5s;
inline constexpr Duration metrics_idle_timeout = 10s;
// For an answer, until the kernel has all of it.
inline constexpr Duration metrics_answer_timeout = 10s;
inline constexpr Duration metrics_write_timeout =
    5s;  // of these, without a byte that the client acknowledges
inline constexpr std::size_t metrics_buffers = 4 * 1024 * 1024;  // bytes for all clients
// At the end of the daemon: for the last answers.
inline constexpr Duration metrics_drain_timeout = 1s;
// Pages are made one after the other, so many apart at least: by requests alone, nobody makes the daemon busy.
inline constexpr Duration metrics_page_interval = 10ms;

// The listener, and the next one while a reload changes it; the connections.
inline constexpr std::size_t metrics_descriptors = 2 + metrics_connections;

inline Limits metrics_limits() noexcept {
  return {
      .idle_timeout = metrics_idle_timeout + metrics_answer_timeout,  // the handler has its own, shorter ones
      .drain_line_timeout = metrics_drain_timeout,
      .write_timeout = metrics_write_timeout,
      .max_buffers = metrics_buffers,
      .connections = {.most = metrics_connections, .then = OverLimit::defer},
      .accepts = {.per_second = metrics_accepts_per_second, .burst = 0, .then = OverLimit::defer}};
}

}  // namespace reactord
