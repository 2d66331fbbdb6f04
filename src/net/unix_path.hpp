// UnixPath: the file of a listening unix socket. Binding leaves it behind, so somebody has to own it: it is
// removed when the listener closes, but only while it is still the file that we made.
//
// Whatever is done to the file is done under its PathLock.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "net/path_lock.hpp"
#include "reactord/listener.hpp"

namespace reactord {

class UnixPath {
 public:
  UnixPath() noexcept = default;  // no file

  // The file at `path` as it is now, somebody else's: remove() removes it, if it is still the same.
  explicit UnixPath(std::string path);

  UnixPath(UnixPath&& other) noexcept
      : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
  UnixPath& operator=(UnixPath&& other) noexcept;
  ~UnixPath() { remove(); }

  struct Bound {
    int result;               // 0 or -errno
    const char* system_call;  // that failed
  };
  // Binds the unix socket `fd` at `address`, a path, which must be there as long as this is bound. A file that a dead
  // server has left behind is taken over. No effect where it fails.
  Bound bind(int fd, const Address& address, const SocketFileOptions& options);

  void remove() noexcept;
  void forget() noexcept { path_.clear(); }  // it stays, and is no longer ours

  // Gives the file its mode and owner, if it is still ours. Result: as bind().
  Bound set_file(const SocketFileOptions& options) const noexcept;

  // Whether the file is there, and still the one it was.
  bool is_there() const noexcept;

 private:
  void note_file();
  static Bound set_socket_file(const char* path, const SocketFileOptions& options) noexcept;
  Bound bind_locked(int fd, const Address& address, const SocketFileOptions& options);

  std::string path_;  // empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace reactord
