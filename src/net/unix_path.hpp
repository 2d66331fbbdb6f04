// UnixPath: the file of a listening unix socket. Binding leaves it behind, so somebody has to own it: it is
// removed when the listener closes, but only while it is still the file that we made.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "reactord/address.hpp"

namespace reactord {

class UnixPath {
 public:
  UnixPath() noexcept = default;  // no file

  // The file at `path` as it is now, just bound by us.
  explicit UnixPath(std::string path);

  UnixPath(UnixPath&& other) noexcept
      : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
  UnixPath& operator=(UnixPath&& other) noexcept;
  ~UnixPath() { remove(); }

  void remove() noexcept;
  void forget() noexcept { path_.clear(); }  // it stays, and is no longer ours

  // Removes a socket file at `address` that nobody listens on. True if there is now nothing in the way.
  static bool clear_stale(const Address& address) noexcept;

 private:
  std::string path_;  // empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace reactord
