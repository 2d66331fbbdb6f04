// PathLock: the right to make, take over or remove the socket file at a path. One process has it at a time.
//
//     /run/line.sock                  the socket file
//     /run/.line.sock.reactord-lock   an empty file under flock(2), while a process makes or removes the socket file
//
// bind(2) makes a file only where there is none. So a server must first remove a file that a dead server has left behind.
// Without the lock, another server may put a live file there between the check and the removal.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace reactord {

class PathLock {
 public:
  explicit PathLock(std::string_view path) noexcept;  // as sun_path of unix(7) holds it
  PathLock(const PathLock&) = delete;
  PathLock& operator=(const PathLock&) = delete;
  ~PathLock();

  // 0: the lock is ours until this object ends. Else -errno: -EWOULDBLOCK where another process has it, which is not
  // waited for; -EEXIST where a file of another kind has the lock's name.
  int failure() const noexcept { return fd_ < 0 ? fd_ : 0; }

  static std::string name_for(std::string_view path);  // the name of the lock file

 private:
  static constexpr std::string_view prefix = ".", suffix = ".reactord-lock";
  static constexpr std::size_t longest_path = 108;  // sun_path of unix(7)

  std::array<char, longest_path + prefix.size() + suffix.size() + 1> name_{};
  int fd_;  // or -errno
};

}  // namespace reactord
