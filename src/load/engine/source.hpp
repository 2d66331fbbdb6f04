// Source: where a connection is dialled from. One address has some 28,000 ports towards one target (ip_local_port_range
// of ip(7)); on the loopback interface there are sixteen million addresses, so there they take turns.
#pragma once

#include <cstdint>

#include "reactord/dial.hpp"

namespace reactord::load {

inline constexpr std::uint64_t connections_per_source = 20'000;

// For the connection of that number: with a source address of its own where the target is on 127.0.0.0/8 and the number
// beyond what the usual one can do.
DialOptions dial_options(const Address& target, std::uint64_t number, Duration timeout);

// Why there is no connection, as a sentence: with what helps, where the ports of our side have run out.
std::string dial_failure(const Error& error);

}  // namespace reactord::load
