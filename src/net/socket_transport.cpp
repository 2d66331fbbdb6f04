// The transport of an Endpoint with a descriptor: a connected TCP or unix stream socket.
#include <sys/socket.h>

#include "base/system.hpp"
#include "net/endpoint.hpp"
#include "net/socket.hpp"

namespace reactord {

ssize_t Endpoint::receive(char* bytes, std::size_t count) noexcept {
  return system::receive(fd(), bytes, count);
}
ssize_t Endpoint::send(const char* bytes, std::size_t count) noexcept {
  return system::send(fd(), bytes, count);
}
ssize_t Endpoint::send_gathered(const iovec* parts, std::size_t count) noexcept {
  return system::send_gathered(fd(), parts, count);
}
int Endpoint::shut_read() noexcept { return system::shutdown(fd(), SHUT_RD); }
int Endpoint::shut_write() noexcept { return system::shutdown(fd(), SHUT_WR); }
std::size_t Endpoint::unread() const noexcept { return system::unread_bytes(fd()); }
std::size_t Endpoint::unacknowledged() const noexcept {
  // What a unix socket has taken lies with the peer already, and no close of ours destroys it.
  return remote_.is_unix() ? 0 : system::unacknowledged_bytes(fd());
}
Address Endpoint::find_local_address() const { return socket_local_address(fd()); }

}  // namespace reactord
