#include "base/system_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/system.hpp"

namespace reactord::system {
namespace {

// The number of times that a holder may remove the lock file between this process's open(2) and flock(2).
constexpr int lock_attempts = 16;

// Root may lock a file that another user has left behind.
bool is_lock(const struct stat& file) noexcept {
  const uid_t user = ::geteuid();
  return S_ISREG(file.st_mode) && file.st_size == 0 && (file.st_uid == user || user == 0);
}

bool is_at(const struct stat& open, const char* path) noexcept {
  struct stat named {};
  return file_status(path, named) == 0 && open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

int file_status(const char* path, struct stat& status) noexcept {
  return uninterrupted([&] { return ::lstat(path, &status); });
}

int followed_file_status(const char* path, struct stat& status) noexcept {
  return uninterrupted([&] { return ::stat(path, &status); });
}

bool may_execute(const char* path) noexcept {
  return uninterrupted([&] { return ::faccessat(AT_FDCWD, path, X_OK, AT_EACCESS); }) == 0;
}

int create_file(const char* path, mode_t mode) noexcept {
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  return uninterrupted([&] { return ::open(path, flags, mode); });
}

int rename_file(const char* from, const char* to) noexcept {
  return uninterrupted([&] { return ::rename(from, to); });
}

int remove_file(const char* path) noexcept {
  return uninterrupted([&] { return ::unlink(path); });
}

int lock_file(const char* path) noexcept {
  constexpr int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  for (int attempt = 0; attempt < lock_attempts; ++attempt) {
    const int fd = uninterrupted([&] { return ::open(path, flags, 0600); });
    if (fd < 0) return fd;
    struct stat file {};
    int result = uninterrupted([&] { return ::fstat(fd, &file); });
    if (result == 0 && !is_lock(file)) result = -EEXIST;
    if (result == 0) result = uninterrupted([&] { return ::flock(fd, LOCK_EX | LOCK_NB); });
    if (result == 0 && is_at(file, path)) return fd;
    close(fd);
    if (result < 0) return result;
  }
  return -EWOULDBLOCK;
}

void unlock_file(int fd, const char* path) noexcept {
  remove_file(path);
  close(fd);
}

int set_socket_mode(int fd, mode_t mode) noexcept {
  return uninterrupted([&] { return ::fchmod(fd, mode); });
}

int set_file_mode(const char* path, mode_t mode) noexcept {
  const int result = uninterrupted([&] { return ::fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW); });
  if (result != -EOPNOTSUPP) return result;
  // The C library uses /proc for that, which may be missing. Or the file is a link.
  struct stat file {};
  if (file_status(path, file) == 0 && S_ISLNK(file.st_mode)) return result;
  return uninterrupted([&] { return ::fchmodat(AT_FDCWD, path, mode, 0); });
}

int set_file_owner(const char* path, std::optional<uid_t> owner, std::optional<gid_t> group) noexcept {
  constexpr auto unchanged = static_cast<unsigned>(-1);
  return uninterrupted([&] { return ::lchown(path, owner.value_or(unchanged), group.value_or(unchanged)); });
}

}  // namespace reactord::system
