#include "net/path_lock.hpp"

#include <algorithm>
#include <cassert>

#include "base/system_files.hpp"

namespace reactord {

PathLock::PathLock(std::string_view path) noexcept {
  assert(path.size() <= longest_path);
  const std::size_t folder = path.rfind('/') + 1;  // none: 0
  auto end = std::ranges::copy(path.substr(0, folder), name_.begin()).out;
  end = std::ranges::copy(prefix, end).out;
  end = std::ranges::copy(path.substr(folder), end).out;
  std::ranges::copy(suffix, end);
  fd_ = system::lock_file(name_.data());
}

PathLock::~PathLock() {
  if (fd_ >= 0) system::unlock_file(fd_, name_.data());
}

std::string PathLock::name_for(std::string_view path) {
  const std::size_t folder = path.rfind('/') + 1;
  std::string name(path.substr(0, folder));
  name.append(prefix).append(path.substr(folder)).append(suffix);
  return name;
}

}  // namespace reactord
