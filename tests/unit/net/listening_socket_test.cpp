// What the socket of a Listener is like: its backlog, its options, and those of what it accepts.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "reactord/listener.hpp"
#include "support/listener_stage.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"
#include "traps/trap.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Error;
using reactord::Listener;
using reactord::ListenOptions;
using reactord::Network;
using reactord::Result;
using test::Peer;
using namespace test::listeners;

namespace {

// The backlog that the kernel gave a listening socket: tcp_info has it in this field while it listens (tcp_diag.c).
unsigned backlog_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  return info.tcpi_sacked;
}

}  // namespace

TEST_CASE("[81] the backlog is as long as the kernel allows, or as long as was asked for") {
  unsigned most = 0;
  std::ifstream("/proc/sys/net/core/somaxconn") >> most;
  REQUIRE(most > 0);
  ListenerStage stage;
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
    ListenerStage stage;
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
    ListenerStage stage;
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
