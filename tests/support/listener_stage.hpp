// ListenerStage: listeners on a virtual clock, and what tests ask of them and of their sockets.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>
#include <string>

#include "reactord/listener.hpp"
#include "support/loopback.hpp"

namespace test::listeners {

using namespace reactord;
using namespace std::chrono_literals;

inline Task<> next_turn(Reactor& reactor) { co_await reactor.next_turn(); }

struct ListenerStage : test::Stage {
  Result<Listener> try_listen(const std::string& network, const std::string& text,
                              ListenOptions options = {}) {
    return reactord::listen(reactor, network, text, std::move(options));
  }
  // `text` as Address::parse() takes it.
  Result<Listener> try_listen(const std::string& text, ListenOptions options = {}) {
    const auto address = Address::parse(text);
    REQUIRE(address.has_value());
    return reactord::listen(reactor, *address, std::move(options));
  }
  Listener listen(const std::string& text, ListenOptions options = {}) {
    auto listener = try_listen(text, std::move(options));
    if (!listener) FAIL(listener.error().text());
    return std::move(*listener);
  }
  Listener listen(const std::string& network, const std::string& text, ListenOptions options = {}) {
    auto listener = try_listen(network, text, std::move(options));
    if (!listener) FAIL(listener.error().text());
    return std::move(*listener);
  }
  void end_turn() { test::run(reactor, next_turn(reactor)); }  // what was closed is then gone
  std::string refusal(const std::string& network, const std::string& text) {
    const auto listener = try_listen(network, text);
    return listener ? "listens at " + listener->local_addr().text() : listener.error().text();
  }
};

inline Task<> accept_into(Listener& listener, std::optional<Result<Conn>>& outcome) {
  auto conn = co_await listener.accept();
  outcome.emplace(std::move(conn));
}

// The connection of a client that is waiting.
inline Conn accept(ListenerStage& stage, Listener& listener) {
  std::optional<Result<Conn>> outcome;
  test::run(stage.reactor, accept_into(listener, outcome));
  REQUIRE(outcome.has_value());
  if (!outcome->has_value()) FAIL(outcome->error().text());
  return std::move(**outcome);
}

inline Address address_of(const std::string& text) {
  const auto address = Address::parse(text);
  REQUIRE(address.has_value());
  return *address;
}

// Whether a client of `host` gets through to `port`, whoever listens there.
inline bool reaches(const char* host, std::uint16_t port) {
  const Address address = address_of(host).with_port(port);
  const Peer client(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(client.fd() >= 0);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  return ::connect(client.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

inline constexpr const char* over_ip4 = "127.0.0.1:0";

inline bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0;
}

inline int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

// A plain blocking socket, bound to `address` and listening: what a parent process hands down.
inline Peer foreign_listener(const Address& address, int type = SOCK_STREAM) {
  Peer socket(::socket(address.family(), type, 0));
  REQUIRE(socket.fd() >= 0);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  REQUIRE(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(socket.fd(), 5) == 0);
  return socket;
}

inline Task<> echo_once(Conn& conn) {
  char byte = 0;
  auto count = co_await conn.read(std::span(&byte, 1));
  REQUIRE(count.has_value());
  auto written = co_await conn.write(std::string_view(&byte, 1));
  CHECK(written.has_value());
}

// A byte goes to `conn` and comes back.
inline Task<> exchange(Reactor& reactor, Conn& conn, Peer& peer) {
  peer.send("x");
  Task<> echoing = echo_once(conn);
  co_await std::move(echoing);
  auto back = co_await test::read_bytes(reactor, peer, 1);
  CHECK(back == "x");
}

}  // namespace test::listeners
