// Resolver: from the name of a host to its addresses, without holding up the loop.
#pragma once

#include <string>
#include <vector>

#include "reactord/address.hpp"
#include "reactord/context.hpp"
#include "reactord/task.hpp"

namespace reactord {

class Resolver {
 public:
  virtual ~Resolver() = default;

  // The addresses of `host` with `port`, best first, at most max_addresses; of IPv4 or IPv6 alone where `network` is
  // tcp4 or tcp6. Suspends. Errors: lookup_failed, "lookup example.com: no such host"; cancelled or deadline_exceeded,
  // once `context` is done; it must live until the task has ended.
  virtual Task<Result<std::vector<Address>>> resolve(Context& context, Network network, std::string host,
                                                     std::uint16_t port) = 0;

  static constexpr std::size_t max_addresses = 64;

  // The machine's: getaddrinfo_a(3), which asks /etc/hosts, DNS and whatever else nsswitch.conf(5) names, in a thread
  // of the C library. Its order is that of RFC 6724. Lives as long as the program.
  static Resolver& system() noexcept;
};

}  // namespace reactord
