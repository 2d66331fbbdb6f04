// The system calls about files by their names. As in system.hpp: EINTR never surfaces, and a failed call returns -errno.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>

namespace reactord::system {

int file_status(const char* path, struct stat& status) noexcept;  // lstat(2): of a link, its own
int remove_file(const char* path) noexcept;                       // unlink(2)

// A file at `path`, made if there is none, which this process alone holds a lock on: flock(2). Result: its descriptor.
// -EWOULDBLOCK: somebody else holds it; -EEXIST: what is there is not an empty file of our own, and stays. The lock ends
// with the descriptor. unlock_file() removes the file too, and does
// so while nobody else can hold it.
int lock_file(const char* path) noexcept;
void unlock_file(int fd, const char* path) noexcept;

int set_socket_mode(int fd, mode_t mode) noexcept;  // fchmod(2): what bind(2) gives its file, less the umask
int set_file_mode(const char* path, mode_t mode) noexcept;  // fchmodat(2), which follows no link
int set_file_owner(const char* path, std::optional<uid_t> owner,
                   std::optional<gid_t> group) noexcept;  // lchown(2); none: as it is

}  // namespace reactord::system
