// SocketEndpoint: an Endpoint over a connected TCP or unix stream socket.
#pragma once

#include "net/endpoint.hpp"

namespace reactord {

class SocketEndpoint final : public Endpoint {
 public:
  using Endpoint::Endpoint;
  std::size_t unread() const noexcept override;

 private:
  ssize_t receive(char* bytes, std::size_t count) noexcept override;
  ssize_t send(const char* bytes, std::size_t count) noexcept override;
  ssize_t send_gathered(const iovec* parts, std::size_t count) noexcept override;
  int shut_read() noexcept override;
  int shut_write() noexcept override;
  Address find_local_address() const override;
};

// Where the socket `fd` sits (getsockname(2)).
Address socket_local_address(int fd);

}  // namespace reactord
