// Where a Listener listens, by Go's names: which addresses share a port, what the socket is like, whose the file of a
// unix socket is, and sockets that somebody else has opened.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "reactord/listener.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"
#include "traps/trap.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::ListenOptions;
using reactord::Network;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::VirtualClock;
using test::Peer;

namespace {

struct Stage {
  Stage() = default;
  test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor{clock};

  Result<Listener> try_listen(const std::string& network, const std::string& text,
                              ListenOptions options = {}) {
    return reactord::listen(reactor, network, text, std::move(options));
  }
  Listener listen(const std::string& network, const std::string& text, ListenOptions options = {}) {
    auto listener = try_listen(network, text, std::move(options));
    if (!listener) FAIL(listener.error().text());
    return std::move(*listener);
  }
  void end_turn();  // what was closed is then gone
  std::string refusal(const std::string& network, const std::string& text) {
    const auto listener = try_listen(network, text);
    return listener ? "listens at " + listener->local_addr().text() : listener.error().text();
  }
};

Task<> next_turn(Reactor& reactor) { co_await reactor.next_turn(); }

void Stage::end_turn() { test::run(reactor, next_turn(reactor)); }

Task<> accept_into(Listener& listener, std::optional<Result<Conn>>& outcome) {
  auto conn = co_await listener.accept();
  outcome.emplace(std::move(conn));
}

// The connection of a client that is waiting.
Conn accept(Stage& stage, Listener& listener) {
  std::optional<Result<Conn>> outcome;
  test::run(stage.reactor, accept_into(listener, outcome));
  REQUIRE(outcome.has_value());
  if (!outcome->has_value()) FAIL(outcome->error().text());
  return std::move(**outcome);
}

Address address_of(const std::string& text) {
  const auto address = Address::parse(text);
  REQUIRE(address.has_value());
  return *address;
}

// Whether a client of `host` gets through to `port`, whoever listens there.
bool reaches(const char* host, std::uint16_t port) {
  const Address address = address_of(host).with_port(port);
  const Peer client(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(client.fd() >= 0);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  return ::connect(client.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

constexpr const char* over_ip4 = "127.0.0.1:0";
constexpr const char* over_ip6 = "[::1]:0";

bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0;
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

// A plain blocking socket, bound to `address` and listening: what a parent process hands down.
Peer foreign_listener(const Address& address, int type = SOCK_STREAM) {
  Peer socket(::socket(address.family(), type, 0));
  REQUIRE(socket.fd() >= 0);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  REQUIRE(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(socket.fd(), 5) == 0);
  return socket;
}

// Whether an epoll instance of this process tells of what was added under that number: epoll(7), /proc/PID/fdinfo.
bool is_watched(int fd) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    std::string word;
    while (info >> word) {
      int number = -1;
      if (word == "tfd:" && info >> number && number == fd) return true;
    }
  }
  return false;
}

// The backlog that the kernel gave a listening socket: tcp_info has it in this field while it listens (tcp_diag.c).
unsigned backlog_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  return info.tcpi_sacked;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

Task<> echo_once(Conn& conn) {
  char byte = 0;
  auto count = co_await conn.read(std::span(&byte, 1));
  REQUIRE(count.has_value());
  auto written = co_await conn.write(std::string_view(&byte, 1));
  CHECK(written.has_value());
}

// A byte goes to `conn` and comes back.
Task<> exchange(Reactor& reactor, Conn& conn, Peer& peer) {
  peer.send("x");
  Task<> echoing = echo_once(conn);
  co_await std::move(echoing);
  auto back = co_await test::read_bytes(reactor, peer, 1);
  CHECK(back == "x");
}

}  // namespace

TEST_CASE("[68] close ends the accept that waits, and those after it, with closed") {
  test::TemporaryDirectory directory;
  static constexpr auto close_later = [](Stage& on, Listener& of) -> Task<> {
    co_await on.reactor.next_turn();
    CHECK(of.close().has_value());
  };
  struct Row {
    std::string network, address;
  };
  for (const Row& row : {Row{"tcp", "127.0.0.1:0"}, Row{"unix", directory.path("socket")}, Row{"unix", ""}}) {
    CAPTURE(row.network);
    Stage stage;
    Listener listener = stage.listen(row.network, row.address);
    std::optional<Result<Conn>> pending, later;
    stage.reactor.spawn(accept_into(listener, pending));
    test::run(stage.reactor, close_later(stage, listener));
    test::run(stage.reactor, accept_into(listener, later));
    const std::string text =
        "accept " + row.network + ' ' + listener.local_addr().text() + ": use of closed network connection";
    REQUIRE((pending && !pending->has_value()));
    CHECK(pending->error() == ErrorCode::closed);
    CHECK(pending->error().text() == text);
    REQUIRE((later && !later->has_value()));
    CHECK(later->error().text() == text);
  }
}

TEST_CASE("[69] an address can be listened on again as soon as close returns, time after time") {
  test::TemporaryDirectory directory;
  struct Row {
    std::string network, address;
  };
  static constexpr auto again_and_again = [](Stage& on, const Row& row) -> Task<> {
    Listener listener = on.listen(row.network, row.address);
    const std::string where = listener.local_addr().text();
    const std::uint64_t turn = on.reactor.turns();
    for (int round = 0; round < 10; ++round) {
      CHECK(listener.close().has_value());
      listener = on.listen(row.network, where);
      CHECK(listener.local_addr().text() == where);
    }
    CHECK(on.reactor.turns() == turn);
    co_return;
  };
  for (const Row& row : {Row{"tcp", "127.0.0.1:0"}, Row{"tcp", ":0"}, Row{"tcp6", "[::1]:0"},
                         Row{"unix", directory.path("socket")}}) {
    CAPTURE(row.address);
    Stage stage;
    test::run(stage.reactor, again_and_again(stage, row));
  }
}

TEST_CASE("[69] nor does a connection that was accepted there stand in the way") {
  Stage stage;
  Listener listener = stage.listen("tcp", "127.0.0.1:0");
  const std::string where = listener.local_addr().text();
  const Peer client = Peer::connect(listener.local_addr());
  Conn conn = accept(stage, listener);
  CHECK(listener.close().has_value());
  const Listener again = stage.listen("tcp", where);
  conn.abort();
}

TEST_CASE("[70] close frees the port before it returns, although an accept waits") {
  static constexpr auto swap_listeners = [](Stage& on, Listener& of) -> Task<> {
    co_await on.reactor.next_turn();
    const std::string where = of.local_addr().text();
    const std::uint16_t port = of.local_addr().port();
    CHECK(of.close().has_value());
    CHECK_FALSE(reaches(over_ip4, port));  // nobody is let in any more
    Listener successor = on.listen("tcp", where);
    const Peer client = Peer::connect(successor.local_addr());
    auto conn = co_await successor.accept();
    CHECK(conn.has_value());
  };
  Stage stage;
  Listener listener = stage.listen("tcp", "127.0.0.1:0");
  std::optional<Result<Conn>> pending;
  stage.reactor.spawn(accept_into(listener, pending));
  test::run(stage.reactor, swap_listeners(stage, listener));
  REQUIRE((pending && !pending->has_value()));
  CHECK(pending->error().is_closed());
}

TEST_CASE("[71] who listens twice at one address is told that it is in use") {
  struct Row {
    const char *network, *host, *printed;
  };
  constexpr Row table[] = {
      {"tcp", "", ""},
      {"tcp", "0.0.0.0", "0.0.0.0"},
      {"tcp", "[::]", "[::]"},
      {"tcp", "[::ffff:0.0.0.0]", "0.0.0.0"},
      {"tcp", "127.0.0.1", "127.0.0.1"},
      {"tcp", "[::ffff:127.0.0.1]", "127.0.0.1"},
      {"tcp", "[::1]", "[::1]"},
      {"tcp4", "", "0.0.0.0"},
      {"tcp4", "0.0.0.0", "0.0.0.0"},
      {"tcp4", "[::ffff:0.0.0.0]", "0.0.0.0"},
      {"tcp4", "127.0.0.1", "127.0.0.1"},
      {"tcp6", "", "[::]"},
      {"tcp6", "[::]", "[::]"},
      {"tcp6", "[::1]", "[::1]"},
  };
  for (const Row& row : table) {
    CAPTURE(row.network);
    CAPTURE(row.host);
    Stage stage;
    const Listener first = stage.listen(row.network, std::string(row.host) + ":0");
    const std::string port = ':' + std::to_string(first.local_addr().port());
    const auto second = stage.try_listen(row.network, row.host + port);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().system_errno() == EADDRINUSE);
    CHECK(second.error().text() ==
          "listen " + std::string(row.network) + ' ' + row.printed + port + ": bind: address already in use");
  }
}

TEST_CASE("[72] two listeners share a port only where no client could mean either") {
  struct Row {
    const char *first_network, *first_host, *second_network, *second_host;
    bool coexist;
  };
  constexpr Row table[] = {
      {"tcp", "", "tcp", "", false},
      {"tcp", "", "tcp", "0.0.0.0", false},
      {"tcp", "0.0.0.0", "tcp", "", false},
      {"tcp", "", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "", false},
      {"tcp", "0.0.0.0", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "0.0.0.0", false},
      {"tcp", "[::ffff:0.0.0.0]", "tcp", "[::]", false},
      {"tcp", "[::]", "tcp", "[::ffff:0.0.0.0]", false},
      {"tcp4", "", "tcp6", "", true},
      {"tcp6", "", "tcp4", "", true},
      {"tcp4", "0.0.0.0", "tcp6", "[::]", true},
      {"tcp6", "[::]", "tcp4", "0.0.0.0", true},
      {"tcp", "127.0.0.1", "tcp", "[::1]", true},
      {"tcp", "[::1]", "tcp", "127.0.0.1", true},
      {"tcp4", "127.0.0.1", "tcp6", "[::1]", true},
      {"tcp6", "[::1]", "tcp4", "127.0.0.1", true},
  };
  for (const Row& row : table) {
    CAPTURE(row.first_network);
    CAPTURE(row.first_host);
    CAPTURE(row.second_network);
    CAPTURE(row.second_host);
    Stage stage;
    std::string port;
    {
      // A port that is free for both families: where two are to coexist, the second must not meet a stranger.
      const Listener everywhere = stage.listen("tcp", ":0");
      port = ':' + std::to_string(everywhere.local_addr().port());
    }
    const Listener first = stage.listen(row.first_network, row.first_host + port);
    const auto second = stage.try_listen(row.second_network, row.second_host + port);
    CHECK(second.has_value() == row.coexist);
    if (!second) CHECK(second.error().system_errno() == EADDRINUSE);
  }
}

TEST_CASE("[73] on tcp every wildcard serves both families, and prints as that of IPv6") {
  struct Row {
    const char *network, *address, *client;
    const char* printed;  // less the port
  };
  constexpr Row table[] = {
      {"tcp", ":0", over_ip4, "[::]:"},
      {"tcp", ":0", over_ip6, "[::]:"},
      {"tcp", "0.0.0.0:0", over_ip4, "[::]:"},
      {"tcp", "0.0.0.0:0", over_ip6, "[::]:"},
      {"tcp", "[::]:0", over_ip4, "[::]:"},
      {"tcp", "[::]:0", over_ip6, "[::]:"},
      {"tcp", "[::ffff:0.0.0.0]:0", over_ip4, "[::]:"},
      {"tcp", "[::ffff:0.0.0.0]:0", over_ip6, "[::]:"},
      {"tcp", ":", over_ip4, "[::]:"},
      {"tcp", ":", over_ip6, "[::]:"},
      {"tcp", "", over_ip4, "[::]:"},
      {"tcp", "", over_ip6, "[::]:"},
      {"tcp", "[]:0", over_ip4, "[::]:"},
      {"tcp", "[]:0", over_ip6, "[::]:"},
      {"tcp", "127.0.0.1:0", over_ip4, "127.0.0.1:"},
      {"tcp", "[::ffff:127.0.0.1]:0", over_ip4, "127.0.0.1:"},
      {"tcp", "[::1]:0", over_ip6, "[::1]:"},
      {"tcp4", ":0", over_ip4, "0.0.0.0:"},
      {"tcp4", "0.0.0.0:0", over_ip4, "0.0.0.0:"},
      {"tcp4", "[::ffff:0.0.0.0]:0", over_ip4, "0.0.0.0:"},
      {"tcp4", "127.0.0.1:0", over_ip4, "127.0.0.1:"},
      {"tcp6", ":0", over_ip6, "[::]:"},
      {"tcp6", "[::]:0", over_ip6, "[::]:"},
      {"tcp6", "[::1]:0", over_ip6, "[::1]:"},
  };
  for (const Row& row : table) {
    CAPTURE(row.network);
    CAPTURE(row.address);
    CAPTURE(row.client);
    Stage stage;
    Listener listener = stage.listen(row.network, row.address);
    const std::uint16_t port = listener.local_addr().port();
    CHECK(listener.local_addr().text() == row.printed + std::to_string(port));
    CHECK(std::string_view(to_string(listener.network())) == row.network);
    Peer client = Peer::connect(address_of(row.client).with_port(port));
    Conn conn = accept(stage, listener);
    CHECK(conn.remote_addr() == client.local_addr());
    CHECK(conn.local_addr().text() == address_of(row.client).with_port(port).text());
    CHECK(conn.network() == listener.network());
    test::run(stage.reactor, exchange(stage.reactor, conn, client));
  }
}

TEST_CASE("[74] tcp4 and tcp6 serve one family, and take no address of the other") {
  Stage stage;
  int fd = -1;
  ListenOptions options;
  options.before_bind = [&fd](int socket, Network, const Address&) -> Result<void> {
    fd = socket;
    return {};
  };
  const Listener four = stage.listen("tcp4", ":0", options);
  CHECK(reaches(over_ip4, four.local_addr().port()));
  CHECK_FALSE(reaches(over_ip6, four.local_addr().port()));
  const Listener six = stage.listen("tcp6", ":0", options);
  CHECK(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  CHECK(reaches(over_ip6, six.local_addr().port()));
  CHECK_FALSE(reaches(over_ip4, six.local_addr().port()));
  const Listener both = stage.listen("tcp", ":0", options);
  CHECK(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0);
  const std::string nothing = "no suitable address found";
  CHECK(stage.refusal("tcp4", "[::1]:0") == "listen tcp4: address ::1: " + nothing);
  CHECK(stage.refusal("tcp4", "[::]:0") == "listen tcp4: address ::: " + nothing);
  CHECK(stage.refusal("tcp6", "127.0.0.1:0") == "listen tcp6: address 127.0.0.1: " + nothing);
  CHECK(stage.refusal("tcp6", "0.0.0.0:0") == "listen tcp6: address 0.0.0.0: " + nothing);
  CHECK(stage.refusal("tcp6", "[::ffff:127.0.0.1]:0") == "listen tcp6: address 127.0.0.1: " + nothing);
}

TEST_CASE("[75] without a port, or with port 0, the kernel chooses one, and the listener knows it") {
  for (const char* network : {"tcp", "tcp4"}) {
    for (const char* text : {":", ":0", "127.0.0.1:", "127.0.0.1:0", "0.0.0.0:"}) {
      CAPTURE(network);
      CAPTURE(text);
      Stage stage;
      const Listener listener = stage.listen(network, text);
      CHECK(listener.local_addr().port() != 0);
      CHECK(reaches(over_ip4, listener.local_addr().port()));
    }
  }
}

TEST_CASE("[76] what a listener says of itself is an address to connect to") {
  test::TemporaryDirectory directory;
  struct Row {
    std::string network, address;
  };
  for (const Row& row : {Row{"tcp", ":0"}, Row{"tcp", "0.0.0.0:0"}, Row{"tcp4", ":0"}, Row{"tcp6", ":0"},
                         Row{"tcp", "127.0.0.1:0"}, Row{"unix", directory.path("socket")}, Row{"unix", ""}}) {
    CAPTURE(row.network);
    CAPTURE(row.address);
    Stage stage;
    Listener listener = stage.listen(row.network, row.address);
    Peer client = Peer::connect(listener.local_addr());
    Conn conn = accept(stage, listener);
    test::run(stage.reactor, exchange(stage.reactor, conn, client));
  }
}

TEST_CASE("[77] no address at all is every address, at a port of the kernel's choice") {
  Stage stage;
  const Listener listener = stage.listen("tcp", "");
  CHECK(listener.local_addr().port() != 0);
  CHECK(listener.local_addr().is_wildcard());
  CHECK(reaches(over_ip4, listener.local_addr().port()));
  CHECK(reaches(over_ip6, listener.local_addr().port()));
}

TEST_CASE("[81] the backlog is as long as the kernel allows, or as long as was asked for") {
  unsigned most = 0;
  std::ifstream("/proc/sys/net/core/somaxconn") >> most;
  REQUIRE(most > 0);
  Stage stage;
  int fd = -1;
  ListenOptions options;
  options.before_bind = [&fd](int socket, Network, const Address&) -> Result<void> {
    fd = socket;
    return {};
  };
  const Listener usual = stage.listen("tcp", "127.0.0.1:0", options);
  CHECK(backlog_of(fd) == most);
  options.backlog = 7;
  const Listener little = stage.listen("tcp", "127.0.0.1:0", options);
  CHECK(backlog_of(fd) == std::min(most, 7U));
}

TEST_CASE("[82] what stands in the way of listening is told, and nothing is left behind") {
  Stage stage;
  CHECK(stage.refusal("foo", "127.0.0.1:0") == "listen foo: unknown network foo");
  CHECK(stage.refusal("", "127.0.0.1:0") == "listen: unknown network ");
  CHECK(stage.refusal("pipe", "") == "listen pipe: unknown network pipe");
  CHECK(stage.refusal("tcp", "127.0.0.1:-1") == "listen tcp: address -1: invalid port");
  CHECK(stage.refusal("tcp", "127.0.0.1:123456789") == "listen tcp: address 123456789: invalid port");
  CHECK(stage.refusal("tcp4", ":99999") == "listen tcp4: address 99999: invalid port");
  CHECK(stage.refusal("tcp", "localhost") == "listen tcp: address localhost: missing port in address");
  CHECK(stage.refusal("tcp", "::1:80") == "listen tcp: address ::1:80: too many colons in address");
  CHECK(stage.refusal("tcp", "no.such.host.invalid:80") ==
        "listen tcp: address no.such.host.invalid: not a numeric address such as 127.0.0.1 or [::1]");
  CHECK(stage.refusal("tcp", "192.0.2.1:0") ==
        "listen tcp 192.0.2.1:0: bind: cannot assign requested address");
  CHECK(stage.refusal("unix", "/path/to/somewhere/socket") ==
        "listen unix /path/to/somewhere/socket: bind: no such file or directory");
  CHECK(stage.refusal("unix", std::string(200, 'x')).find("200 bytes is too long") != std::string::npos);
  const auto directory = stage.try_listen("unix", "/tmp");
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().operation() == "listen");
  CHECK(directory.error().network() == "unix");
  CHECK(directory.error().address() == "/tmp");
  CHECK(directory.error().system_errno() == EADDRINUSE);
  const auto piped = reactord::listen(stage.reactor, Address::pipe());
  REQUIRE_FALSE(piped.has_value());
  CHECK(piped.error() == ErrorCode::invalid);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE(
    "[83] the hook before bind sees the socket, its network and its address; its error ends the listen") {
  test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  struct Row {
    std::string network, address;
    Network resolved;
    std::string printed;
  };
  const Row table[] = {
      {"tcp", "127.0.0.1:0", Network::tcp4, "127.0.0.1:0"},
      {"tcp", "[::1]:0", Network::tcp6, "[::1]:0"},
      {"tcp", ":0", Network::tcp6, "[::]:0"},
      {"tcp", "0.0.0.0:0", Network::tcp6, "[::]:0"},
      {"tcp4", ":0", Network::tcp4, "0.0.0.0:0"},
      {"tcp6", ":0", Network::tcp6, "[::]:0"},
      {"unix", path, Network::unix_socket, path},
      {"unix", "", Network::unix_socket, "@"},
  };
  for (const Row& row : table) {
    CAPTURE(row.network);
    CAPTURE(row.address);
    Stage stage;
    int calls = 0;
    ListenOptions options;
    options.before_bind = [&](int fd, Network network, const Address& address) -> Result<void> {
      ++calls;
      CHECK(network == row.resolved);
      CHECK(address.text() == row.printed);
      CHECK(option_of(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
      CHECK(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0);
      const Peer not_yet(::dup(fd));  // a second name for it, so that Peer can ask where it is bound
      CHECK(not_yet.local_addr().port() == 0);
      CHECK_FALSE(exists(path));
      return {};
    };
    { const Listener listener = stage.listen(row.network, row.address, options); }
    CHECK(calls == 1);

    options.before_bind = [](int, Network, const Address&) -> Result<void> {
      return std::unexpected(Error::from_errno(EPERM, "setsockopt"));
    };
    const auto refused = stage.try_listen(row.network, row.address, options);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().system_errno() == EPERM);
    CHECK(refused.error().text().ends_with(": setsockopt: operation not permitted"));
    CHECK(refused.error().operation() == "listen");
    CHECK_FALSE(exists(path));
    stage.end_turn();
    CHECK(stage.reactor.open_descriptors() == 0);
  }
}

TEST_CASE("[84] accepted descriptors do not block, and are closed on exec, as the listening one is") {
  for (const char* network : {"tcp", "unix"}) {
    CAPTURE(network);
    Stage stage;
    int listening = -1;
    ListenOptions options;
    options.before_bind = [&listening](int fd, Network, const Address&) -> Result<void> {
      listening = fd;
      return {};
    };
    Listener listener =
        stage.listen(network, network == std::string_view("tcp") ? "127.0.0.1:0" : "", options);
    const Peer client = Peer::connect(listener.local_addr());
    const Conn conn = accept(stage, listener);
    for (const int fd : {listening, traps::descriptor_of(conn)}) {
      CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
      CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
  }
}

TEST_CASE("[85] the file of a unix socket goes with the listener that made it, unless told otherwise") {
  enum class Set { not_set, on, off };
  struct Row {
    bool adopted;
    Set set;
    bool by_destructor;
    bool removed;
  };
  constexpr Row table[] = {
      {false, Set::not_set, false, true}, {false, Set::not_set, true, true},
      {false, Set::on, false, true},      {false, Set::off, false, false},
      {true, Set::not_set, false, false}, {true, Set::not_set, true, false},
      {true, Set::on, false, true},       {true, Set::off, false, false},
  };
  for (const Row& row : table) {
    CAPTURE(row.adopted);
    CAPTURE(row.by_destructor);
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("socket");
    Stage stage;
    {
      Peer foreign;
      if (row.adopted) foreign = foreign_listener(address_of("unix:" + path));
      auto made = row.adopted ? reactord::adopt_listener(stage.reactor, foreign.fd())
                              : stage.try_listen("unix", path);
      REQUIRE(made.has_value());
      foreign.release();
      Listener listener = std::move(*made);
      CHECK(exists(path));
      if (row.set != Set::not_set) listener.set_unlink_on_close(row.set == Set::on);
      if (!row.by_destructor) CHECK(listener.close().has_value());
      CHECK(exists(path) == (row.by_destructor || !row.removed));
    }
    CHECK(exists(path) == !row.removed);
    stage.end_turn();
    if (!row.removed) REQUIRE(::unlink(path.c_str()) == 0);
  }
}

TEST_CASE("[85] a file that somebody has made anew is not the listener's to remove, at no close") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  Stage stage;
  {
    Listener listener = stage.listen("unix", path);
    CHECK(listener.close().has_value());
    CHECK_FALSE(exists(path));
    std::ofstream(path) << "mine\n";
    const auto again = listener.close();
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().is_closed());
    CHECK(exists(path));
  }
  CHECK(exists(path));
  REQUIRE(::unlink(path.c_str()) == 0);
  {
    Listener listener = stage.listen("unix", path);
    REQUIRE(::unlink(path.c_str()) == 0);
    std::ofstream(path) << "mine\n";
    CHECK(listener.close().has_value());
    CHECK(exists(path));
  }
  CHECK(exists(path));
}

TEST_CASE("[86] no name on unix is a free abstract one, which the listener knows") {
  Stage stage;
  Listener first = stage.listen("unix", ""), second = stage.listen("unix", "");
  for (const Listener* listener : {&first, &second}) {
    const std::string name = listener->local_addr().text();
    CAPTURE(name);
    CHECK(name.size() == 6);
    CHECK(name.starts_with('@'));
    CHECK(name.find_first_not_of("0123456789abcdef", 1) == std::string::npos);
  }
  CHECK(first.local_addr() != second.local_addr());
  Peer client = Peer::connect(first.local_addr());
  Conn conn = accept(stage, first);
  test::run(stage.reactor, exchange(stage.reactor, conn, client));
}

TEST_CASE("[87] an abstract name may be as long as the kernel takes it") {
  Stage stage;
  // Its own for each run of the test, for all processes of the machine share these names.
  std::string name = "@reactord-" + std::to_string(::getpid()) + '-';
  name.resize(Address::max_path + 1, 'x');  // with its NUL, which is written @: the 108 bytes of sun_path
  Listener listener = stage.listen("unix", name);
  CHECK(listener.local_addr().text() == name);
  CHECK(listener.local_addr().text().size() == 108);
  Peer client = Peer::connect(listener.local_addr());
  Conn conn = accept(stage, listener);
  CHECK(conn.local_addr().text() == name);
  test::run(stage.reactor, exchange(stage.reactor, conn, client));
}

TEST_CASE("[88] a unix client has no name of its own; what it is connected to is the path of the server") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  Stage stage;
  Listener listener = stage.listen("unix", path);
  Peer client = Peer::connect(listener.local_addr());
  const Conn server_side = accept(stage, listener);
  CHECK(server_side.local_addr().text() == path);
  CHECK(server_side.remote_addr().text() == "@");
  const auto client_side = reactord::adopt_conn(stage.reactor, client.fd());
  REQUIRE(client_side.has_value());
  client.release();
  CHECK(client_side->local_addr().text() == "@");
  CHECK(client_side->remote_addr().text() == path);
}

TEST_CASE("[89] a listening socket that somebody else has opened serves as one of ours") {
  const test::TemporaryDirectory directory;
  for (const std::string& text : {std::string("127.0.0.1:0"), std::string("[::1]:0"), std::string("[::]:0"),
                                  "unix:" + directory.path("socket"), std::string("unix:@")}) {
    CAPTURE(text);
    Stage stage;
    Peer foreign = foreign_listener(address_of(text));
    const Address where = foreign.local_addr();
    auto listener = reactord::adopt_listener(stage.reactor, foreign.fd());
    REQUIRE(listener.has_value());
    const int fd = foreign.release();
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(listener->local_addr() == where);
    CHECK(listener->network() == where.network());
    Peer client = Peer::connect(where);
    Conn conn = accept(stage, *listener);
    test::run(stage.reactor, exchange(stage.reactor, conn, client));
    CHECK(listener->close().has_value());
    stage.end_turn();
    CHECK_FALSE(is_open(fd));
  }
}

TEST_CASE(
    "a listening socket that another process holds too goes on listening there, and tells us nothing more") {
  const test::TemporaryDirectory directory;
  for (const std::string& text : {std::string("127.0.0.1:0"), "unix:" + directory.path("socket")}) {
    for (const bool drained : {false, true}) {
      CAPTURE(text);
      CAPTURE(drained);
      ::unlink(directory.path("socket").c_str());
      Stage stage;
      const Peer manager = foreign_listener(address_of(text));
      Peer ours(::fcntl(manager.fd(), F_DUPFD_CLOEXEC, 0));
      auto listener = reactord::adopt_listener(stage.reactor, ours.fd());
      REQUIRE(listener.has_value());
      const int fd = ours.release();
      CHECK(is_watched(fd));
      if (drained) listener->drain();
      CHECK(listener->close().has_value());
      stage.end_turn();
      CHECK_FALSE(is_open(fd));
      CHECK_FALSE(is_watched(fd));
      const Peer client = Peer::connect(manager.local_addr());
      stage.end_turn();
      const Peer served(::accept(manager.fd(), nullptr, nullptr));
      CHECK(served.fd() >= 0);
    }
  }
}

Task<> check_closed_for_accept(Listener& listener) {
  auto conn = co_await listener.accept();
  REQUIRE_FALSE(conn.has_value());
  CHECK(conn.error().is_closed());
}

TEST_CASE("drain leaves those in the queue of an adopted socket to whoever holds it too") {
  for (const char* text : {"127.0.0.1:0", "unix:@"}) {
    CAPTURE(text);
    Stage stage;
    const Peer manager = foreign_listener(address_of(text));
    Peer ours(::fcntl(manager.fd(), F_DUPFD_CLOEXEC, 0));
    auto listener = reactord::adopt_listener(stage.reactor, ours.fd());
    REQUIRE(listener.has_value());
    ours.release();
    const Peer waits = Peer::connect(manager.local_addr());
    stage.end_turn();
    listener->drain();
    test::run(stage.reactor, check_closed_for_accept(*listener));
    const Peer served(::accept(manager.fd(), nullptr, nullptr));
    CHECK(served.fd() >= 0);
  }
}

TEST_CASE("[89] a connected socket that somebody else has opened serves as a Conn") {
  const test::TemporaryDirectory directory;
  struct Row {
    std::string network, address;
  };
  for (const Row& row : {Row{"tcp", "127.0.0.1:0"}, Row{"tcp6", "[::1]:0"},
                         Row{"unix", directory.path("socket")}, Row{"unix", ""}}) {
    CAPTURE(row.network);
    CAPTURE(row.address);
    Stage stage;
    Listener listener = stage.listen(row.network, row.address);
    Peer foreign = Peer::connect(listener.local_addr());
    auto adopted = reactord::adopt_conn(stage.reactor, foreign.fd());
    REQUIRE(adopted.has_value());
    const int fd = foreign.release();
    Conn conn = accept(stage, listener);
    CHECK(adopted->remote_addr() == listener.local_addr());
    CHECK(adopted->local_addr() == conn.remote_addr());
    CHECK(adopted->network() == listener.local_addr().network());
    static constexpr auto both_ways = [](Conn& from, Conn& to) -> Task<> {
      auto written = co_await from.write(std::string_view("x"));
      CHECK(written.has_value());
      Task<> echoing = echo_once(to);
      co_await std::move(echoing);
      char byte = 0;
      auto count = co_await from.read(std::span(&byte, 1));
      CHECK(count.has_value());
      CHECK(byte == 'x');
    };
    test::run(stage.reactor, both_ways(*adopted, conn));
    adopted->abort();
    stage.end_turn();
    CHECK_FALSE(is_open(fd));
  }
  Stage stage;
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  Peer near(pair[0]), far(pair[1]);
  REQUIRE(::fcntl(far.fd(), F_SETFL, O_NONBLOCK) == 0);
  auto adopted = reactord::adopt_conn(stage.reactor, near.fd());
  REQUIRE(adopted.has_value());
  near.release();
  CHECK(adopted->local_addr().text() == "@");
  CHECK(adopted->remote_addr().text() == "@");
  test::run(stage.reactor, exchange(stage.reactor, *adopted, far));
}

TEST_CASE("[89] what is no such socket is refused, and stays with the caller as it was") {
  Stage stage;
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const Peer reading(pipe_ends[0]), writing(pipe_ends[1]);
  const Peer datagram = foreign_listener(address_of("127.0.0.1:0"), SOCK_DGRAM);
  const Peer unconnected(::socket(AF_INET, SOCK_STREAM, 0));
  const Peer listening = foreign_listener(address_of("127.0.0.1:0"));
  const Peer connected = Peer::connect(listening.local_addr());
  struct Row {
    int fd;
    const char *as_listener, *as_conn;  // the reason; null: it would be taken
  };
  const Row table[] = {
      {pipe_ends[0], "getsockopt: socket operation on non-socket",
       "getsockopt: socket operation on non-socket"},
      {datagram.fd(), "not a stream socket", "not a stream socket"},
      {unconnected.fd(), "not a listening socket", "not a connected socket"},
      {listening.fd(), nullptr, "not a connected socket"},
      {connected.fd(), "not a listening socket", nullptr},
      {-1, "getsockopt: bad file descriptor", "getsockopt: bad file descriptor"},
  };
  for (const Row& row : table) {
    CAPTURE(row.fd);
    const std::string beginning = "adopt fd " + std::to_string(row.fd) + ": ";
    const int flags = ::fcntl(row.fd, F_GETFL), descriptor_flags = ::fcntl(row.fd, F_GETFD);
    if (row.as_listener != nullptr) {
      const auto listener = reactord::adopt_listener(stage.reactor, row.fd);
      REQUIRE_FALSE(listener.has_value());
      CHECK(listener.error().text() == beginning + row.as_listener);
    }
    if (row.as_conn != nullptr) {
      const auto conn = reactord::adopt_conn(stage.reactor, row.fd);
      REQUIRE_FALSE(conn.has_value());
      CHECK(conn.error().text() == beginning + row.as_conn);
    }
    CHECK(::fcntl(row.fd, F_GETFL) == flags);
    CHECK(::fcntl(row.fd, F_GETFD) == descriptor_flags);
  }
  CHECK(stage.reactor.open_descriptors() == 0);
}
