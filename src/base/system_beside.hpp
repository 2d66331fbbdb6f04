// The system calls for what comes beside the plain bytes of a stream, where a receive stops: urgent bytes of tcp(7),
// out-of-band bytes and file descriptors of unix(7). As in system.hpp, EINTR never surfaces, and a failed call returns
// -errno.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace reactord::system {

// recvmsg(2) without room for ancillary data, for unix(7). `cut`: it stopped at file descriptors, which the kernel has
// closed, or may have stopped at other credentials (MSG_CTRUNC): more bytes may follow.
ssize_t receive_beside(int fd, char* bytes, std::size_t count, bool& cut) noexcept;
ssize_t peek(int fd, char* bytes, std::size_t count) noexcept;  // MSG_PEEK of recv(2)
bool is_urgent(int fd) noexcept;   // true when out-of-band data is there, or lies ahead: POLLPRI of poll(2)
bool is_at_mark(int fd) noexcept;  // true when it comes next: SIOCATMARK of tcp(7), and of unix sockets

}  // namespace reactord::system
