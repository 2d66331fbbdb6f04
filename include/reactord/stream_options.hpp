// StreamOptions: the options of a new TCP connection, dialled or accepted. Go's defaults. Unix sockets have none.
#pragma once

#include <chrono>

namespace reactord {

// The unit is whole seconds, as in the kernel (tcp(7)): a caller with a finer value must round it visibly.
struct StreamOptions {
  bool no_delay = true;                          // TCP_NODELAY
  std::chrono::seconds keep_alive_idle{15};      // silence until the first probe; 0 or less: no keep-alive
  std::chrono::seconds keep_alive_interval{15};  // time between probes
  int keep_alive_count = 9;                      // unanswered probes until the peer counts as gone
};

}  // namespace reactord
