// Source: the address that a connection is dialled from. One address has some 28,000 ports towards one target
// (ip_local_port_range of ip(7)). The loopback interface has sixteen million addresses, so connections there take turns
// in some of them.
#pragma once

#include <cstdint>

#include "reactord/dial.hpp"

namespace reactord::load {

inline constexpr std::uint64_t connections_per_source = 20'000;

// The options of connection `number`. A target on 127.0.0.0/8 is dialled from another source address for every
// connections_per_source connections.
DialOptions dial_options(const Address& target, std::uint64_t number, Duration timeout);

// Why a dial failed, as a sentence. Where our own ports have run out it says what helps.
std::string dial_failure(const Error& error);

}  // namespace reactord::load
