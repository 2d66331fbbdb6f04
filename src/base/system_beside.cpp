#include "base/system_beside.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/system.hpp"

namespace reactord::system {

ssize_t receive_beside(int fd, char* bytes, std::size_t count, bool& cut) noexcept {
  iovec room{.iov_base = bytes, .iov_len = count};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  const ssize_t result = uninterrupted([&] { return ::recvmsg(fd, &message, 0); });
  cut = result > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  return result;
}

ssize_t peek(int fd, char* bytes, std::size_t count) noexcept {
  return uninterrupted([&] { return ::recv(fd, bytes, count, MSG_PEEK); });
}

bool is_urgent(int fd) noexcept {
  pollfd polled{.fd = fd, .events = POLLPRI, .revents = 0};
  return uninterrupted([&] { return ::poll(&polled, 1, 0); }) > 0 && (polled.revents & POLLPRI) != 0;
}

bool is_at_mark(int fd) noexcept {
  int result = 0;
  return uninterrupted([&] { return ::ioctl(fd, SIOCATMARK, &result); }) >= 0 && result != 0;
}

}  // namespace reactord::system
