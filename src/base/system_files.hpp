// The system calls on files by name. As in system.hpp, EINTR never surfaces, and a failed call returns -errno.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>

namespace reactord::system {

int file_status(const char* path, struct stat& status) noexcept;  // lstat(2): a link's own status
int followed_file_status(const char* path,
                         struct stat& status) noexcept;  // stat(2): that of what a link leads to
bool may_execute(const char* path) noexcept;  // as this user: X_OK of faccessat(2); of a directory: may enter
int remove_file(const char* path) noexcept;   // unlink(2)
// open(2): an empty file of that mode less the umask, to be written, in the place of one that was there. It follows no link,
// and waits for no reader of a pipe. Result: its descriptor.
int create_file(const char* path, mode_t mode) noexcept;
int rename_file(const char* from, const char* to) noexcept;  // rename(2)

// Locks the file at `path` for this process alone, and creates it if it is missing: flock(2). Result: its descriptor.
// -EWOULDBLOCK: another process holds the lock. -EEXIST: the file there is not an empty one of this user, and stays.
// The lock ends with the descriptor. unlock_file() also removes the file, before another process can hold the lock.
int lock_file(const char* path) noexcept;
void unlock_file(int fd, const char* path) noexcept;

// fchmod(2): bind(2) gives the socket's file this mode, less the umask.
int set_socket_mode(int fd, mode_t mode) noexcept;
int set_file_mode(const char* path, mode_t mode) noexcept;  // fchmodat(2), which does not follow a link
// lchown(2); none: unchanged.
int set_file_owner(const char* path, std::optional<uid_t> owner, std::optional<gid_t> group) noexcept;

}  // namespace reactord::system
