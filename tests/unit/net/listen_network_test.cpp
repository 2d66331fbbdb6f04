// Where a Listener listens, by Go's names: which addresses share a port, which families it serves, and names on unix.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "reactord/listener.hpp"
#include "support/listener_stage.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::ListenOptions;
using reactord::Network;
using reactord::Result;
using test::Peer;
using namespace test::listeners;

namespace {

constexpr const char* over_ip6 = "[::1]:0";

}  // namespace

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
    ListenerStage stage;
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
    ListenerStage stage;
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
    ListenerStage stage;
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
  ListenerStage stage;
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
      ListenerStage stage;
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
    ListenerStage stage;
    Listener listener = stage.listen(row.network, row.address);
    Peer client = Peer::connect(listener.local_addr());
    Conn conn = accept(stage, listener);
    test::run(stage.reactor, exchange(stage.reactor, conn, client));
  }
}

TEST_CASE("[77] no address at all is every address, at a port of the kernel's choice") {
  ListenerStage stage;
  const Listener listener = stage.listen("tcp", "");
  CHECK(listener.local_addr().port() != 0);
  CHECK(listener.local_addr().is_wildcard());
  CHECK(reaches(over_ip4, listener.local_addr().port()));
  CHECK(reaches(over_ip6, listener.local_addr().port()));
}

TEST_CASE("[82] what stands in the way of listening is told, and nothing is left behind") {
  ListenerStage stage;
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

TEST_CASE("[86] no name on unix is a free abstract one, which the listener knows") {
  ListenerStage stage;
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
  ListenerStage stage;
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
  ListenerStage stage;
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
