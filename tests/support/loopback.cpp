#include "support/loopback.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <optional>

namespace test {
namespace {

using reactord::Address;
using reactord::Conn;
using reactord::Listener;
using reactord::Reactor;
using reactord::Task;

Listener listen(Reactor& reactor, Transport transport) {
  // The kernel chooses: a port, or an abstract name (unix(7), "autobind").
  const auto address = Address::parse(transport == Transport::tcp ? "127.0.0.1:0" : "unix:@");
  REQUIRE(address.has_value());
  auto listener = reactord::listen(reactor, *address);
  REQUIRE(listener.has_value());
  return std::move(*listener);
}

Task<> accept_one(Listener& listener, std::optional<Conn>& into) {
  auto conn = co_await listener.accept();
  REQUIRE(conn.has_value());
  into.emplace(std::move(*conn));
}

void set_buffer(int fd, int option, int bytes) {
  if (bytes > 0) REQUIRE(::setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof bytes) == 0);
}

}  // namespace

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(at_end_, other.at_end_);
  std::swap(error_, other.error_);
  return *this;
}

Peer Peer::connect(const Address& address, PeerOptions options) {
  Peer peer(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(peer.fd() >= 0);
  set_buffer(peer.fd(), SO_RCVBUF, options.receive_buffer);
  set_buffer(peer.fd(), SO_SNDBUF, options.send_buffer);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  REQUIRE(::connect(peer.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  REQUIRE(::fcntl(peer.fd(), F_SETFL, O_NONBLOCK) == 0);
  return peer;
}

std::size_t Peer::send(std::string_view bytes) {
  const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  const int saved = errno;
  if (count >= 0) return static_cast<std::size_t>(count);
  REQUIRE(saved == EAGAIN);
  return 0;
}

std::string Peer::receive(std::size_t at_most) {
  std::string bytes(at_most, '\0');
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  const int saved = errno;
  if (count == 0 || (count < 0 && saved != EAGAIN)) {
    at_end_ = true;
    if (count < 0) error_ = saved;
  }
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return bytes;
}

bool Peer::everything_arrived() const {
  int count = 0;
  REQUIRE(::ioctl(fd_, SIOCOUTQ, &count) == 0);
  return count == 0;
}

Address Peer::local_addr() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  return Address::from_socket_address(storage, length);
}

void Peer::finish() { REQUIRE(::shutdown(fd_, SHUT_WR) == 0); }

void Peer::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  REQUIRE(::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  close();
}

void Peer::close() noexcept {
  if (fd_ >= 0) ::close(release());
}

Task<> send_all(Reactor& reactor, Peer& peer, std::string_view bytes) {
  // A unix socket counts bytes as sent until they are read: there, what was taken has arrived.
  const bool acknowledges = !peer.local_addr().is_unix();
  while (!bytes.empty()) {
    bytes.remove_prefix(peer.send(bytes));
    if (!bytes.empty()) co_await reactor.next_turn();
  }
  while (acknowledges && !peer.everything_arrived()) co_await reactor.next_turn();
}

Task<std::string> read_bytes(Reactor& reactor, Peer& peer, std::size_t count) {
  std::string bytes;
  while (true) {
    bytes += peer.receive(count - bytes.size());
    if (bytes.size() >= count || peer.at_end()) break;
    co_await reactor.next_turn();
  }
  co_return bytes;
}

Task<std::string> read_line(Reactor& reactor, Peer& peer) {
  std::string line;
  while (true) {
    const std::string byte = peer.receive(1);
    line += byte;
    if (byte == "\n" || peer.at_end()) break;
    if (byte.empty()) co_await reactor.next_turn();
  }
  co_return line;
}

Task<std::string> read_to_end(Reactor& reactor, Peer& peer) {
  std::string bytes;
  while (true) {
    bytes += peer.receive();
    if (peer.at_end()) break;
    co_await reactor.next_turn();
  }
  co_return bytes;
}

const char* to_string(Transport transport) { return transport == Transport::tcp ? "tcp" : "unix"; }

Link connect(Reactor& reactor, Transport transport, PeerOptions options) {
  Listener listener = listen(reactor, transport);
  Peer peer = Peer::connect(listener.local_addr(), options);
  std::optional<Conn> conn;
  run(reactor, accept_one(listener, conn));
  REQUIRE(conn.has_value());
  return {std::move(*conn), std::move(peer)};
}

void over_each_transport(Task<> (*body)(ConnStage&), PeerOptions options) {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const std::string name = to_string(transport);
    CAPTURE(name);
    ConnStage stage(transport, options);
    stage.run(body);
  }
}

}  // namespace test
