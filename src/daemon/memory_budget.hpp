// Memory budget: the bytes that the buffers of all clients may hold together (max-buffers), so that memory is left for
// everything else.
//
//     address space     RLIMIT_AS, less what the start has used       ulimit -v, LimitAS=    --+
//     data              RLIMIT_DATA, the same                         ulimit -d, LimitDATA=  --+--> the least of them
//     control group     memory.max, its own and of those above it     MemoryMax=             --+
//
//     0                  half of it                                                limit
//     |--- max-buffers ----|-- connections, one turn's work, the sockets' queues, ourselves --|
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "daemon/values.hpp"

namespace reactord {

struct MemoryLimit {
  std::size_t bytes;        // the bytes that may still be allocated
  std::string_view set_by;  // a literal: "ulimit -v, LimitAS= of a unit"
};

// The limit of this process now; empty: none. A limit that can't be read counts as none. `cgroups` and `membership` are
// the paths of cgroups(7).
std::optional<MemoryLimit> find_memory_limit(const std::string& cgroups = "/sys/fs/cgroup",
                                             const std::string& membership = "/proc/self/cgroup");

// The share of it for buffers, in whole KiB.
std::size_t buffers_share(const MemoryLimit& limit) noexcept;

// The max-buffers in force below that limit: `asked` if it is set (0: no limit of its own), else `standard` or, if that
// does not fit, the share. Errors: more than the share was asked for; the share does not even hold one line of
// `max_line`. An error begins with `setting`, as it was written.
Parsed<std::size_t> buffers_that_fit(const std::optional<MemoryLimit>& limit,
                                     std::optional<std::size_t> asked, std::size_t standard,
                                     std::size_t max_line, const std::string& setting);

}  // namespace reactord
