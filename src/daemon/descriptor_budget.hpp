// Descriptor budget: the number of connections allowed, so that the process never runs out of file descriptors.
//
//     0                                               limit
//     |-- own_descriptors --|-- listeners --|-- connections --|
#pragma once

#include <cstddef>

#include "daemon/values.hpp"

namespace reactord {

// The descriptors that are not connections: the standard three, epoll, eventfd, timerfd, signalfd, the log, lookups
// (about a dozen); the rest is for rejected clients that are being told why.
inline constexpr std::size_t own_descriptors = 128;

// The number of connections that fit below the limit on descriptors. `listeners` descriptors are for listening (two for
// a passed socket, which stays open beside the one that is served). `asked` is returned if so many were asked for (0:
// not asked). Error: they do not fit, with the sum. It begins with `setting`, as it was written.
Parsed<std::size_t> connections_that_fit(std::size_t limit, std::size_t listeners, std::size_t asked,
                                         const std::string& setting);

}  // namespace reactord
