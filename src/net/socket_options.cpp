#include "reactord/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint.hpp"

namespace reactord {

// The way from a Conn to its socket, for the functions below.
class SocketOptions {
 public:
  struct Option {
    int level, name, value;
  };

  // The descriptor of an open socket, or why there is none.
  static Result<int> socket_of(const char* operation, const Conn& conn) {
    const Endpoint& endpoint = *conn.endpoint_;
    if (endpoint.is_closed())
      return std::unexpected(endpoint.error(operation, failure_of(ErrorCode::closed)));
    if (endpoint.fd() < 0) return refused(operation, conn, Error::from_errno(EOPNOTSUPP));
    return endpoint.fd();
  }

  // The first that fails ends it.
  static Result<void> set(Conn& conn, std::initializer_list<Option> options) {
    const auto fd = socket_of("set", conn);
    if (!fd) return std::unexpected(fd.error());
    for (const Option& option : options) {
      const int result = system::set_option(*fd, option.level, option.name, option.value);
      if (result < 0) return refused("set", conn, Error::from_errno(-result, "setsockopt"));
    }
    return {};
  }

  static std::unexpected<Error> refused(const char* operation, const Conn& conn, Error error) {
    const bool is_pipe = conn.network() == Network::pipe;
    try {
      return std::unexpected(std::move(error).with_operation(
          operation, to_string(conn.network()), is_pipe ? std::string() : conn.local_addr().text(),
          is_pipe ? std::string() : conn.remote_addr().text()));
    } catch (const std::bad_alloc&) {  // nothing of it has moved yet
      return std::unexpected(std::move(error));
    }
  }
};

int Conn::fd() const noexcept { return endpoint_->is_closed() ? -1 : endpoint_->fd(); }

void Conn::reset() noexcept {
  if (!endpoint_->is_retired() && endpoint_->fd() >= 0) system::reset_on_close(endpoint_->fd());
  endpoint_->abort();
}

namespace {

// A value that is too large for the kernel stays too large.
template <typename Rep, typename Period>
int count_of(std::chrono::duration<Rep, Period> duration) noexcept {
  constexpr Rep least = std::numeric_limits<int>::min(), most = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(duration.count(), least, most));
}

}  // namespace

Result<void> set_no_delay(Conn& conn, bool on) {
  return SocketOptions::set(conn, {{IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0}});
}

// The last one turns it on: what was refused before leaves it as it was.
Result<void> set_keep_alive(Conn& conn, std::chrono::seconds idle, std::chrono::seconds interval, int count) {
  if (idle.count() <= 0) return SocketOptions::set(conn, {{SOL_SOCKET, SO_KEEPALIVE, 0}});
  return SocketOptions::set(conn, {{IPPROTO_TCP, TCP_KEEPIDLE, count_of(idle)},
                                   {IPPROTO_TCP, TCP_KEEPINTVL, count_of(interval)},
                                   {IPPROTO_TCP, TCP_KEEPCNT, count},
                                   {SOL_SOCKET, SO_KEEPALIVE, 1}});
}

Result<void> set_user_timeout(Conn& conn, std::chrono::milliseconds timeout) {
  return SocketOptions::set(conn, {{IPPROTO_TCP, TCP_USER_TIMEOUT, count_of(timeout)}});
}

Result<ProcessCredentials> peer_credentials(const Conn& conn) {
  const auto fd = SocketOptions::socket_of("get", conn);
  if (!fd) return std::unexpected(fd.error());
  // TCP would answer, with nobody's.
  if (!conn.remote_addr().is_unix())
    return SocketOptions::refused("get", conn, Error::from_errno(EOPNOTSUPP));
  ucred peer{};
  const int result = system::peer_credentials(*fd, peer);
  if (result < 0) return SocketOptions::refused("get", conn, Error::from_errno(-result, "getsockopt"));
  return ProcessCredentials{.process = peer.pid, .user = peer.uid, .group = peer.gid};
}

}  // namespace reactord
