// The verbs of a socket: a connected TCP or unix stream socket.
#include "net/carrier.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "base/system.hpp"
#include "base/system_beside.hpp"
#include "net/socket.hpp"

namespace reactord {

namespace {

// SIOCINQ stops at an urgent mark, and goes on where the urgent byte is a part of the stream.
std::size_t unread_of_tcp(int fd) noexcept {
  if (!system::is_urgent(fd)) return system::unread_bytes(fd);
  const std::size_t before_mark = system::unread_bytes(fd);
  int in_line = 0;
  system::option(fd, SOL_SOCKET, SO_OOBINLINE, in_line);
  if (in_line != 0) return before_mark;
  system::set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
  const std::size_t all = system::unread_bytes(fd);
  system::set_option(fd, SOL_SOCKET, SO_OOBINLINE, 0);
  return all > before_mark ? all - 1 : before_mark;
}

// SIOCINQ counts out-of-band bytes, and goes on counting those that reading has passed over (Linux 6.18). So bytes are
// counted by looking at all of them. That passes over an out-of-band byte only if it comes first.
std::size_t unread_of_unix(int fd) noexcept {
  if (system::unread_bytes(fd) == 0) return 0;
  std::array<char, 16 * 1024> bytes;
  std::size_t all = 0;
  system::set_option(fd, SOL_SOCKET, SO_PEEK_OFF, 0);
  for (ssize_t peeked = 1; peeked > 0; all += static_cast<std::size_t>(std::max<ssize_t>(peeked, 0)))
    peeked = system::peek(fd, bytes.data(), bytes.size());
  system::set_option(fd, SOL_SOCKET, SO_PEEK_OFF, -1);
  return all > 0 && system::is_urgent(fd) && !system::is_at_mark(fd) ? all - 1 : all;
}

}  // namespace

Carrier::Carrier(Reactor& reactor, int fd, Network network, Address remote)
    : Watch(reactor, fd),
      remote_(std::move(remote)),
      ready_(readiness::writable | (network == Network::unix_socket ? indirect : 0)),
      network_(network) {
  assert(fd >= 0);
}

Carrier::Carrier(Reactor& reactor, Network network, Address remote)
    : Watch(reactor, -1),
      remote_(std::move(remote)),
      ready_(readiness::writable | indirect | indirect_send),
      network_(network) {}

// A receive from a unix socket stops behind descriptors and other credentials, of which epoll(7) says nothing.
ssize_t Carrier::receive(char* bytes, std::size_t count) noexcept {
  bool cut = false;
  const ssize_t received = system::receive_beside(fd(), bytes, count, cut);
  if (cut) more_may_wait();
  return received;
}
ssize_t Carrier::send(const char* bytes, std::size_t count) noexcept {
  return system::send(fd(), bytes, count);
}
ssize_t Carrier::send_gathered(const iovec* parts, std::size_t count) noexcept {
  return system::send_gathered(fd(), parts, count);
}
// TCP tells its peer nothing of this, and once our FIN is out it would reset what still comes.
int Carrier::shut_read() noexcept { return remote_.is_ip() ? 0 : system::shutdown(fd(), SHUT_RD); }
int Carrier::shut_write() noexcept { return system::shutdown(fd(), SHUT_WR); }
std::size_t Carrier::unreceived() const noexcept {
  return remote_.is_ip() ? unread_of_tcp(fd()) : unread_of_unix(fd());
}
std::size_t Carrier::unacknowledged() const noexcept { return system::unacknowledged_bytes(fd()); }
Address Carrier::find_local_address() const { return socket_local_address(fd()); }

}  // namespace reactord
