// UnixPath: the file of a listening unix socket. The kernel leaves the file behind, so this object owns it: it removes
// the file when the listener closes, but only while it is still the file that we made.
//
// All changes to the file are made under its PathLock.
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

  // Takes over the file at `path` as it is now, which another process made: remove() removes it, if it is still the same.
  explicit UnixPath(std::string path);

  UnixPath(UnixPath&& other) noexcept
      : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
  UnixPath& operator=(UnixPath&& other) noexcept;
  ~UnixPath() { remove(); }

  struct Bound {
    int result;               // 0 or -errno
    const char* system_call;  // the call that failed
  };
  // Binds the unix socket `fd` at `address`, a path. The socket must stay open as long as this is bound. A file that a
  // dead server has left behind is taken over. A failure has no effect.
  Bound bind(int fd, const Address& address, const SocketFileOptions& options);

  void remove() noexcept;
  void forget() noexcept { path_.clear(); }  // leaves the file: it is no longer ours

  // Gives the file its mode and owner, if it is still ours. Result: as bind().
  Bound set_file(const SocketFileOptions& options) const noexcept;

  // Whether the file is there and still the same.
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
