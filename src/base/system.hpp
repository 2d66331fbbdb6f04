// system: the system calls of the library, each wrapped once. EINTR never surfaces. Every descriptor is created
// close-on-exec and nonblocking. No send raises SIGPIPE. A failed call returns -errno, saved on the next line.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>

namespace reactord::system {

// Repeats `call` while a signal interrupts it. Returns its result, or -errno.
template <typename Call>
inline auto uninterrupted(Call call) noexcept -> decltype(call()) {
  while (true) {
    const auto result = call();
    if (result >= 0) [[likely]]
      return result;
    const int saved = errno;
    if (saved != EINTR) return -saved;
  }
}

// One try of recv(2) and send(2), for the path of every request. These two may return -EINTR: the caller then goes on
// as if no byte had moved, with the calls below.
inline ssize_t receive_once(int fd, char* bytes, std::size_t count) noexcept {
  const ssize_t result = ::recv(fd, bytes, count, 0);
  if (result > 0) [[likely]]
    return result;
  const int saved = errno;
  return result == 0 ? 0 : -saved;
}
inline ssize_t send_once(int fd, const char* bytes, std::size_t count) noexcept {
  const ssize_t result = ::send(fd, bytes, count, MSG_NOSIGNAL);
  if (result == static_cast<ssize_t>(count)) [[likely]]
    return result;
  const int saved = errno;
  return result >= 0 ? result : -saved;
}

inline ssize_t receive(int fd, char* bytes, std::size_t count) noexcept {  // recv(2); 0 at end of file
  return uninterrupted([&] { return ::recv(fd, bytes, count, 0); });
}
inline ssize_t send(int fd, const char* bytes, std::size_t count) noexcept {  // send(2)
  return uninterrupted([&] { return ::send(fd, bytes, count, MSG_NOSIGNAL); });
}

ssize_t send_gathered(int fd, const iovec* parts, std::size_t count) noexcept;  // sendmsg(2)
ssize_t send_now(int fd, const void* bytes,
                 std::size_t count) noexcept;                   // never waits, even on a blocking socket
ssize_t read(int fd, void* bytes, std::size_t count) noexcept;  // read(2)
ssize_t write(int fd, const void* bytes, std::size_t count) noexcept;  // write(2)

// For a blocking descriptor whose file other processes may have open too. They write what fits without waiting, or
// return -EAGAIN: poll(2), write(2).
ssize_t write_to_pipe_now(int fd, const void* bytes, std::size_t count) noexcept;  // at most PIPE_BUF bytes
// Sets O_NONBLOCK meanwhile.
ssize_t write_to_terminal_now(int fd, const void* bytes, std::size_t count) noexcept;

int open_to_read(const char* file) noexcept;  // open(2), which does not wait for the writer of a pipe
int duplicate(int fd) noexcept;               // F_DUPFD_CLOEXEC of fcntl(2)

int stream_socket(int family) noexcept;
int datagram_socket(int family) noexcept;
// sendto(2)
ssize_t send_datagram(int fd, const char* bytes, std::size_t count, const sockaddr_storage& to,
                      unsigned length) noexcept;
int bind(int fd, const sockaddr_storage& address, unsigned length) noexcept;
int listen(int fd, int backlog) noexcept;
int connect(int fd, const sockaddr_storage& address, unsigned length) noexcept;  // may return -EINPROGRESS
int accept(int fd, sockaddr_storage& peer, unsigned& length) noexcept;
int shutdown(int fd, int how) noexcept;
int set_option(int fd, int level, int name, int value) noexcept;
int local_address(int fd, sockaddr_storage& address, unsigned& length) noexcept;  // getsockname(2)
int option(int fd, int level, int name, int& value) noexcept;                     // getsockopt(2)
int pending_error(int fd) noexcept;  // SO_ERROR of socket(7), cleared by reading: an errno; 0: none
bool has_peer(int fd) noexcept;      // getpeername(2)
int peer_credentials(int fd, ucred& peer) noexcept;  // SO_PEERCRED of unix(7)
int peer_address(int fd, sockaddr_storage& address, unsigned& length) noexcept;
int set_close_on_exec(int fd) noexcept;
int adopt(int fd) noexcept;  // makes an existing descriptor close-on-exec and nonblocking: fcntl(2)
// SIOCOUTQ: the bytes sent and not yet acknowledged by the peer's kernel; 0 on error.
std::size_t unacknowledged_bytes(int fd) noexcept;
// SIOCINQ of tcp(7) and unix(7): the bytes received and not yet read, up to an urgent mark; 0 on error.
std::size_t unread_bytes(int fd) noexcept;

int event_descriptor() noexcept;  // eventfd(2)
int timer_descriptor() noexcept;  // timerfd_create(2) on CLOCK_MONOTONIC
// timerfd_settime(2), an absolute time on that clock. Zero disarms it.
int set_timer(int fd, std::chrono::nanoseconds at) noexcept;
int signal_descriptor(const sigset_t& mask) noexcept;    // signalfd(2); the caller has blocked the signals
void sleep(std::chrono::nanoseconds duration) noexcept;  // nanosleep(2), repeated until the time has passed
void close(int fd) noexcept;  // never retried: on Linux the descriptor is gone even after EINTR (close(2))

// getrandom(2). `count` is at most 256. Fills all bytes, or returns -errno.
int random_bytes(void* bytes, std::size_t count) noexcept;

// SO_LINGER of socket(7) without a time: close(2) resets the connection.
int reset_on_close(int fd) noexcept;
int socket_pair(int fds[2]) noexcept;  // socketpair(2) of unix stream sockets
int max_backlog() noexcept;            // net.core.somaxconn, or SOMAXCONN when it can't be read

}  // namespace reactord::system
