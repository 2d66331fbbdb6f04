// StreamOptions: what a TCP connection is given at birth, dialled or accepted. Go's defaults. Unix sockets have none.
#pragma once

#include <chrono>

namespace reactord {

// Whole seconds, because the kernel counts in them (tcp(7)); whoever has less must round, and sees it.
struct StreamOptions {
  bool no_delay = true;                          // TCP_NODELAY
  std::chrono::seconds keep_alive_idle{15};      // until the first probe; 0 or less: no keep-alive
  std::chrono::seconds keep_alive_interval{15};  // between probes
  int keep_alive_count = 9;                      // unanswered probes until the peer counts as gone
};

}  // namespace reactord
