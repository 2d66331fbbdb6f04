// LentSocket: a socket that others hold too. Whether it is nonblocking is a flag of what they all share, and whoever waits
// at it when we are done finds the flag as it was: at every end there is but SIGKILL and a crash.
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
