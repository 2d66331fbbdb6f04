// Descriptor budget: how many connections there may be, so that the process never runs out of descriptors.
//
//     0                                               limit
//     |-- own_descriptors --|-- listeners --|-- connections --|
#pragma once

#include <cstddef>

#include "daemon/values.hpp"

namespace reactord {

// What is not a connection: the standard three, epoll, eventfd, timerfd, signalfd, the log, lookups; and those clients
// beyond a limit who are being told so. The first are a dozen, the rest is theirs.
inline constexpr std::size_t own_descriptors = 128;

// How many connections fit below the limit on descriptors, `listeners` of which are for listening (two where a socket was
// passed: it stays open beside the one that is served); `asked` if so many were asked for (0: not asked). Error:
// they do not fit, with the sum; it begins with `setting`, as who asked has written it.
Parsed<std::size_t> connections_that_fit(std::size_t limit, std::size_t listeners, std::size_t asked,
                                         const std::string& setting);

}  // namespace reactord
