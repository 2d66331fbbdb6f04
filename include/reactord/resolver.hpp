// Resolver: resolves the name of a host to its addresses, without blocking the loop.
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

  // Result: the addresses of `host` with `port`, best first, at most max_addresses. tcp4 and tcp6 give IPv4 or IPv6
  // alone. Suspends. Errors: lookup_failed, "lookup example.com: no such host"; cancelled or deadline_exceeded, once
  // `context` is done. `context` must live until the task has ended.
  virtual Task<Result<std::vector<Address>>> resolve(Context& context, Network network, std::string host,
                                                     std::uint16_t port) = 0;

  static constexpr std::size_t max_addresses = 64;

  // The machine's resolver: getaddrinfo_a(3), which asks /etc/hosts, DNS and the other sources of nsswitch.conf(5), in a
  // thread of the C library. The order is that of RFC 6724. It lives as long as the program.
  static Resolver& system() noexcept;
};

}  // namespace reactord
