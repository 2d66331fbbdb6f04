// A header of the PROXY protocol, version 1 or 2 (haproxy.org, proxy-protocol.txt), where none is expected. A
// misconfigured balancer sends it before the client's first byte. Answered as a line, it would shift every later answer
// by one.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/endpoint.hpp"

namespace reactord {

// The signature of version 2 read as lines: two blank ones, and one of a NUL byte.
inline constexpr std::uint64_t lines_of_proxy_signature = 3;

// True when the connection's input begins with such a header and a line of it is complete. `bytes` lie behind the first
// `offset` bytes of the input.
bool begins_with_proxy_header(std::string_view bytes, std::uint64_t offset) noexcept;

// The same for the bytes that an endpoint has received last. If true, the peer has been told.
bool refuses_proxy_header(Endpoint& endpoint, std::string_view bytes);

}  // namespace reactord
