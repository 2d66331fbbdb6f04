// A header of the PROXY protocol, version 1 or 2 (haproxy.org, proxy-protocol.txt), where none is expected. A balancer that
// is set up to send it puts it before the client's first byte: answered as a line it would shift every later answer by
// one.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/endpoint.hpp"

namespace reactord {

// The lines that the signature of version 2 begins with, if it is read as lines: two blank ones, and one of a NUL byte.
inline constexpr std::uint64_t lines_of_proxy_signature = 3;

// Whether the connection's input begins with such a header, as far as `bytes` tell, which lie behind its first `offset`
// bytes. True only once a line of it is complete.
bool begins_with_proxy_header(std::string_view bytes, std::uint64_t offset) noexcept;

// The same, of what an endpoint has received last. If it is so, the peer is told.
bool refuses_proxy_header(Endpoint& endpoint, std::string_view bytes);

}  // namespace reactord
