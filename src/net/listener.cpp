#include "reactord/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "net/acceptor.hpp"
#include "net/socket.hpp"

namespace reactord {
namespace {

UnixPath::Bound bind_socket(int fd, const Address& address, const ListenOptions& options, UnixPath& path) {
  if (address.kind() == Address::Kind::unix_path) return path.bind(fd, address, options.file);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  return {system::bind(fd, storage, length), "bind"};
}

struct Opened {
  int fd;                   // or -errno
  const char* system_call;  // the call that failed
};

Opened open_socket(Address& bound, bool dual_stack) {
  const int fd = system::stream_socket(bound.family());
  if (fd != -EAFNOSUPPORT || !dual_stack) return {fd, "socket"};
  // A machine without IPv6 has the wildcard of IPv4 alone.
  bound = Address::wildcard(false, bound.port());
  return {system::stream_socket(bound.family()), "socket"};
}

// Does all from socket(2) to listen(2). `path` becomes the file of a unix path. Errors have no operation yet.
Result<int> open_listening(Network network, const Address& address, const ListenOptions& options,
                           UnixPath& path) {
  const bool dual_stack = network == Network::tcp && address.is_wildcard();
  Address bound = dual_stack ? Address::wildcard(true, address.port()) : address;
  const Opened opened = open_socket(bound, dual_stack);
  if (opened.fd < 0) return std::unexpected(Error::from_errno(-opened.fd, opened.system_call));
  Socket socket(opened.fd);
  if (bound.is_ip()) {
    system::set_option(socket.fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bound.family() == AF_INET6)
      system::set_option(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, dual_stack ? 0 : 1);
    if (options.reuse_port) system::set_option(socket.fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set_stream_options(socket.fd, options.stream);
  }
  if (options.before_bind) {
    auto prepared = options.before_bind(socket.fd, family_network(bound), bound);
    if (!prepared) return std::unexpected(std::move(prepared).error());
  }
  const auto [bind_result, system_call] = bind_socket(socket.fd, bound, options, path);
  if (bind_result < 0) return std::unexpected(Error::from_errno(-bind_result, system_call));
  const int result = system::listen(socket.fd, options.backlog > 0 ? options.backlog : system::max_backlog());
  if (result < 0) return std::unexpected(Error::from_errno(-result, "listen"));
  return socket.release();
}

Result<WatchHandle<Acceptor>> make_acceptor(Reactor& reactor, int fd, Network network, UnixPath path,
                                            ListenOptions options) {
  WatchHandle<Acceptor> acceptor(new Acceptor(reactor, fd, network, std::move(path), std::move(options)));
  auto added = reactor.add(*acceptor);
  if (!added) {
    acceptor->give_up_descriptor();
    return std::unexpected(std::move(added).error());
  }
  return acceptor;
}

Result<Listener> listen_on(Reactor& reactor, Network network, const Address& address, ListenOptions options) {
  auto refuse = [&](Error error) {
    return std::unexpected(std::move(error).with_operation("listen", to_string(network), "", address.text()));
  };
  if (network == Network::pipe) return refuse(Error::invalid("nobody can listen on a pipe"));
  UnixPath
      path;  // its file is removed before the socket closes: until then no other socket can have the same file
  auto opened = open_listening(network, address, options, path);
  if (!opened) return refuse(std::move(opened).error());
  Socket socket(*opened);
  auto acceptor = make_acceptor(reactor, socket.fd, network, std::move(path), std::move(options));
  if (!acceptor) return refuse(std::move(acceptor).error());
  socket.release();
  return Listener(std::move(*acceptor));
}

// Refuses a descriptor that is not a stream socket that listens, or is connected. Makes it nonblocking and close-on-exec.
Result<void> check_adopted(int fd, bool listening) {
  int type = 0, accepts = 0;
  const int result = system::option(fd, SOL_SOCKET, SO_TYPE, type);
  if (result < 0) return std::unexpected(Error::from_errno(-result, "getsockopt"));
  if (type != SOCK_STREAM) return std::unexpected(Error::invalid("not a stream socket"));
  system::option(fd, SOL_SOCKET, SO_ACCEPTCONN, accepts);
  if (listening && accepts == 0) return std::unexpected(Error::invalid("not a listening socket"));
  if (!listening && !system::has_peer(fd)) return std::unexpected(Error::invalid("not a connected socket"));
  const int adopted = system::adopt(fd);
  if (adopted < 0) return std::unexpected(Error::from_errno(-adopted, "fcntl"));
  return {};
}

std::unexpected<Error> not_adopted(int fd, Error error) {
  return std::unexpected(std::move(error).with_operation("adopt", "", "", "fd " + std::to_string(fd)));
}

}  // namespace

Listener::Listener(WatchHandle<Acceptor> acceptor) noexcept : acceptor_(std::move(acceptor)) {}
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;
Listener::~Listener() = default;

AcceptOperation Listener::accept() & noexcept { return AcceptOperation(*acceptor_); }
void Listener::drain() noexcept { acceptor_->drain(); }
bool Listener::resume() noexcept { return acceptor_->resume(); }
Result<void> Listener::close() { return acceptor_->close(); }
const Address& Listener::local_addr() const noexcept { return acceptor_->local_address(); }
Network Listener::network() const noexcept { return acceptor_->network(); }
Result<void> Listener::set_deadline(Time deadline) { return acceptor_->set_deadline(deadline); }
Result<void> Listener::set_file(const SocketFileOptions& options) noexcept {
  return acceptor_->set_file(options);
}
void Listener::interrupt() noexcept { acceptor_->interrupt(); }
bool Listener::is_reachable() const noexcept { return acceptor_->is_reachable(); }
void Listener::set_unlink_on_close(bool on) noexcept { acceptor_->set_unlink_on_close(on); }
std::uint64_t Listener::pauses() const noexcept { return acceptor_->pauses(); }

AcceptOperation::AcceptOperation(Acceptor& acceptor) noexcept : acceptor_(acceptor) {}
AcceptOperation::~AcceptOperation() = default;
bool AcceptOperation::await_ready() noexcept { return acceptor_.begin_accept(*this); }

Result<Conn> AcceptOperation::await_resume() {
  if (failure_ != 0) return std::unexpected(acceptor_.error("accept", failure_));
  return Conn(std::move(accepted_));
}

Result<Listener> listen(Reactor& reactor, const Address& address, ListenOptions options) {
  return listen_on(reactor, address.network(), address, std::move(options));
}

Result<Listener> listen(Reactor& reactor, std::string_view network, std::string_view text,
                        ListenOptions options) {
  auto refuse = [&](Error error) {
    return std::unexpected(std::move(error).with_operation("listen", network, "", ""));
  };
  const auto parsed = parse_network(network);
  if (!parsed) return refuse(parsed.error());
  const auto address = Address::parse(*parsed, text);
  if (!address) return refuse(address.error());
  return listen_on(reactor, *parsed, *address, std::move(options));
}

Result<Listener> adopt_listener(Reactor& reactor, int fd, ListenOptions options) {
  auto checked = check_adopted(fd, true);
  if (!checked) return not_adopted(fd, std::move(checked).error());
  const Address address = socket_local_address(fd);
  if (address.is_ip()) set_stream_options(fd, options.stream);
  auto acceptor = make_acceptor(reactor, fd, address.network(), UnixPath(), std::move(options));
  if (!acceptor) return not_adopted(fd, std::move(acceptor).error());
  (*acceptor)->adopt(address);
  return Listener(std::move(*acceptor));
}

Result<Conn> adopt_conn(Reactor& reactor, int fd, StreamOptions options) {
  auto checked = check_adopted(fd, false);
  if (!checked) return not_adopted(fd, std::move(checked).error());
  sockaddr_storage storage{};
  unsigned length = 0;
  system::peer_address(fd, storage, length);
  Address remote = Address::from_socket_address(storage, length);
  const Network network = remote.network();
  if (remote.is_unix()) remote.set_credentials(socket_peer_credentials(fd));
  if (remote.is_ip()) set_stream_options(fd, options);
  WatchHandle<Endpoint> endpoint(new Endpoint(reactor, fd, network, std::move(remote)));
  auto added = reactor.add(*endpoint);
  if (!added) {
    endpoint->give_up_descriptor();
    return not_adopted(fd, std::move(added).error());
  }
  endpoint->set_held_elsewhere();
  return Conn(std::move(endpoint));
}

}  // namespace reactord
