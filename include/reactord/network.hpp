// Network: what kind of connection is meant, by Go's names. And the text of an endpoint: a host and a port.
//
//     tcp      IPv4 and IPv6; a listener on every address of the machine serves both
//     tcp4     IPv4 alone
//     tcp6     IPv6 alone
//     unix     a path, or @name without a file (unix(7))
//     pipe     in memory, see pipe.hpp; nobody can listen or dial there
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reactord/error.hpp"

namespace reactord {

enum class Network : std::uint8_t { tcp, tcp4, tcp6, unix_socket, pipe };

const char* to_string(Network network) noexcept;

// By name; "pipe" is none to be asked for. Errors: invalid, "unknown network foo".
Result<Network> parse_network(std::string_view name);

// Views into the text they were split from.
struct HostPort {
  std::string_view host, port;
};

// Splits "host:port", "[host]:port" and "[host%zone]:port"; either part may be empty. Go's net.SplitHostPort.
// Errors: invalid, in Go's words ("address ::1:80: too many colons in address").
Result<HostPort> split_host_port(std::string_view text);

// The other way round: a host with a colon in it gets its brackets. Go's net.JoinHostPort.
std::string join_host_port(std::string_view host, std::string_view port);

// 0 to 65535, or nothing at all for 0; names of services are not known here. Errors: invalid, "address http:
// invalid port".
Result<std::uint16_t> parse_port(std::string_view text);

}  // namespace reactord
