#include "load/crew/children.hpp"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace reactord::load {

void kill_child(pid_t child) noexcept { ::kill(child, SIGKILL); }

void release_signals() noexcept {
  sigset_t both;
  ::sigemptyset(&both);
  ::sigaddset(&both, SIGINT);
  ::sigaddset(&both, SIGTERM);
  const timespec now{};
  while (::sigtimedwait(&both, nullptr, &now) > 0 || errno == EINTR) continue;
  ::pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
}

}  // namespace reactord::load
