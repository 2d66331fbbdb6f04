#include "daemon/passed_sockets.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <ranges>
#include <utility>

#include "base/system.hpp"
#include "daemon/environment.hpp"

namespace reactord {
namespace {

std::unexpected<Error> refuse(const char* variable, const std::string& value, const std::string& reason) {
  return std::unexpected(Error::invalid(std::string(variable) + "=" + value + ": " + reason));
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  for (const auto part : std::views::split(text, ':')) names.emplace_back(part.begin(), part.end());
  return names;
}

// The address where `fd` listens, or why it can't be served.
Result<Address> look_at(int fd) {
  int type = 0, family = 0, accepts = 0;
  const int result = system::option(fd, SOL_SOCKET, SO_TYPE, type);
  if (result == -ENOTSOCK) return std::unexpected(Error::invalid("not a socket"));
  if (result < 0) return std::unexpected(Error::from_errno(-result, "getsockopt"));
  if (type != SOCK_STREAM) {
    return std::unexpected(Error::invalid("not a stream socket: write ListenStream= in the socket unit"));
  }
  system::option(fd, SOL_SOCKET, SO_DOMAIN, family);
  if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) {
    return std::unexpected(Error::invalid("neither TCP nor unix"));
  }
  system::option(fd, SOL_SOCKET, SO_ACCEPTCONN, accepts);
  if (accepts == 0) {
    return std::unexpected(Error::invalid("not a listening socket: write Accept=no in the socket unit"));
  }
  return socket_local_address(fd);
}

}  // namespace

ListenEnvironment ListenEnvironment::take() {
  return {.listen_pid = take_variable("LISTEN_PID"),
          .listen_fds = take_variable("LISTEN_FDS"),
          .listen_fdnames = take_variable("LISTEN_FDNAMES")};
}

PassedSocket::PassedSocket(int number, std::string name)
    : number_(number), name_(std::move(name)), socket_(-1), address_(Address()) {
  const int result = system::set_close_on_exec(number);
  // A number under which nothing is open must not be closed: the next open(2) gets it.
  if (result >= 0) socket_.fd = number;
  address_ = result >= 0 ? look_at(number) : std::unexpected(Error::from_errno(-result, "fcntl"));
}

PassedSocket::PassedSocket(PassedSocket&& other) noexcept
    : number_(other.number_),
      name_(std::move(other.name_)),
      socket_(other.release()),
      address_(std::move(other.address_)) {}

PassedSocket& PassedSocket::operator=(PassedSocket&& other) noexcept {
  std::swap(number_, other.number_);
  std::swap(name_, other.name_);
  std::swap(socket_.fd, other.socket_.fd);
  std::swap(address_, other.address_);
  return *this;
}

Result<PassedSockets> PassedSockets::open(const ListenEnvironment& environment, pid_t process, int first) {
  PassedSockets passed;
  if (!environment.listen_pid || !environment.listen_fds) return passed;
  const auto pid = parse_whole<pid_t>(*environment.listen_pid);
  if (!pid || *pid <= 0) {
    return refuse("LISTEN_PID", *environment.listen_pid, "must be the number of a process");
  }
  if (*pid != process) return passed;
  const auto count = parse_whole<int>(*environment.listen_fds);
  if (!count || *count < 0 || *count > most) {
    return refuse("LISTEN_FDS", *environment.listen_fds,
                  "must be a number from 0 to " + std::to_string(most));
  }
  const auto sockets = static_cast<std::size_t>(*count);
  std::vector<std::string> names(sockets, "unknown");
  if (environment.listen_fdnames && sockets > 0) names = split_names(*environment.listen_fdnames);
  const bool all_named = names.size() == sockets;
  names.resize(sockets);
  for (std::size_t i = 0; i < sockets; ++i) {
    passed.sockets_.emplace_back(first + static_cast<int>(i), std::move(names[i]));
  }
  // Refused here, once the passed descriptors have an owner that closes them.
  if (!all_named) {
    return refuse("LISTEN_FDNAMES", *environment.listen_fdnames,
                  "must name " + std::to_string(sockets) + " sockets, with a colon between two");
  }
  return passed;
}

std::vector<std::string> PassedSockets::names() const {
  std::vector<std::string> names;
  for (const PassedSocket& socket : sockets_) {
    if (std::ranges::find(names, socket.name()) == names.end()) names.push_back(socket.name());
  }
  return names;
}

std::vector<std::string> PassedSockets::all_names() const {
  std::vector<std::string> names;
  for (const PassedSocket& socket : sockets_) names.push_back(socket.name());
  return names;
}

std::vector<PassedSocket> PassedSockets::take_by_name(std::string_view name) {
  std::vector<PassedSocket> taken, left;
  for (PassedSocket& socket : sockets_) {
    (socket.name() == name ? taken : left).push_back(std::move(socket));
  }
  sockets_ = std::move(left);
  return taken;
}

std::vector<PassedSocket> PassedSockets::rest() { return std::exchange(sockets_, {}); }

}  // namespace reactord
