#include "net/unix_path.hpp"

#include <cerrno>

#include "base/system.hpp"
#include "base/system_files.hpp"
#include "net/socket.hpp"

namespace reactord {
namespace {

constexpr mode_t permission_bits = 0777;

// The call that an error names. A folder that is missing or not writable is reported as by bind(2), a failure of the lock
// itself as "lock".
const char* lock_call(int failure) noexcept {
  const bool is_of_folder =
      failure == -ENOENT || failure == -ENOTDIR || failure == -EROFS || failure == -ENOSPC;
  return is_of_folder ? "bind" : "lock";
}

// Asks with a datagram socket. Any stream socket that is bound here refuses it (EPROTOTYPE) and never learns of it, also
// one that does not listen yet. Only a file without a socket answers ECONNREFUSED (unix(7)).
bool is_left_behind(const char* path, const sockaddr_storage& address, unsigned length) noexcept {
  struct stat file {};
  if (system::file_status(path, file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const Socket probe(system::datagram_socket(AF_UNIX));
  return probe.fd >= 0 && system::connect(probe.fd, address, length) == -ECONNREFUSED;
}

}  // namespace

UnixPath::UnixPath(std::string path) : path_(std::move(path)) { note_file(); }

void UnixPath::note_file() {
  struct stat file {};
  if (system::file_status(path_.c_str(), file) != 0) path_.clear();
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

UnixPath::Bound UnixPath::bind(int fd, const Address& address, const SocketFileOptions& options) {
  const PathLock lock(address.path());
  // The holder of the lock is just making a socket there, or removing its own.
  if (lock.failure() == -EWOULDBLOCK) return {-EADDRINUSE, "bind"};
  if (lock.failure() < 0) return {lock.failure(), lock_call(lock.failure())};
  Bound bound = bind_locked(fd, address, options);
  if (bound.result < 0 && is_there()) system::remove_file(path_.c_str());
  if (bound.result < 0) forget();
  return bound;
}

UnixPath::Bound UnixPath::bind_locked(int fd, const Address& address, const SocketFileOptions& options) {
  std::string path(address.path());
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  if (options.mode) system::set_socket_mode(fd, *options.mode);  // so that the mode is never wider
  int result = system::bind(fd, storage, length);
  if (result == -EADDRINUSE && is_left_behind(path.c_str(), storage, length)) {
    result = system::remove_file(path.c_str());
    if (result == 0) result = system::bind(fd, storage, length);
  }
  if (result < 0) return {result, "bind"};
  path_ = std::move(path);
  note_file();
  return set_socket_file(path_.c_str(), options);
}

UnixPath::Bound UnixPath::set_socket_file(const char* path, const SocketFileOptions& options) noexcept {
  struct stat file {};
  int result = system::file_status(path, file);
  if (result < 0) return {result, "lstat"};
  const bool is_owned = file.st_uid == options.owner.value_or(file.st_uid) &&
                        file.st_gid == options.group.value_or(file.st_gid);
  if (!is_owned) result = system::set_file_owner(path, options.owner, options.group);
  if (result < 0) return {result, "chown"};
  const bool has_mode =
      (file.st_mode & permission_bits) == options.mode.value_or(file.st_mode & permission_bits);
  if (!has_mode) result = system::set_file_mode(path, *options.mode);
  return {result, "chmod"};
}

bool UnixPath::is_there() const noexcept {
  struct stat file {};
  return !path_.empty() && system::file_status(path_.c_str(), file) == 0 && file.st_dev == device_ &&
         file.st_ino == inode_;
}

// No other server takes over our file while its socket is still open. So the file is removed also without the lock: its
// holder will be refused, or the disk is full.
void UnixPath::remove() noexcept {
  if (path_.empty()) return;
  const PathLock lock(path_);
  if (is_there()) system::remove_file(path_.c_str());
  path_.clear();
}

UnixPath::Bound UnixPath::set_file(const SocketFileOptions& options) const noexcept {
  if (path_.empty()) return {0, "lstat"};
  const PathLock lock(path_);
  if (!is_there()) return {-ENOENT, "lstat"};
  return set_socket_file(path_.c_str(), options);
}

}  // namespace reactord
