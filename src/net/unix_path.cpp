#include "net/unix_path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/system.hpp"

namespace reactord {

UnixPath::UnixPath(std::string path) : path_(std::move(path)) {
  struct stat file {};
  if (::lstat(path_.c_str(), &file) != 0) path_.clear();
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

UnixPath& UnixPath::operator=(UnixPath&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void UnixPath::remove() noexcept {
  if (path_.empty()) return;
  struct stat file {};
  const bool ours = ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  path_.clear();
}

bool UnixPath::clear_stale(const Address& address) noexcept {
  const std::string path(address.path());
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int fd = system::stream_socket(AF_UNIX);
  if (fd < 0) return false;
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  const int result = system::connect(fd, storage, length);
  system::close(fd);
  return result == -ECONNREFUSED && ::unlink(path.c_str()) == 0;
}

}  // namespace reactord
