#include "base/system.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <cassert>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <limits>

namespace reactord::system {
ssize_t send_now(int fd, const void* bytes, std::size_t count) noexcept {
  return uninterrupted([&] { return ::send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT); });
}

ssize_t send_gathered(int fd, const iovec* parts, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);  // sendmsg(2) only reads it
  message.msg_iovlen = count;
  return uninterrupted([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); });
}

ssize_t read(int fd, void* bytes, std::size_t count) noexcept {
  return uninterrupted([&] { return ::read(fd, bytes, count); });
}

ssize_t write(int fd, const void* bytes, std::size_t count) noexcept {
  return uninterrupted([&] { return ::write(fd, bytes, count); });
}

namespace {

bool takes_bytes(int fd) noexcept {
  pollfd polled{.fd = fd, .events = POLLOUT, .revents = 0};
  return uninterrupted([&] { return ::poll(&polled, 1, 0); }) > 0;  // a hang-up counts: write(2) reports it
}

}  // namespace

ssize_t write_to_pipe_now(int fd, const void* bytes, std::size_t count) noexcept {
  // A pipe that is ready has room for PIPE_BUF bytes. Only another writer, between these two calls, can use it up.
  if (!takes_bytes(fd)) return -EAGAIN;
  return write(fd, bytes, std::min<std::size_t>(count, PIPE_BUF));
}

ssize_t write_to_terminal_now(int fd, const void* bytes, std::size_t count) noexcept {
  // A terminal is ready when it has room for one byte, and a write of two blocks. So the flag is needed.
  if (!takes_bytes(fd)) return -EAGAIN;
  const int flags = uninterrupted([&] { return ::fcntl(fd, F_GETFL); });
  if (flags < 0) return flags;
  const int set = uninterrupted([&] { return ::fcntl(fd, F_SETFL, flags | O_NONBLOCK); });
  if (set < 0) return set;
  const ssize_t written = write(fd, bytes, count);
  uninterrupted([&] { return ::fcntl(fd, F_SETFL, flags); });
  return written;
}

int stream_socket(int family) noexcept {
  return uninterrupted([&] { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); });
}

int datagram_socket(int family) noexcept {
  return uninterrupted([&] { return ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); });
}

ssize_t send_datagram(int fd, const char* bytes, std::size_t count, const sockaddr_storage& to,
                      unsigned length) noexcept {
  return uninterrupted([&] {
    return ::sendto(fd, bytes, count, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length);
  });
}

int bind(int fd, const sockaddr_storage& address, unsigned length) noexcept {
  return uninterrupted([&] { return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), length); });
}

int listen(int fd, int backlog) noexcept {
  return uninterrupted([&] { return ::listen(fd, backlog); });
}

int connect(int fd, const sockaddr_storage& address, unsigned length) noexcept {
  // Not repeated after EINTR: the attempt goes on by itself, as after EINPROGRESS (connect(2)).
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), length);
  const int saved = errno;
  if (result == 0) return 0;
  return saved == EINTR ? -EINPROGRESS : -saved;
}

int accept(int fd, sockaddr_storage& peer, unsigned& length) noexcept {
  return uninterrupted([&] {
    length = sizeof peer;
    return ::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
}

int shutdown(int fd, int how) noexcept {
  return uninterrupted([&] { return ::shutdown(fd, how); });
}

int set_option(int fd, int level, int name, int value) noexcept {
  return uninterrupted([&] { return ::setsockopt(fd, level, name, &value, sizeof value); });
}

int local_address(int fd, sockaddr_storage& address, unsigned& length) noexcept {
  length = sizeof address;
  return uninterrupted([&] { return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length); });
}

int option(int fd, int level, int name, int& value) noexcept {
  socklen_t length = sizeof value;
  return uninterrupted([&] { return ::getsockopt(fd, level, name, &value, &length); });
}

int pending_error(int fd) noexcept {
  int error = 0;
  const int result = option(fd, SOL_SOCKET, SO_ERROR, error);
  return result < 0 ? -result : error;
}

int peer_address(int fd, sockaddr_storage& address, unsigned& length) noexcept {
  length = sizeof address;
  return uninterrupted([&] { return ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length); });
}

int peer_credentials(int fd, ucred& peer) noexcept {
  socklen_t length = sizeof peer;
  return uninterrupted([&] { return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length); });
}

bool has_peer(int fd) noexcept {
  sockaddr_storage address;
  unsigned length = 0;
  return peer_address(fd, address, length) == 0;
}

int set_close_on_exec(int fd) noexcept {
  return uninterrupted([&] { return ::fcntl(fd, F_SETFD, FD_CLOEXEC); });
}

int open_to_read(const char* file) noexcept {
  return uninterrupted([&] { return ::open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); });
}

int duplicate(int fd) noexcept {
  return uninterrupted([&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 3); });
}

int adopt(int fd) noexcept {
  const int flags = uninterrupted([&] { return ::fcntl(fd, F_GETFL); });
  if (flags < 0) return flags;
  const int result = uninterrupted([&] { return ::fcntl(fd, F_SETFL, flags | O_NONBLOCK); });
  return result < 0 ? result : set_close_on_exec(fd);
}

namespace {

std::size_t queued_bytes(int fd, unsigned long queue) noexcept {
  int count = 0;
  const int result = uninterrupted([&] { return ::ioctl(fd, queue, &count); });
  return result < 0 || count < 0 ? 0 : static_cast<std::size_t>(count);
}

timespec timespec_of(std::chrono::nanoseconds duration) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  return {.tv_sec = duration.count() / second, .tv_nsec = duration.count() % second};
}

}  // namespace

std::size_t unread_bytes(int fd) noexcept { return queued_bytes(fd, SIOCINQ); }
std::size_t unacknowledged_bytes(int fd) noexcept { return queued_bytes(fd, SIOCOUTQ); }

int event_descriptor() noexcept {
  return uninterrupted([] { return ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); });
}

int timer_descriptor() noexcept {
  return uninterrupted([] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); });
}

int set_timer(int fd, std::chrono::nanoseconds at) noexcept {
  const itimerspec when{.it_interval = {}, .it_value = timespec_of(at)};
  return uninterrupted([&] { return ::timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, nullptr); });
}

int signal_descriptor(const sigset_t& mask) noexcept {
  return uninterrupted([&] { return ::signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC); });
}

void sleep(std::chrono::nanoseconds duration) noexcept {
  timespec left = timespec_of(duration);
  uninterrupted([&] { return ::nanosleep(&left, &left); });
}

void close(int fd) noexcept { ::close(fd); }

int random_bytes(void* bytes, std::size_t count) noexcept {
  assert(count <= 256);
  const ssize_t result = uninterrupted([&] { return ::getrandom(bytes, count, 0); });
  return result < 0 ? static_cast<int>(result) : 0;
}

int reset_on_close(int fd) noexcept {
  const linger none{.l_onoff = 1, .l_linger = 0};
  return uninterrupted([&] { return ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none); });
}

int socket_pair(int fds[2]) noexcept {
  return uninterrupted(
      [&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds); });
}

int max_backlog() noexcept {
  char text[16] = {};
  const int fd = uninterrupted([] { return ::open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC); });
  if (fd < 0) return SOMAXCONN;
  const ssize_t count = read(fd, text, sizeof text);
  close(fd);
  int backlog = 0;
  if (count > 0) std::from_chars(text, text + count, backlog);
  return backlog > 0 ? backlog : SOMAXCONN;
}

}  // namespace reactord::system
