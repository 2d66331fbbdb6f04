// Descriptor budget: the number of connections allowed, so that the process never runs out of file descriptors.
//
//     0                                                                                     limit
//     |-- own_descriptors --|-- listeners --|-- control socket, metrics --|-- programs --|-- connections --|
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/values.hpp"
#include "protocols/programs/program_settings.hpp"

namespace reactord {

// The descriptors that are not connections: the standard three, epoll, eventfd, timerfd, signalfd, the log, lookups
// (about a dozen); the rest is for rejected clients that are being told why.
inline constexpr std::size_t own_descriptors = 128;

struct DescriptorUse {
  std::size_t listeners = 0;  // two for a passed socket, which stays open beside the one that is served
  std::size_t programs = 0;
  std::size_t control = 0;  // control_descriptors, where there is a control socket
  std::size_t metrics = 0;  // metrics_descriptors, where they are served
};

// The descriptors of these programs: four for each process, its three streams and its pidfd; twice for a worker, because a
// reload starts another one beside it.
std::size_t program_descriptors(const std::vector<ProgramSettings>& programs) noexcept;

// The number of connections that fit below the limit on descriptors, beside `use`. `asked` is returned if so many were asked for (0:
// not asked). Error: they do not fit, with the sum. It begins with `setting`, as it was written. `program` is the name of the daemon.
Parsed<std::size_t> connections_that_fit(std::size_t limit, const DescriptorUse& use, std::size_t asked,
                                         const std::string& setting, std::string_view program);

}  // namespace reactord
