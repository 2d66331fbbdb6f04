#include "base/system_terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>

#include "base/system.hpp"

namespace reactord::system {

bool is_terminal(int fd) noexcept { return ::isatty(fd) == 1; }

int terminal_settings(int fd, termios& settings) noexcept {
  return uninterrupted([&] { return ::tcgetattr(fd, &settings); });
}

int set_terminal_settings(int fd, const termios& settings) noexcept {
  return uninterrupted([&] { return ::tcsetattr(fd, TCSANOW, &settings); });
}

int terminal_size(int fd, unsigned& columns, unsigned& rows) noexcept {
  winsize size{};
  const int result = uninterrupted([&] { return ::ioctl(fd, TIOCGWINSZ, &size); });
  if (result < 0) return result;
  columns = size.ws_col;
  rows = size.ws_row;
  return 0;
}

bool is_in_foreground(int fd) noexcept {
  const pid_t group = ::tcgetpgrp(fd);
  return group < 0 || group == ::getpgrp();
}

bool wait_until_writable(int fd, std::chrono::milliseconds time) noexcept {
  pollfd polled{.fd = fd, .events = POLLOUT, .revents = 0};
  return uninterrupted([&] { return ::poll(&polled, 1, static_cast<int>(time.count())); }) > 0;
}

void stop_as_by_terminal() noexcept {
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::raise(SIGTSTP);
  ::pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);  // it stops here
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
}

}  // namespace reactord::system
