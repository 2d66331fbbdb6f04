// ClientKey: the key by which addresses count as one client, for limits per address.
//
//     192.0.2.1              IPv4, whole
//     2001:db8:1:2::3        the first ip6_prefix bits: a home or a host is given a /64 (RFC 6177)
//     fe80::1%eth0           link-local: whole, with its zone. All hosts of a link share one /64 (RFC 4291)
//     64:ff9b::c000:201      an IPv4 client behind a translator: that IPv4 address (RFC 6052, 2.1)
//     64:ff9b:1::...         the same with a site's own prefix, of unknown length: whole (RFC 8215)
//     2002:c000:201::1       6to4: the IPv4 address of its router (RFC 3056)
//     2001:0:...             Teredo: the client's IPv4 address, its bits inverted. All clients of a Teredo server share
//                            its /64 (RFC 4380)
//     2001:20::...           ORCHIDv2, a hash of a key: whole (RFC 7343)
//     unix, credentials known    the user id
//     other unix, pipe           none: they are not counted
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "reactord/address.hpp"

namespace reactord {

// An address as IPv6, in byte order. No zone and no user id can be mistaken for another client's address.
using ClientKey = std::array<std::uint64_t, 2>;

// Empty when the address belongs to no client in particular. `ip6_prefix`: 0 to 128.
std::optional<ClientKey> client_key(const Address& address, unsigned ip6_prefix) noexcept;

}  // namespace reactord
