// Socket: a descriptor on its way into an Endpoint or an Acceptor. It is closed unless it gets there.
#pragma once

#include <optional>
#include <utility>

#include "base/system.hpp"
#include "reactord/address.hpp"
#include "reactord/stream_options.hpp"

namespace reactord {

struct Socket {
  explicit Socket(int number) noexcept : fd(number) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) system::close(fd);
  }
  int release() noexcept { return std::exchange(fd, -1); }

  int fd;  // or -errno
};

// Sets the options. Accepted sockets inherit them from the listening one, so no accept pays a call for them.
void set_stream_options(int fd, const StreamOptions& options) noexcept;

// The network of a known address: tcp4, tcp6 or unix.
Network family_network(const Address& address) noexcept;

// The process and user at the other end of the unix socket `fd`. Nothing: the kernel does not say.
std::optional<PeerCredentials> socket_peer_credentials(int fd) noexcept;

// The local address of the socket `fd` (getsockname(2)).
Address socket_local_address(int fd);

}  // namespace reactord
