// The kinds of Conn that have a descriptor: two ends in one Reactor, joined by the kernel.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "reactord/dial.hpp"
#include "reactord/listener.hpp"
#include "reactord/pipe.hpp"
#include "reactord/reactor.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

namespace test::conformance {

using reactord::Conn;
using reactord::ConnPair;
using reactord::Reactor;
using reactord::Task;

inline Task<> accept_one(reactord::Listener& listener, std::optional<Conn>& into) {
  auto conn = co_await listener.accept();
  REQUIRE(conn.has_value());
  into.emplace(std::move(*conn));
}

inline Task<> dial_one(Reactor& reactor, std::string network, std::string address,
                       std::optional<Conn>& into) {
  auto conn = co_await reactord::dial(reactor, std::move(network), std::move(address));
  REQUIRE(conn.has_value());
  into.emplace(std::move(*conn));
}

// The dialled end first, the accepted one second.
inline ConnPair connect_pair(Reactor& reactor, const char* network, const std::string& address) {
  auto listener = reactord::listen(reactor, network, address);
  REQUIRE(listener.has_value());
  std::optional<Conn> dialled, accepted;
  reactor.spawn(dial_one(reactor, network, listener->local_addr().text(), dialled));
  run(reactor, accept_one(*listener, accepted));
  REQUIRE((dialled && accepted));
  return {std::move(*dialled), std::move(*accepted)};
}

struct Socket {
  static constexpr bool buffers = true, half_close = true, resets = true, in_memory = false;
};

struct Tcp4 : Socket {
  static constexpr const char* name = "tcp4";
  static ConnPair make(Reactor& reactor) { return connect_pair(reactor, "tcp4", "127.0.0.1:0"); }
};

struct Tcp6 : Socket {
  static constexpr const char* name = "tcp6";
  static bool is_available() {
    Reactor reactor;
    return reactord::listen(reactor, "tcp6", "[::1]:0").has_value();
  }
  static ConnPair make(Reactor& reactor) { return connect_pair(reactor, "tcp6", "[::1]:0"); }
};

struct UnixPath : Socket {
  static constexpr const char* name = "unix path";
  static ConnPair make(Reactor& reactor) {
    const TemporaryDirectory directory;
    return connect_pair(reactor, "unix", directory.path("socket"));
  }
};

struct UnixAbstract : Socket {
  static constexpr const char* name = "unix abstract";
  static ConnPair make(Reactor& reactor) { return connect_pair(reactor, "unix", ""); }
};

struct SocketPair : Socket {
  static constexpr const char* name = "socketpair";
  static ConnPair make(Reactor& reactor) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    auto first = reactord::adopt_conn(reactor, ends[0]);
    auto second = reactord::adopt_conn(reactor, ends[1]);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    return {std::move(*first), std::move(*second)};
  }
};

}  // namespace test::conformance
