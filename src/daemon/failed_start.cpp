#include "daemon/failed_start.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/system_process.hpp"
#include "daemon/environment.hpp"

namespace reactord {

bool sockets_are_passed() noexcept {
  const char* const count = std::getenv("LISTEN_FDS");
  const char* const process = std::getenv("LISTEN_PID");
  return count != nullptr && process != nullptr && parse_whole<pid_t>(process) == ::getpid();
}

void wait_out_failed_start(Time born) noexcept {
  const Duration left = born + shortest_life - monotonic_now();
  if (left > 0ns) system::wait_for_signal({SIGTERM, SIGINT, SIGHUP}, left);
}

}  // namespace reactord
