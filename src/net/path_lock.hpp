// PathLock: the right to make, take over or remove the socket file at a path. One process has it at a time.
//
//     /run/line.sock                  the socket file
//     /run/.line.sock.reactord-lock   while somebody makes or removes the socket file: an empty file of ours, with flock(2) on
//                                     it
//
// bind(2) makes a file only where there is none. So whoever finds one that a dead server has left behind has to remove it
// first, and between the look at it and its removal somebody else may have put a live one there.
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

  // 0: it is ours until this ends. Else -errno: -EWOULDBLOCK where somebody else has it, which is not waited for; -EEXIST
  // where something else has that name.
  int failure() const noexcept { return fd_ < 0 ? fd_ : 0; }

  static std::string name_for(std::string_view path);  // of the lock file

 private:
  static constexpr std::string_view prefix = ".", suffix = ".reactord-lock";
  static constexpr std::size_t longest_path = 108;  // sun_path of unix(7)

  std::array<char, longest_path + prefix.size() + suffix.size() + 1> name_{};
  int fd_;  // or -errno
};

}  // namespace reactord
