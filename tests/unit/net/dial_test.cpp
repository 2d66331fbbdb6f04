// dial: where it connects to and from, and what it says when it cannot.
#include "reactord/dial.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>
#include <optional>
#include <string>

#include "support/dial_stage.hpp"
#include "support/loopback.hpp"
#include "support/no_descriptors.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::DialOptions;
using reactord::Error;
using reactord::Listener;
using reactord::Network;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using test::Peer;
using namespace std::chrono_literals;
using namespace test::dialling;

namespace {

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

}  // namespace

TEST_CASE("[74] dial keeps to the family it was told") {
  DialStage stage;
  CHECK(stage.failure("tcp6", "127.0.0.1:80") == "dial tcp6: address 127.0.0.1: no suitable address found");
  CHECK(stage.failure("tcp4", "[::1]:80") == "dial tcp4: address ::1: no suitable address found");
  CHECK(stage.failure("tcp6", "0.0.0.0:80") == "dial tcp6: address 0.0.0.0: no suitable address found");
  FakeResolver resolver({Address::loopback(true, 80)});
  CHECK(stage.failure("tcp4", "name:80", {.resolver = &resolver}) ==
        "dial tcp4: address name: no suitable address found");
}

TEST_CASE("[76] dial takes the address of a listener on every address") {
  DialStage stage;
  Listener listener = stage.listen("tcp", ":0");
  CHECK(listener.local_addr().host() == "::");
  Outcome outcome;
  stage.run(
      [](DialStage& on, Listener& of, Outcome& into) -> Task<> {
        auto conn = co_await reactord::dial(on.reactor, of.local_addr());
        into.emplace(std::move(conn));
      },
      listener, outcome);
  REQUIRE((outcome && outcome->has_value()));
  CHECK((*outcome)->remote_addr().host() == "127.0.0.1");
  CHECK((*outcome)->network() == Network::tcp);
  const auto again = stage.dial("tcp6", listener.local_addr().text());
  REQUIRE(again.has_value());
  CHECK(again->remote_addr().host() == "::1");
  CHECK(again->network() == Network::tcp6);
}

TEST_CASE("[99][100] a dial starts from the local address it was given") {
  DialStage stage;
  Listener listener = stage.listen();
  const std::string where = listener.local_addr().text();
  const auto conn = stage.dial("tcp", where, {.local_address = Address::parse("127.0.0.5:0").value()});
  REQUIRE(conn.has_value());
  CHECK(conn->local_addr().host() == "127.0.0.5");
  const auto any = stage.dial("tcp", where, {.local_address = Address()});
  CHECK(any.has_value());
  Address local;
  { local = Refusing("127.0.0.6:0").address; }
  const auto fixed = stage.dial("tcp", where, {.local_address = local});
  REQUIRE(fixed.has_value());
  CHECK(fixed->local_addr() == local);
  const Refusing refusing;
  CHECK(stage.failure("tcp", refusing.address.text(), {.local_address = Address::loopback(false, 0)}) ==
        "dial tcp 127.0.0.1:0->" + refusing.address.text() + ": connect: connection refused");
  CHECK(stage.failure("tcp", where, {.local_address = refusing.address}) ==
        "dial tcp " + refusing.address.text() + "->" + where + ": bind: address already in use");
}

TEST_CASE("[99][100] addresses of another family than the local one are left out") {
  DialStage stage;
  const Listener listener = stage.listen("tcp", ":0");
  const std::uint16_t port = listener.local_addr().port();
  FakeResolver resolver({Address::loopback(true, port), Address::loopback(false, port)});
  const auto conn =
      stage.dial("tcp", "name:80", {.local_address = Address::loopback(false, 0), .resolver = &resolver});
  REQUIRE(conn.has_value());
  CHECK(conn->remote_addr().host() == "127.0.0.1");
  CHECK(stage.failure("tcp", "[::1]:80", {.local_address = Address::loopback(false, 0)}) ==
        "dial tcp: address ::1: no suitable address found");
  CHECK(stage.failure("tcp", "127.0.0.1:80", {.local_address = Address::parse("unix:@name").value()}) ==
        "dial tcp: address @name: mismatched local address type");
  CHECK(stage.failure("unix", "@name", {.local_address = Address::loopback(false, 0)}) ==
        "dial unix: address 127.0.0.1:0: mismatched local address type");
}

TEST_CASE("[105] a connection to itself is none") {
  DialStage stage;
  Address port;
  { port = Refusing().address; }
  int tries = 0;
  const auto bind_there = [&](int fd, Network, const Address& address) -> Result<void> {
    ++tries;
    const linger reset{.l_onoff = 1, .l_linger = 0};  // so that the port is free again at once
    REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    sockaddr_storage storage{};
    const unsigned length = address.to_socket_address(storage);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0);
    return {};
  };
  CHECK(stage.failure("tcp", port.text(), {.before_connect = bind_there}) ==
        "dial tcp " + port.text() + ": connect: connection refused");
  CHECK(tries == 3);
  const auto meant = stage.dial("tcp", port.text(), {.local_address = port});
  REQUIRE(meant.has_value());
  CHECK(meant->local_addr() == meant->remote_addr());
}

TEST_CASE("[105] the pending error of a socket is not lost by asking twice") {
  DialStage stage;
  const Refusing refusing;
  const auto conn = stage.dial("tcp", refusing.address.text());
  REQUIRE_FALSE(conn.has_value());
  CHECK(conn.error().system_errno() == ECONNREFUSED);
}

TEST_CASE("[106] an empty host is this machine") {
  DialStage stage;
  const Listener listener = stage.listen("tcp", ":0");
  const std::string port = std::to_string(listener.local_addr().port());
  struct Row {
    const char* network;
    std::string address;
    const char* host;
  };
  for (const Row& row : {Row{"tcp", ":", "127.0.0.1"}, Row{"tcp4", ":", "127.0.0.1"}, Row{"tcp6", ":", "::1"},
                         Row{"tcp", "0.0.0.0:", "127.0.0.1"}, Row{"tcp6", "[::]:", "::1"}}) {
    const auto conn = stage.dial(row.network, row.address + port);
    REQUIRE(conn.has_value());
    CHECK(conn->remote_addr().host() == row.host);
  }
}

TEST_CASE("[107][109] what went wrong is said in Go's words") {
  DialStage stage;
  const Refusing refusing;
  const std::string where = refusing.address.text();
  CHECK(stage.failure("tcp", "127.0.0.1:99999") == "dial tcp: address 99999: invalid port");
  CHECK(stage.failure("foo", "127.0.0.1:80") == "dial foo: unknown network foo");
  CHECK(stage.failure("tcp", "") == "dial tcp: missing address");
  CHECK(stage.failure("unix", "") == "dial unix: missing address");
  CHECK(stage.failure("tcp", "localhost") == "dial tcp: address localhost: missing port in address");
  CHECK(stage.failure("tcp", where) == "dial tcp " + where + ": connect: connection refused");
  CHECK(stage.failure("tcp", "127.0.0.1:1", {.timeout = -1s}) == "dial tcp 127.0.0.1:1: i/o timeout");
  CHECK(stage.failure("tcp", "1.2.3:80") == "dial tcp: lookup 1.2.3: no such host");
  CHECK(stage.failure("tcp", "[fe80::1%nosuch]:80") ==
        "dial tcp: address fe80::1%nosuch: no such network interface");
  CHECK(stage.failure("unix", "/nonexistent/socket") ==
        "dial unix /nonexistent/socket: connect: no such file or directory");
  const test::NoDescriptors none;
  CHECK(stage.failure("tcp", where) == "dial tcp " + where + ": socket: too many open files");
}

TEST_CASE("[108] before_connect sees the socket first, and its error is the answer") {
  DialStage stage;
  const Listener listener = stage.listen();
  const std::string where = listener.local_addr().text();
  int calls = 0;
  const auto look = [&](int fd, Network network, const Address& address) -> Result<void> {
    ++calls;
    CHECK(network == Network::tcp4);
    CHECK(address == listener.local_addr());
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    CHECK(::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) == -1);
    CHECK(Peer(::dup(fd)).local_addr().port() == 0);
    if (calls == 1) return {};
    return std::unexpected(Error::invalid("not this one"));
  };
  const auto conn = stage.dial("tcp", where, {.before_connect = look});
  CHECK(conn.has_value());
  CHECK(stage.failure("tcp", where, {.before_connect = look}) == "dial tcp " + where + ": not this one");
  CHECK(calls == 2);
}

TEST_CASE("dial connects over unix sockets too, by path and by name") {
  DialStage stage;
  const test::TemporaryDirectory directory;
  const Listener file = stage.listen("unix", directory.path("socket")), name = stage.listen("unix", "@");
  for (const Listener* listener : {&file, &name}) {
    const auto conn = stage.dial("unix", listener->local_addr().text());
    REQUIRE(conn.has_value());
    CHECK(conn->remote_addr() == listener->local_addr());
    CHECK(conn->network() == Network::unix_socket);
  }
}

TEST_CASE("[56] dialled and adopted sockets have NODELAY and keep-alive too, as asked") {
  Reactor reactor;
  auto listener = reactord::listen(reactor, "tcp", "127.0.0.1:0");
  REQUIRE(listener.has_value());
  for (const bool asked : {true, false}) {
    reactord::StreamOptions stream;
    if (!asked) stream = {.no_delay = false, .keep_alive_idle = std::chrono::seconds(0)};
    test::Peer raw = test::Peer::connect(listener->local_addr());
    auto adopted = reactord::adopt_conn(reactor, raw.fd(), stream);
    REQUIRE(adopted.has_value());
    const int adopted_fd = raw.release();
    int dialled_fd = -1;
    DialOptions options;
    options.stream = stream;
    options.before_connect = [&dialled_fd](int fd, reactord::Network, const Address&) -> Result<void> {
      dialled_fd = fd;
      return {};
    };
    std::optional<Result<Conn>> dialled;
    test::run(
        reactor,
        [](Reactor& on, Address to, DialOptions with, std::optional<Result<Conn>>& outcome) -> Task<> {
          auto conn = co_await reactord::dial(on, std::move(to), std::move(with));
          outcome.emplace(std::move(conn));
        },
        listener->local_addr(), options, dialled);
    REQUIRE((dialled && dialled->has_value()));
    for (const int fd : {adopted_fd, dialled_fd}) {
      CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) == (asked ? 1 : 0));
      CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) == (asked ? 1 : 0));
      if (asked) CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 15);
    }
  }
}
