// PassedSockets: listening sockets that the service manager opened and passes as descriptors 3, 4 ... The protocol of
// sd_listen_fds(3): LISTEN_FDS counts them, LISTEN_FDNAMES names them, LISTEN_PID names their process.
//
//     LISTEN_FDS=3                fd     name     usable
//     LISTEN_FDNAMES=line:line:x  3      line     [::]:9090
//                                 4      line     /run/reactord.sock
//                                 5      x        Error: a datagram socket
//
// This process alone uses them: the manager accepts nothing while it runs. So adopt_listener() may make them
// nonblocking. A socket that is passed to several services at the same time must not be: they share one open file.
// Nothing here unlinks the path of one, or shuts one down: the next start is passed the same sockets.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"
#include "reactord/address.hpp"

namespace reactord {

// The variables of the same names; empty: not set.
struct ListenEnvironment {
  std::optional<std::string> listen_pid = {};
  std::optional<std::string> listen_fds = {};
  std::optional<std::string> listen_fdnames = {};

  static ListenEnvironment take();  // taken from the environment of this process: see take_variable()
};

// A passed socket. The destructor closes it, unless release() has given it away, such as to adopt_listener().
class PassedSocket {
 public:
  PassedSocket(int number, std::string name);
  PassedSocket(PassedSocket&& other) noexcept;
  PassedSocket& operator=(PassedSocket&& other) noexcept;
  ~PassedSocket() = default;

  int fd() const noexcept { return socket_.fd; }  // -1: nothing is open under this number
  int release() noexcept { return socket_.release(); }
  int number() const noexcept { return number_; }  // the manager's number for it, for messages
  const std::string& name() const noexcept { return name_; }

  // The address where it listens, or why it can't be served: invalid, "not a stream socket", or system.
  const Result<Address>& address() const noexcept { return address_; }

 private:
  int number_;
  std::string name_;
  Socket socket_;
  Result<Address> address_;
};

class PassedSockets {
 public:
  static constexpr int first_number = 3;
  static constexpr int most = 1024;

  // Call it before anything else opens a descriptor: every descriptor from `first` on counts as the manager's, and is
  // set close-on-exec. `process` is the id of this process; sockets for another one are ignored. Errors: invalid, when
  // the variables contradict each other; no socket is kept open then.
  static Result<PassedSockets> open(const ListenEnvironment& environment, pid_t process,
                                    int first = first_number);

  bool is_empty() const noexcept { return sockets_.empty(); }
  std::vector<std::string> names() const;      // without duplicates, in the manager's order
  std::vector<std::string> all_names() const;  // one per socket

  // All sockets of that name: a socket unit with several addresses gives one name to all.
  std::vector<PassedSocket> take_by_name(std::string_view name);

  // The sockets that were not taken. The caller reports them, and closes them by destroying them.
  std::vector<PassedSocket> rest();

 private:
  std::vector<PassedSocket> sockets_;
};

}  // namespace reactord
