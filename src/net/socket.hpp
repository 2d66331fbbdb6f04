// Socket: a descriptor on its way into an Endpoint or an Acceptor: closed if it does not get there.
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

// What accepted sockets inherit from the listening one, so that no accept pays a call for it.
void set_stream_options(int fd, const StreamOptions& options) noexcept;

// The network that an address belongs to once it is known: tcp4, tcp6 or unix.
Network family_network(const Address& address) noexcept;

// Who is at the other end of the unix socket `fd`; nothing, where the kernel does not say.
std::optional<PeerCredentials> socket_peer_credentials(int fd) noexcept;

// Where the socket `fd` sits (getsockname(2)).
Address socket_local_address(int fd);

}  // namespace reactord
