#include "base/system_pipes.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/system.hpp"

namespace reactord::system {

int pipe(int ends[2]) noexcept {
  return uninterrupted([&] { return ::pipe2(ends, O_CLOEXEC); });
}

int terminal_pair(int ends[2]) noexcept {
  const int master = uninterrupted([] { return ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); });
  if (master < 0) return master;
  int result = uninterrupted([&] { return ::unlockpt(master); });
  // By the master, and not by its name: /dev/pts may be another's.
  if (result == 0)
    result = uninterrupted([&] { return ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); });
  if (result < 0) {
    close(master);
    return result;
  }
  ends[0] = master;
  ends[1] = result;
  return 0;
}

int make_terminal_raw(int fd) noexcept {
  termios settings{};
  const int result = uninterrupted([&] { return ::tcgetattr(fd, &settings); });
  if (result < 0) return result;
  ::cfmakeraw(&settings);
  return uninterrupted([&] { return ::tcsetattr(fd, TCSANOW, &settings); });
}

int make_nonblocking(int fd) noexcept {
  const int flags = uninterrupted([&] { return ::fcntl(fd, F_GETFL); });
  if (flags < 0) return flags;
  return uninterrupted([&] { return ::fcntl(fd, F_SETFL, flags | O_NONBLOCK); });
}

int open_null() noexcept {
  return uninterrupted([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY); });
}

int duplicate_to(int fd, int number) noexcept {
  return uninterrupted([&] { return ::dup3(fd, number, O_CLOEXEC); });
}

int set_owner(int fd, uid_t user, gid_t group) noexcept {
  return uninterrupted([&] { return ::fchown(fd, user, group); });
}

}  // namespace reactord::system
