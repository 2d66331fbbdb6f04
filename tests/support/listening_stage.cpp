#include "support/listening_stage.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace test {

using reactord::Address;

Peer ListeningStage::connect_to(const Address& to, std::string_view text, const char* from) {
  Peer peer(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  if (from != nullptr) {
    const unsigned length = Address::from_host(from, 0)->to_socket_address(storage);
    REQUIRE(::bind(peer.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  }
  const unsigned length = to.to_socket_address(storage);
  REQUIRE(::connect(peer.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  REQUIRE(::fcntl(peer.fd(), F_SETFL, O_NONBLOCK) == 0);
  REQUIRE(peer.send(text) == text.size());
  return peer;
}

}  // namespace test
