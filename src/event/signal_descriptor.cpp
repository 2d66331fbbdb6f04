#include "event/signal_descriptor.hpp"

#include <pthread.h>
#include <sys/signalfd.h>

#include <csignal>

#include "base/system.hpp"

namespace reactord {

int open_signal_descriptor(std::initializer_list<int> numbers) noexcept {
  sigset_t mask;
  sigemptyset(&mask);
  for (const int number : numbers) sigaddset(&mask, number);
  ::pthread_sigmask(SIG_BLOCK, &mask, nullptr);
  return system::signal_descriptor(mask);
}

int take_signal(int fd) noexcept {
  signalfd_siginfo info{};
  if (system::read(fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace reactord
