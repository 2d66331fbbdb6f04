// What can be set on the socket of an open connection, seen with getsockopt(2), and what is told where it can't.
#include "reactord/socket_options.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "conformance/record_transport.hpp"
#include "conformance/socket_kinds.hpp"
#include "reactord/dial.hpp"
#include "reactord/listener.hpp"
#include "reactord/pipe.hpp"
#include "support/loopback.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::ConnPair;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::ListenOptions;
using reactord::Network;
using reactord::Reactor;
using reactord::Task;
using test::Peer;
using test::conformance::SocketPair;
using test::conformance::Tcp4;
using test::conformance::UnixAbstract;
using namespace std::chrono_literals;

namespace {

struct Stage {
  test::DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  Reactor reactor{clock};
};

int option_of(const Conn& conn, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(conn.fd(), level, name, &value, &length) == 0);
  return value;
}

std::string set_text(const Conn& conn, const char* reason) {
  return std::string("set ") + reactord::to_string(conn.network()) + ' ' + conn.local_addr().text() + "->" +
         conn.remote_addr().text() + ": " + reason;
}

}  // namespace

TEST_CASE("set_no_delay, set_keep_alive and set_user_timeout reach the kernel, both ways") {
  Stage on;
  ConnPair pair = Tcp4::make(on.reactor);
  Conn& conn = pair.first;
  CHECK(option_of(conn, IPPROTO_TCP, TCP_NODELAY) != 0);  // StreamOptions
  CHECK(set_no_delay(conn, false).has_value());
  CHECK(option_of(conn, IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(set_no_delay(conn, true).has_value());
  CHECK(option_of(conn, IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(set_keep_alive(conn, 0s).has_value());
  CHECK(option_of(conn, SOL_SOCKET, SO_KEEPALIVE) == 0);
  CHECK(set_keep_alive(conn, 40s, 7s, 3).has_value());
  CHECK(option_of(conn, SOL_SOCKET, SO_KEEPALIVE) != 0);
  CHECK(option_of(conn, IPPROTO_TCP, TCP_KEEPIDLE) == 40);
  CHECK(option_of(conn, IPPROTO_TCP, TCP_KEEPINTVL) == 7);
  CHECK(option_of(conn, IPPROTO_TCP, TCP_KEEPCNT) == 3);
  CHECK(set_user_timeout(conn, 12'345ms).has_value());
  CHECK(option_of(conn, IPPROTO_TCP, TCP_USER_TIMEOUT) == 12'345);
  CHECK(set_user_timeout(conn, 0ms).has_value());
  CHECK(option_of(conn, IPPROTO_TCP, TCP_USER_TIMEOUT) == 0);
}

TEST_CASE("values that the kernel refuses are refused as they are, and change nothing") {
  Stage on;
  ConnPair pair = Tcp4::make(on.reactor);
  Conn& conn = pair.first;
  CHECK(set_keep_alive(conn, -1s).has_value());
  for (const auto idle : {32'768s, std::chrono::seconds((1LL << 32) + 5), std::chrono::seconds::max()}) {
    auto refused = set_keep_alive(conn, idle);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text() == set_text(conn, "setsockopt: invalid argument"));
    CHECK(option_of(conn, SOL_SOCKET, SO_KEEPALIVE) == 0);
  }
  CHECK_FALSE(set_keep_alive(conn, 1s, 0s).has_value());
  CHECK_FALSE(set_keep_alive(conn, 1s, 1s, 128).has_value());
  CHECK(option_of(conn, SOL_SOCKET, SO_KEEPALIVE) == 0);
  CHECK_FALSE(set_user_timeout(conn, -1ms).has_value());
  CHECK(option_of(conn, IPPROTO_TCP, TCP_USER_TIMEOUT) == 0);
}

TEST_CASE("options of a closed connection are refused as closed, before anything else") {
  Stage on;
  for (auto* make : {&Tcp4::make, &SocketPair::make, &reactord::buffered_pipe}) {
    ConnPair pair = make(on.reactor);
    Conn& conn = pair.first;
    const std::string expected = conn.network() == Network::pipe
                                     ? "set pipe: use of closed network connection"
                                     : set_text(conn, "use of closed network connection");
    CHECK(conn.close().has_value());
    CHECK(conn.fd() == -1);
    for (const auto& result :
         {set_no_delay(conn, true), set_keep_alive(conn, 1s), set_user_timeout(conn, 1s)}) {
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().is_closed());
      CHECK(result.error().text() == expected);
    }
    auto peer = peer_credentials(conn);
    REQUIRE_FALSE(peer.has_value());
    CHECK(peer.error().is_closed());
    conn.abort();
  }
  ConnPair unbuffered = reactord::pipe(on.reactor);
  CHECK(unbuffered.first.close().has_value());
  CHECK(set_no_delay(unbuffered.first, true).error().text() == "io: read/write on closed pipe");
}

TEST_CASE("a pipe, a transport and a socket of another kind have none of the options of TCP") {
  Stage on;
  ConnPair pipe = reactord::pipe(on.reactor);
  CHECK(pipe.first.fd() == -1);
  CHECK(set_no_delay(pipe.first, true).error().text() == "set pipe: operation not supported");
  CHECK(set_keep_alive(pipe.first, 1s).error().text() == "set pipe: operation not supported");
  CHECK(set_user_timeout(pipe.first, 1s).error().text() == "set pipe: operation not supported");
  CHECK(peer_credentials(pipe.first).error().text() == "get pipe: operation not supported");
  ConnPair records = test::conformance::in_records(Tcp4::make(on.reactor));
  CHECK(records.first.fd() == -1);
  CHECK(set_no_delay(records.first, true).error().text() ==
        set_text(records.first, "operation not supported"));
  ConnPair local = SocketPair::make(on.reactor);
  CHECK(local.first.fd() >= 0);
  CHECK(set_no_delay(local.first, true).error().text() ==
        set_text(local.first, "setsockopt: operation not supported"));
  ConnPair tcp = Tcp4::make(on.reactor);
  auto peer = peer_credentials(tcp.first);
  REQUIRE_FALSE(peer.has_value());
  CHECK(peer.error().system_errno() == EOPNOTSUPP);
  CHECK(peer.error().operation() == "get");
  for (ConnPair* pair : {&pipe, &records, &local, &tcp}) {
    pair->first.abort();
    pair->second.abort();
  }
}

TEST_CASE("peer_credentials tells process, user and group of both kinds of unix peers") {
  Stage on;
  for (auto* make : {&UnixAbstract::make, &SocketPair::make}) {
    ConnPair pair = make(on.reactor);
    for (const Conn* conn : {&pair.first, &pair.second}) {
      auto peer = peer_credentials(*conn);
      REQUIRE(peer.has_value());
      CHECK(*peer ==
            reactord::ProcessCredentials{.process = ::getpid(), .user = ::geteuid(), .group = ::getegid()});
    }
    pair.first.abort();
    pair.second.abort();
  }
}

TEST_CASE("fd() is the socket of the connection, and stays the connection's") {
  Stage on;
  test::ConnStage scene(test::Transport::tcp);
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  REQUIRE(::getsockname(scene.conn.fd(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
  CHECK(Address::from_socket_address(name, length) == scene.conn.local_addr());
  const int fd = scene.conn.fd();
  scene.conn.abort();
  CHECK(scene.conn.fd() == -1);
  CHECK(::fcntl(fd, F_GETFD) >= 0);  // until the end of the turn
  scene.reactor.shutdown();
  CHECK(::fcntl(fd, F_GETFD) < 0);
}

namespace {

Task<> read_after_reset(test::ConnStage& scene) {
  auto sent = co_await scene.conn.write("unsent, for all the kernel knows");
  CHECK(sent.has_value());
  scene.conn.reset();
  scene.conn.reset();  // has no effect any more
  while (!scene.peer.at_end()) {
    scene.peer.receive();
    co_await scene.reactor.next_turn();
  }
  CHECK(scene.peer.error() == (scene.transport == test::Transport::tcp ? ECONNRESET : 0));
}

Task<> reset_while_lingering(test::ConnStage& scene) {
  auto sent = co_await scene.conn.write("last words");
  CHECK(sent.has_value());
  CHECK(scene.conn.close().has_value());
  co_await scene.reactor.next_turn();
  co_await scene.reactor.next_turn();
  scene.conn.reset();  // it waits for the peer's end: now it waits no longer
  co_await scene.reactor.next_turn();
  CHECK(scene.reactor.open_descriptors() <= 1);
  std::string heard;
  while (!scene.peer.at_end()) {
    heard += scene.peer.receive();
    co_await scene.reactor.next_turn();
  }
}

}  // namespace

TEST_CASE("reset breaks a TCP connection although nothing is unread, and is abort on a unix socket") {
  test::over_each_transport(read_after_reset);
}

TEST_CASE("reset ends a connection that lingers") { test::over_each_transport(reset_while_lingering); }

TEST_CASE("reset of a pipe and of a transport is abort") {
  Stage on;
  static constexpr auto body = [](Conn from, Conn to) -> Task<> {
    from.reset();
    char room[8];
    auto read = co_await to.read(room);
    CHECK_FALSE(read.has_value());
    to.abort();
  };
  ConnPair pipe = reactord::buffered_pipe(on.reactor);
  test::run(on.reactor, body(std::move(pipe.first), std::move(pipe.second)));
  ConnPair records = test::conformance::in_records(Tcp4::make(on.reactor));
  test::run(on.reactor, body(std::move(records.first), std::move(records.second)));
}

namespace {

// A listener whose hook does `ask` with each accepted socket, and a client for each of `clients`.
struct Hooked {
  Stage stage;
  std::vector<Address> asked;
  std::optional<Listener> listener;
  std::vector<Peer> peers;

  void listen(std::function<bool(int fd)> ask) {
    ListenOptions options;
    options.after_accept = [this, ask = std::move(ask)](int fd, Network network, const Address& remote) {
      CHECK(network == Network::tcp4);
      asked.push_back(remote);
      return ask(fd);
    };
    auto made = reactord::listen(stage.reactor, "tcp4", "127.0.0.1:0", std::move(options));
    REQUIRE(made.has_value());
    listener.emplace(std::move(*made));
  }
  void connect(int clients) {
    for (int client = 0; client < clients; ++client) peers.push_back(Peer::connect(listener->local_addr()));
  }
};

using Accepted = std::optional<reactord::Result<Conn>>;

Task<> accept_one(Listener& listener, Accepted& accepted) {
  auto conn = co_await listener.accept();
  accepted.emplace(std::move(conn));
}

}  // namespace

TEST_CASE("after_accept sees each accepted socket before it is served, and its options hold") {
  Hooked on;
  on.listen([](int fd) {
    const int size = 40'000;
    return ::setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &size, 0) < 0 &&  // it may fail what it likes
           ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &size, 0) < 0 &&
           ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0;
  });
  on.connect(1);
  Accepted accepted;
  test::run(on.stage.reactor, accept_one(*on.listener, accepted));
  REQUIRE((accepted && accepted->has_value()));
  CHECK(option_of(**accepted, SOL_SOCKET, SO_RCVBUF) == 80'000);
  REQUIRE(on.asked.size() == 1);
  CHECK(on.asked[0] == (*accepted)->remote_addr());
  (*accepted)->abort();
}

TEST_CASE("a connection that after_accept refuses is closed, and the next one is accepted") {
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    Hooked on;
    on.listen([&](int) { return on.asked.size() == 3; });
    Accepted accepted;
    if (!waits) on.connect(4);
    on.stage.reactor.spawn(accept_one(*on.listener, accepted));
    static constexpr auto body = [](Hooked& hooked, Accepted& got, bool connect) -> Task<> {
      co_await hooked.stage.reactor.next_turn();
      if (connect) hooked.connect(4);
      co_await test::until(hooked.stage.reactor, [&] { return got.has_value(); });
      REQUIRE(got->has_value());
      CHECK((*got)->remote_addr() == hooked.peers[2].local_addr());
      for (int refused = 0; refused < 2; ++refused) {
        Peer& peer = hooked.peers[static_cast<std::size_t>(refused)];
        while (!peer.at_end()) {
          peer.receive();
          co_await hooked.stage.reactor.next_turn();
        }
      }
      CHECK_FALSE(hooked.peers[2].at_end());
      (*got)->abort();
    };
    test::run(on.stage.reactor, body(on, accepted, waits));
    CHECK(on.asked.size() == 3);
  }
}

TEST_CASE("after_accept may close the listener, or interrupt the accept that waits") {
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    Hooked on;
    on.listen([&](int) {
      CHECK(on.listener->close().has_value());
      return true;
    });
    Accepted accepted;
    static constexpr auto body = [](Hooked& hooked, Accepted& got, bool first) -> Task<> {
      if (!first) hooked.connect(1);
      hooked.stage.reactor.spawn(accept_one(*hooked.listener, got));
      co_await hooked.stage.reactor.next_turn();
      co_await hooked.stage.reactor.next_turn();
      if (first) hooked.connect(1);
      co_await test::until(hooked.stage.reactor, [&] { return got.has_value(); });
      REQUIRE_FALSE(got->has_value());
      CHECK(got->error().is_closed());
    };
    test::run(on.stage.reactor, body(on, accepted, waits));
    CHECK(on.asked.size() == 1);
  }
  Hooked on;
  on.listen([&](int) {
    if (on.asked.size() == 1) on.listener->interrupt();
    return true;
  });
  static constexpr auto body = [](Hooked& hooked) -> Task<> {
    Accepted first, second;
    hooked.stage.reactor.spawn(accept_one(*hooked.listener, first));
    co_await hooked.stage.reactor.next_turn();
    hooked.connect(1);
    co_await test::until(hooked.stage.reactor, [&] { return first.has_value(); });
    REQUIRE_FALSE(first->has_value());
    CHECK(first->error() == ErrorCode::interrupted);
    Task<> accepting = accept_one(*hooked.listener, second);
    co_await std::move(accepting);
    REQUIRE(second->has_value());  // the same client, which is not asked again
    CHECK((*second)->remote_addr() == hooked.peers[0].local_addr());
    (*second)->abort();
  };
  test::run(on.stage.reactor, body(on));
  CHECK(on.asked.size() == 1);
}
