// The system calls for pipes and pseudo-terminals, and for the numbers that descriptors have. As in system.hpp, a failed call returns -errno. Both ends of a pair are
// close-on-exec and, other than there, blocking.
#pragma once

#include <sys/types.h>

namespace reactord::system {

int pipe(int ends[2]) noexcept;  // pipe2(2): [0] is read, [1] written
// posix_openpt(3), unlockpt(3), and TIOCGPTPEER of ioctl_tty(2): [0] is the master, [1] the terminal. It is nobody's
// controlling terminal.
int terminal_pair(int ends[2]) noexcept;
int make_terminal_raw(int fd) noexcept;         // cfmakeraw(3): bytes pass as they are
int make_nonblocking(int fd) noexcept;          // O_NONBLOCK of fcntl(2), for all that share the open file
int open_null() noexcept;                       // /dev/null, close-on-exec
int duplicate_to(int fd, int number) noexcept;  // dup3(2) with O_CLOEXEC: what was there is closed
int set_owner(int fd, uid_t user, gid_t group) noexcept;  // fchown(2)

}  // namespace reactord::system
