// UserIds: the numbers of a user, as a process has them.
#pragma once

#include <sys/types.h>

#include <vector>

namespace reactord {

struct UserIds {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> supplementary;  // all of them: the process has no others

  bool operator==(const UserIds&) const = default;
};

}  // namespace reactord
