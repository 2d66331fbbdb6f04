// Two connections with a relay between them: what Go's rules say of one connection holds for the whole.
//
//     first ---- outer ---- relay ---- inner ---- second
#include <sys/socket.h>

#include "conformance/conn_suite.hpp"
#include "conformance/socket_kinds.hpp"
#include "reactord/relay.hpp"

namespace {

using reactord::Conn;
using reactord::ConnPair;
using reactord::Reactor;
using reactord::Task;

Task<> pass_on(Conn outer, Conn inner) {
  auto relayed = co_await relay(outer, inner);
  if (!relayed.ended) {
    outer.reset();
    inner.reset();
  }
}

// What lies in the kernel on the way is less than the suite's flood.
void hold_little(const Conn& conn) {
  const int size = 64 * 1024;
  for (const int option : {SO_RCVBUF, SO_SNDBUF}) {
    if (conn.fd() >= 0) REQUIRE(::setsockopt(conn.fd(), SOL_SOCKET, option, &size, sizeof size) == 0);
  }
}

template <typename Kind>
struct Relayed : Kind {
  static ConnPair make(Reactor& reactor) {
    ConnPair outer = Kind::make(reactor), inner = Kind::make(reactor);
    for (Conn* conn : {&outer.first, &outer.second, &inner.first, &inner.second}) hold_little(*conn);
    reactor.spawn(pass_on(std::move(outer.second), std::move(inner.first)));
    return {std::move(outer.first), std::move(inner.second)};
  }
};

// Made without a turn of the loop: that would wait for the relays that there are already.
struct AdoptedTcp : test::conformance::Socket {
  static ConnPair make(Reactor& reactor) {
    int listening = -1;
    reactord::ListenOptions options;
    options.before_bind = [&](int fd, reactord::Network, const reactord::Address&) -> reactord::Result<void> {
      listening = fd;
      return {};
    };
    auto listener = reactord::listen(reactor, "tcp4", "127.0.0.1:0", std::move(options));
    REQUIRE(listener.has_value());
    test::Peer peer = test::Peer::connect(listener->local_addr());
    const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(accepted >= 0);
    auto first = reactord::adopt_conn(reactor, peer.release());
    auto second = reactord::adopt_conn(reactor, accepted);
    REQUIRE((first && second));
    return {std::move(*first), std::move(*second)};
  }
};

struct RelayedTcp : Relayed<AdoptedTcp> {
  static constexpr const char* name = "relayed tcp4";
  static constexpr bool direct = false;
};

// Its peer can't be told of a reset: there is none on a unix socket.
struct RelayedUnix : Relayed<test::conformance::SocketPair> {
  static constexpr const char* name = "relayed socketpair";
  static constexpr bool resets = false, direct = false;
};

struct Buffered {
  static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;
  static ConnPair make(Reactor& reactor) { return reactord::buffered_pipe(reactor); }
};
struct RelayedPipe : Relayed<Buffered> {
  static constexpr const char* name = "relayed buffered_pipe";
  static constexpr bool direct = false;
};

}  // namespace

CONN_CONFORMANCE(RelayedTcp, RelayedUnix, RelayedPipe)
