// LentSocket: a socket that other processes hold too. They share its flag of nonblocking I/O. The destructor restores
// the flag, so the others find it as it was, except after SIGKILL or a crash.
#pragma once

namespace reactord {

class LentSocket {
 public:
  explicit LentSocket(int fd) noexcept;  // must stay open as long as this lives
  LentSocket(const LentSocket&) = delete;
  LentSocket& operator=(const LentSocket&) = delete;
  ~LentSocket();

 private:
  int fd_;
  bool was_blocking_;
};

}  // namespace reactord
