#include "net/path_lock.hpp"

#include <algorithm>
#include <cassert>

#include "base/system_files.hpp"

namespace reactord {

PathLock::PathLock(std::string_view path) noexcept {
  assert(path.size() <= Address::max_path);
  std::ranges::copy(suffix, std::ranges::copy(path, name_.begin()).out);
  fd_ = system::lock_file(name_.data());
}

PathLock::~PathLock() {
  if (fd_ >= 0) system::unlock_file(fd_, name_.data());
}

}  // namespace reactord
