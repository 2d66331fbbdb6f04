#include "daemon/lent_socket.hpp"

#include "base/system_process.hpp"

namespace reactord {

LentSocket::LentSocket(int fd) noexcept : fd_(fd), was_blocking_(system::is_blocking(fd)) {}

LentSocket::~LentSocket() {
  if (was_blocking_ && !system::is_blocking(fd_)) system::make_blocking(fd_);
}

}  // namespace reactord
