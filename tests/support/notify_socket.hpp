// NotifySocket: a service manager's end of sd_notify(3): what the daemon under test says, datagram by datagram.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <poll.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace test {

class NotifySocket {
 public:
  NotifySocket()
      : path_(directory_.path("notify")), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strcpy(address.sun_path, path_.c_str());
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("a notify socket could not be bound");
  }

  std::string variable() const { return "NOTIFY_SOCKET=" + path_; }

  bool has_datagram(std::chrono::milliseconds within) const {
    pollfd polled{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, static_cast<int>(within.count())) > 0;
  }

  std::string next() const {
    if (!has_datagram(patience)) throw std::runtime_error("waited in vain for a datagram");
    char bytes[4096];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return std::string(bytes, static_cast<std::size_t>(count < 0 ? 0 : count));
  }

  // The next one that begins so; those before it are thrown away.
  std::string next(std::string_view beginning) const {
    while (true) {
      std::string datagram = next();
      if (datagram.starts_with(beginning)) return datagram;
    }
  }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  Descriptor socket_;
};

}  // namespace test
