#include "load/engine/source.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <string>

#include "base/system.hpp"

namespace reactord::load {
namespace {

constexpr std::uint64_t sources = 250;

// Leaves the choice of the port to connect(2), where it must be free towards the target only.
Result<void> choose_port_late(int fd, Network, const Address&) {
  const int failure = system::set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (failure < 0) return std::unexpected(Error::from_errno(-failure, "setsockopt"));
  return {};
}

}  // namespace

DialOptions dial_options(const Address& target, std::uint64_t number, Duration timeout) {
  DialOptions options;
  options.timeout = timeout;
  const std::uint64_t source = number / connections_per_source % sources;
  if (source == 0 || target.kind() != Address::Kind::ip4 || !target.is_loopback()) return options;
  const auto address = Address::from_host("127.0.0." + std::to_string(source + 1), 0);
  if (!address) return options;
  options.local_address = *address;
  options.before_connect = choose_port_late;
  return options;
}

std::string dial_failure(const Error& error) {
  if (error.system_errno() != EADDRNOTAVAIL) return error.text();
  return error.text() +
         "; each source address has the ports of net.ipv4.ip_local_port_range, and one that was used is free "
         "again after a minute";
}

}  // namespace reactord::load
