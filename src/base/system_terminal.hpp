// The system calls on a terminal that this process did not make. As in system.hpp, EINTR never surfaces, and a failed call
// returns -errno. A process that is not in the foreground of its terminal is stopped by a read of it and, unless SIGTTOU is
// blocked, by a change of its settings.
#pragma once

#include <termios.h>

#include <chrono>

namespace reactord::system {

bool is_terminal(int fd) noexcept;                                    // isatty(3)
int terminal_settings(int fd, termios& settings) noexcept;            // tcgetattr(3)
int set_terminal_settings(int fd, const termios& settings) noexcept;  // tcsetattr(3), at once
int terminal_size(int fd, unsigned& columns,
                  unsigned& rows) noexcept;  // TIOCGWINSZ of ioctl_tty(2); 0: not known
// tcgetpgrp(3): it has not been given to another group of processes. True, too, of one that controls no process here.
bool is_in_foreground(int fd) noexcept;
bool wait_until_writable(int fd,
                         std::chrono::milliseconds time) noexcept;  // poll(2); false: not within the time

// Stops this process as ctrl-Z does, and returns once it goes on. SIGTSTP is blocked, before and after. A process whose
// shell could not let it go on is not stopped: the kernel sees to that.
void stop_as_by_terminal() noexcept;

}  // namespace reactord::system
