// system_host: what the machine has: its users, and its processors.
#pragma once

#include <optional>

#include "base/user_ids.hpp"

namespace reactord::system {

// The user of that name with all groups that it is in: getpwnam(3), getgrouplist(3). Empty: there is none. It may block.
std::optional<UserIds> find_user(const char* name);

// The number of processors that this process may run on, at least 1: sched_getaffinity(2).
unsigned usable_processors() noexcept;

}  // namespace reactord::system
