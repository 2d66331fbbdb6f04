// Resolve: finds the address of a target that has a host name.
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <vector>

#include "load/options/options.hpp"
#include "reactord/dial.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t most_addresses = 64;  // of a name

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

Parsed<std::vector<Address>> look_up(const std::string& name, std::uint16_t port) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int failure = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (failure != 0) return std::unexpected("lookup " + name + ": " + ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  std::vector<Address> addresses;
  for (; list != nullptr && addresses.size() < most_addresses; list = list->ai_next) {
    sockaddr_storage storage{};
    if (list->ai_addrlen > sizeof storage) continue;
    std::memcpy(&storage, list->ai_addr, list->ai_addrlen);
    addresses.push_back(Address::from_socket_address(storage, list->ai_addrlen).with_port(port));
  }
  if (addresses.empty()) return std::unexpected("lookup " + name + ": it has no address");
  return addresses;
}

bool takes_connections(const Address& address, Duration timeout) {
  Reactor reactor;
  bool does = false;
  reactor.spawn([](Reactor& on, Address to, Duration at_most, bool& done) -> Task<> {
    auto dialled = co_await dial(on, to, {.timeout = at_most});
    done = dialled.has_value();
  }(reactor, address, timeout, does));
  const auto ran = reactor.run();
  return ran && does;
}

}  // namespace

Parsed<void> resolve_target(LoadOptions& options) {
  if (options.host_name.empty()) return {};
  const auto addresses = look_up(options.host_name, options.address.port());
  if (!addresses) return std::unexpected(addresses.error());
  options.address = addresses->front();
  if (addresses->size() == 1) return {};
  for (const Address& address : *addresses) {
    if (!takes_connections(address, options.timeout)) continue;
    options.address = address;
    break;
  }
  return {};
}

}  // namespace reactord::load
