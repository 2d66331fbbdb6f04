#include "reactord/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "net/acceptor.hpp"

namespace reactord {
namespace {

// A descriptor on its way into an Acceptor: closed if it does not get there.
struct Socket {
  explicit Socket(int number) noexcept : fd(number) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) system::close(fd);
  }
  int release() noexcept { return std::exchange(fd, -1); }
  int fd;
};

// Options that accepted sockets inherit from the listening one, so that no accept pays a call for them.
void set_inherited_options(int fd, const ListenOptions& options) noexcept {
  if (options.no_delay) system::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.keep_alive_idle.count() <= 0) return;
  system::set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  system::set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.keep_alive_idle.count()));
  system::set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(options.keep_alive_interval.count()));
  system::set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, options.keep_alive_count);
}

int bind_unix(int fd, const Address& address) noexcept {
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  const int result = system::bind(fd, storage, length);
  if (result != -EADDRINUSE || address.kind() != Address::Kind::unix_path) return result;
  return UnixPath::clear_stale(address) ? system::bind(fd, storage, length) : result;
}

struct Opened {
  int fd;                   // or -errno
  const char* system_call;  // that failed
};

Opened open_socket(const Address& address, const ListenOptions& options) {
  const bool dual_stack = address.is_wildcard();
  // On a machine without IPv6 the wildcard is that of IPv4 alone.
  Address bound = dual_stack ? Address::wildcard(true, address.port()) : address;
  Socket socket(system::stream_socket(bound.family()));
  if (dual_stack && socket.fd == -EAFNOSUPPORT) {
    bound = Address::wildcard(false, address.port());
    socket.fd = system::stream_socket(bound.family());
  }
  if (socket.fd < 0) return {socket.fd, "socket"};
  if (!bound.is_unix()) {
    system::set_option(socket.fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bound.family() == AF_INET6)
      system::set_option(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, dual_stack ? 0 : 1);
    if (options.reuse_port) system::set_option(socket.fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set_inherited_options(socket.fd, options);
  }
  const int result = bind_unix(socket.fd, bound);
  if (result < 0) return {result, "bind"};
  return {socket.release(), nullptr};
}

}  // namespace

Listener::Listener(Owned<Acceptor> acceptor) noexcept : acceptor_(std::move(acceptor)) {}
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;
Listener::~Listener() = default;

AcceptOperation Listener::accept() noexcept { return AcceptOperation(*acceptor_); }
void Listener::drain() noexcept { acceptor_->drain(); }
Result<void> Listener::close() { return acceptor_->close(); }
const Address& Listener::local_addr() const noexcept { return acceptor_->local_address(); }
std::uint64_t Listener::pauses() const noexcept { return acceptor_->pauses(); }

AcceptOperation::AcceptOperation(Acceptor& acceptor) noexcept : acceptor_(acceptor) {}
AcceptOperation::~AcceptOperation() = default;
bool AcceptOperation::await_ready() noexcept { return acceptor_.begin_accept(*this); }

Result<Conn> AcceptOperation::await_resume() {
  if (failure_ != 0) return std::unexpected(acceptor_.error("accept", failure_));
  return Conn(std::move(accepted_));
}

Result<Listener> listen(Reactor& reactor, const Address& address, ListenOptions options) {
  auto refuse = [&](int number, const char* system_call) {
    auto error = Error::from_errno(number, system_call);
    return std::unexpected(
        std::move(error).with_operation("listen", to_string(address.network()), "", address.text()));
  };
  const Opened opened = open_socket(address, options);
  if (opened.fd < 0) return refuse(-opened.fd, opened.system_call);
  Socket socket(opened.fd);
  UnixPath path =
      address.kind() == Address::Kind::unix_path ? UnixPath(std::string(address.path())) : UnixPath();
  const int result = system::listen(socket.fd, options.backlog > 0 ? options.backlog : system::max_backlog());
  if (result < 0) return refuse(-result, "listen");
  Address local = socket_local_address(socket.fd);
  Owned<Acceptor> acceptor(
      new Acceptor(reactor, socket.release(), std::move(local), std::move(path), std::move(options)));
  auto added = reactor.add(*acceptor);
  if (!added)
    return std::unexpected(
        std::move(added).error().with_operation("listen", to_string(address.network()), "", address.text()));
  return Listener(std::move(acceptor));
}

}  // namespace reactord
