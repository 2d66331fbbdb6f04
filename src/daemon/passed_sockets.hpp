// PassedSockets: listening sockets that the service manager opened and hands over as descriptors 3, 4 ... The protocol
// of sd_listen_fds(3): LISTEN_FDS counts them, LISTEN_FDNAMES names them, LISTEN_PID says for whom they are.
//
//     LISTEN_FDS=3                fd     name     usable
//     LISTEN_FDNAMES=line:line:x  3      line     [::]:9090
//                                 4      line     /run/reactord.sock
//                                 5      x        Error: a datagram socket
//
// They are ours alone: the manager accepts nothing while we run. So adopt_listener() may make them nonblocking. A
// socket that several services are given at the same time would not bear that: it is one open file for all of them.
// Nothing here unlinks the path of one, or shuts one down: the next start is given the same sockets.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"
#include "reactord/address.hpp"

namespace reactord {

// The variables of the same names; nothing: not set.
struct ListenEnvironment {
  std::optional<std::string> listen_pid = {};
  std::optional<std::string> listen_fds = {};
  std::optional<std::string> listen_fdnames = {};

  static ListenEnvironment take();  // out of the environment of this process: see take_variable()
};

// One of them. It is closed at its end, unless release() has given it to somebody: adopt_listener() perhaps.
class PassedSocket {
 public:
  PassedSocket(int number, std::string name);
  PassedSocket(PassedSocket&& other) noexcept;
  PassedSocket& operator=(PassedSocket&& other) noexcept;
  ~PassedSocket() = default;

  int fd() const noexcept { return socket_.fd; }  // -1: nothing is open under this number
  int release() noexcept { return socket_.release(); }
  int number() const noexcept { return number_; }  // what the manager calls it, for messages
  const std::string& name() const noexcept { return name_; }

  // Where it listens, or why it can't be served: invalid, "not a stream socket", or system.
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

  // Call it before anything else opens a descriptor: what is open from `first` on is taken for the manager's, and set
  // close-on-exec. `process` is our own id; sockets for another one are none of ours. Errors: invalid, where the
  // variables contradict each other; no socket is kept open then.
  static Result<PassedSockets> open(const ListenEnvironment& environment, pid_t process,
                                    int first = first_number);

  bool is_empty() const noexcept { return sockets_.empty(); }
  std::vector<std::string> names() const;      // each one once, in the manager's order
  std::vector<std::string> all_names() const;  // of each socket

  // All of that name: a socket unit with several addresses gives one name to all.
  std::vector<PassedSocket> take_by_name(std::string_view name);

  // Those nobody took: to be reported, and closed by letting go of them.
  std::vector<PassedSocket> rest();

 private:
  std::vector<PassedSocket> sockets_;
};

}  // namespace reactord
