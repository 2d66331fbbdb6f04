// Memory budget: how many bytes the buffers of all clients may hold together (max-buffers), so that they do not take what
// everything else needs.
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
  std::size_t bytes;        // that may be taken yet
  std::string_view set_by;  // "ulimit -v, LimitAS= of a unit": a literal
};

// What holds for this process now; nothing: no limit. What can't be read is no limit. `cgroups` and `membership` stand
// where cgroups(7) has them.
std::optional<MemoryLimit> find_memory_limit(const std::string& cgroups = "/sys/fs/cgroup",
                                             const std::string& membership = "/proc/self/cgroup");

// How much of it is for buffers, in whole KiB.
std::size_t buffers_share(const MemoryLimit& limit) noexcept;

// max-buffers in force below that limit: `standard` or, if that does not fit, the share. If `asked` (0: no limit of its
// own), so much. Errors: more than the share was asked for; the share does not even hold one line of `max_line`. It
// begins with `setting`, as who asked has written it.
Parsed<std::size_t> buffers_that_fit(const std::optional<MemoryLimit>& limit,
                                     std::optional<std::size_t> asked, std::size_t standard,
                                     std::size_t max_line, const std::string& setting);

}  // namespace reactord
