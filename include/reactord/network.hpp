// Network: the kind of a connection, by Go's names. Also the text of an endpoint: a host and a port.
//
//     tcp      IPv4 and IPv6; a listener on every address of the machine serves both
//     tcp4     IPv4 alone
//     tcp6     IPv6 alone
//     unix     a path, or @name without a file (unix(7))
//     pipe     in memory, see pipe.hpp; it can't be listened at or dialled
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reactord/error.hpp"

namespace reactord {

enum class Network : std::uint8_t { tcp, tcp4, tcp6, unix_socket, pipe };

const char* to_string(Network network) noexcept;

// The network of that name; "pipe" is not accepted. Errors: invalid, "unknown network foo".
Result<Network> parse_network(std::string_view name);

// Views into the text they were split from.
struct HostPort {
  std::string_view host, port;
};

// Splits "host:port", "[host]:port" and "[host%zone]:port"; either part may be empty. Go's net.SplitHostPort.
// Errors: invalid, in Go's words ("address ::1:80: too many colons in address").
Result<HostPort> split_host_port(std::string_view text);

// The inverse: a host that contains a colon gets brackets. Go's net.JoinHostPort.
std::string join_host_port(std::string_view host, std::string_view port);

// A number from 0 to 65535; the empty text is 0. Service names are not accepted. Errors: invalid, "address http:
// invalid port".
Result<std::uint16_t> parse_port(std::string_view text);

}  // namespace reactord
