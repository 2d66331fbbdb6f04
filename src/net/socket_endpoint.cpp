#include "net/socket_endpoint.hpp"

#include <sys/socket.h>

#include "base/system.hpp"

namespace reactord {

ssize_t SocketEndpoint::receive(char* bytes, std::size_t count) noexcept {
  return system::receive(fd(), bytes, count);
}
ssize_t SocketEndpoint::send(const char* bytes, std::size_t count) noexcept {
  return system::send(fd(), bytes, count);
}
ssize_t SocketEndpoint::send_gathered(const iovec* parts, std::size_t count) noexcept {
  return system::send_gathered(fd(), parts, count);
}
int SocketEndpoint::shut_read() noexcept { return system::shutdown(fd(), SHUT_RD); }
int SocketEndpoint::shut_write() noexcept { return system::shutdown(fd(), SHUT_WR); }
std::size_t SocketEndpoint::unread() const noexcept { return system::unread_bytes(fd()); }
Address SocketEndpoint::find_local_address() const { return socket_local_address(fd()); }

Address socket_local_address(int fd) {
  sockaddr_storage storage{};
  unsigned length = 0;
  if (system::local_address(fd, storage, length) < 0) return Address();
  return Address::from_socket_address(storage, length);
}

}  // namespace reactord
