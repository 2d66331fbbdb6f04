#include "base/system_host.hpp"

#include <grp.h>
#include <pwd.h>
#include <sched.h>

#include <algorithm>

namespace reactord::system {

std::optional<UserIds> find_user(const char* name) {
  constexpr int usual_groups = 32, most_groups = 65536;  // NGROUPS_MAX
  const passwd* const found = ::getpwnam(name);
  if (found == nullptr) return std::nullopt;
  UserIds ids{.user = found->pw_uid, .group = found->pw_gid, .supplementary = {}};
  int count = usual_groups;
  while (true) {
    ids.supplementary.resize(static_cast<std::size_t>(count));
    const int room = count;
    const bool fits = ::getgrouplist(name, ids.group, ids.supplementary.data(), &count) >= 0;
    if (fits || room >= most_groups) break;
    count = std::clamp(count, room * 2, most_groups);
  }
  ids.supplementary.resize(std::min(static_cast<std::size_t>(count), ids.supplementary.size()));
  return ids;
}

unsigned usable_processors() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace reactord::system
