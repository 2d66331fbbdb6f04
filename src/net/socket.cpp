#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace reactord {

void set_stream_options(int fd, const StreamOptions& options) noexcept {
  if (options.no_delay) system::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.keep_alive_idle.count() <= 0) return;
  system::set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  system::set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.keep_alive_idle.count()));
  system::set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(options.keep_alive_interval.count()));
  system::set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, options.keep_alive_count);
}

Network family_network(const Address& address) noexcept {
  if (!address.is_ip()) return address.network();
  return address.kind() == Address::Kind::ip4 ? Network::tcp4 : Network::tcp6;
}

std::optional<PeerCredentials> socket_peer_credentials(int fd) noexcept {
  ucred peer{};
  if (system::peer_credentials(fd, peer) < 0) return std::nullopt;
  return PeerCredentials{.process = peer.pid, .user = peer.uid};
}

Address socket_local_address(int fd) {
  sockaddr_storage storage{};
  unsigned length = 0;
  if (system::local_address(fd, storage, length) < 0) return Address();
  return Address::from_socket_address(storage, length);
}

}  // namespace reactord
