// Listener: where it listens, whom it hands out, how it ends, and what it does when descriptors run out.
#include "reactord/listener.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/listener_stage.hpp"
#include "support/no_descriptors.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Duration;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::ListenOptions;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using test::Peer;
using namespace std::chrono_literals;
using namespace test::listeners;

namespace {

// The accepted socket that belongs to `peer`: this process has both ends.
int descriptor_of_other_end(const Peer& peer) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) continue;
    if (Address::from_socket_address(storage, length) == peer.local_addr()) return fd;
  }
  return -1;
}

}  // namespace

TEST_CASE("it listens where it was told to, knows where that is, and hands out connections") {
  const test::TemporaryDirectory directory;
  for (const std::string& text : {std::string("127.0.0.1:0"), std::string("[::1]:0"), std::string("unix:@"),
                                  "unix:" + directory.path("socket")}) {
    CAPTURE(text);
    ListenerStage stage;
    Listener listener = stage.listen(text);
    CHECK((listener.local_addr().is_unix() || listener.local_addr().port() != 0));
    const Peer peer = Peer::connect(listener.local_addr());
    std::optional<Result<Conn>> accepted;
    test::run(stage.reactor, accept_into(listener, accepted));
    REQUIRE((accepted && accepted->has_value()));
    CHECK((*accepted)->local_addr() == listener.local_addr());
    CHECK((*accepted)->remote_addr() == peer.local_addr());
    CHECK(stage.reactor.open_descriptors() == 2);
  }
}

TEST_CASE("an empty host is every address, over IPv4 and IPv6") {
  for (const char* text : {":0", "0.0.0.0:0", "[::]:0"}) {
    CAPTURE(text);
    ListenerStage stage;
    Listener listener = stage.listen(text);
    for (const char* host : {"127.0.0.1:0", "[::1]:0"}) {
      const Address address = Address::parse(host)->with_port(listener.local_addr().port());
      const Peer peer = Peer::connect(address);
      std::optional<Result<Conn>> accepted;
      test::run(stage.reactor, accept_into(listener, accepted));
      REQUIRE((accepted && accepted->has_value()));
      CHECK((*accepted)->remote_addr().text() == peer.local_addr().text());
    }
  }
}

TEST_CASE("what stands in the way of listening is said in Go's words") {
  ListenerStage stage;
  const Listener first = stage.listen("127.0.0.1:0");
  const auto second = stage.try_listen(first.local_addr().text());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().text() ==
        "listen tcp " + first.local_addr().text() + ": bind: address already in use");
  const auto foreign = stage.try_listen("192.0.2.1:0");
  REQUIRE_FALSE(foreign.has_value());
  CHECK(foreign.error().text() == "listen tcp 192.0.2.1:0: bind: cannot assign requested address");
  const auto nowhere = stage.try_listen("unix:/nonexistent/socket");
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().text() == "listen unix /nonexistent/socket: bind: no such file or directory");
  CHECK(stage.reactor.open_descriptors() == 1);
}

TEST_CASE("[56] accepted sockets have NODELAY and keep-alive from birth, as asked") {
  ListenerStage stage;
  Listener usual = stage.listen("127.0.0.1:0");
  ListenOptions without;
  without.stream.no_delay = false;
  without.stream.keep_alive_idle = 0s;
  Listener plain = stage.listen("127.0.0.1:0", without);
  const Peer first = Peer::connect(usual.local_addr()), second = Peer::connect(plain.local_addr());
  std::optional<Result<Conn>> one, two;
  test::run(stage.reactor, accept_into(usual, one));
  test::run(stage.reactor, accept_into(plain, two));
  const int fd = descriptor_of_other_end(first), other = descriptor_of_other_end(second);
  CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 15);
  CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 15);
  CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT) == 9);
  CHECK(option_of(other, IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(option_of(other, SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("one accept at a time; close ends it; a second close says so") {
  ListenerStage stage;
  Listener listener = stage.listen("127.0.0.1:0");
  std::optional<Result<Conn>> pending, second, after;
  stage.reactor.spawn(accept_into(listener, pending));
  stage.run(
      [](ListenerStage& on, Listener& of, std::optional<Result<Conn>>& busy) -> Task<> {
        co_await on.reactor.next_turn();
        Task<> accepting = accept_into(of, busy);
        co_await std::move(accepting);
        CHECK(of.close().has_value());
      },
      listener, second);
  const std::string where = " tcp " + listener.local_addr().text() + ": ";
  REQUIRE((second && !second->has_value()));
  CHECK(second->error() == ErrorCode::busy);
  REQUIRE((pending && !pending->has_value()));
  CHECK(pending->error().text() == "accept" + where + "use of closed network connection");
  const auto again = listener.close();
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().text() == "close" + where + "use of closed network connection");
  test::run(stage.reactor, accept_into(listener, after));
  REQUIRE((after && !after->has_value()));
  CHECK(after->error().is_closed());
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("after close the port is free at once") {
  ListenerStage stage;
  std::string where;
  {
    const Listener listener = stage.listen("127.0.0.1:0");
    where = listener.local_addr().text();
  }
  test::run(stage.reactor, next_turn(stage.reactor));
  const Listener again = stage.listen(where);
  CHECK(again.local_addr().text() == where);
}

TEST_CASE("[80] a long queue is accepted in portions, and nobody is forgotten") {
  ListenerStage stage;
  Listener listener = stage.listen("127.0.0.1:0");
  constexpr int clients = 3 * Listener::accepts_per_turn + 5;
  std::vector<Peer> peers;
  for (int count = 0; count < clients; ++count) peers.push_back(Peer::connect(listener.local_addr()));
  std::map<std::uint64_t, std::uint32_t> by_turn;
  stage.run(
      [](ListenerStage& on, Listener& of, std::map<std::uint64_t, std::uint32_t>& turns) -> Task<> {
        std::vector<Conn> conns;
        for (int count = 0; count < clients; ++count) {
          auto conn = co_await of.accept();
          REQUIRE(conn.has_value());
          conns.push_back(std::move(*conn));
          ++turns[on.reactor.turns()];
        }
      },
      listener, by_turn);
  CHECK(by_turn.size() >= 4);
  for (const auto& [turn, count] : by_turn) CHECK(count <= Listener::accepts_per_turn);
}

TEST_CASE("drain hands out those already in the queue, then ends") {
  for (const char* text : {"127.0.0.1:0", "unix:@"}) {
    CAPTURE(text);
    ListenerStage stage;
    Listener listener = stage.listen(text);
    const Peer first = Peer::connect(listener.local_addr()), second = Peer::connect(listener.local_addr());
    listener.drain();
    std::optional<Result<Conn>> one, two, three;
    test::run(stage.reactor, accept_into(listener, one));
    test::run(stage.reactor, accept_into(listener, two));
    test::run(stage.reactor, accept_into(listener, three));
    CHECK((one && one->has_value()));
    CHECK((two && two->has_value()));
    REQUIRE((three && !three->has_value()));
    CHECK(three->error().is_closed());
  }
}

TEST_CASE("drain ends an accept that waits for nobody") {
  ListenerStage stage;
  Listener listener = stage.listen("127.0.0.1:0");
  std::optional<Result<Conn>> pending;
  stage.reactor.spawn(accept_into(listener, pending));
  stage.run(
      [](ListenerStage& on, Listener& of) -> Task<> {
        co_await on.reactor.next_turn();
        co_await on.reactor.next_turn();
        of.drain();
      },
      listener);
  REQUIRE((pending && !pending->has_value()));
  CHECK(pending->error().is_closed());
}

TEST_CASE("without descriptors it pauses, 5 ms doubling to 1 s, then goes on") {
  ListenerStage stage;
  std::vector<Duration> pauses;
  std::string reason;
  ListenOptions options;
  options.on_pause = [&](const Error& error, Duration pause) {
    reason = error.text();
    pauses.push_back(pause);
  };
  Listener listener = stage.listen("127.0.0.1:0", std::move(options));
  const Peer peer = Peer::connect(listener.local_addr());
  std::optional<Result<Conn>> accepted;
  static constexpr auto body = [](ListenerStage& on, const std::optional<Result<Conn>>& outcome) -> Task<> {
    test::NoDescriptors none;
    auto slept = co_await on.reactor.sleep(5s);
    CHECK(slept.has_value());
    CHECK_FALSE(outcome.has_value());
    none.end();
    auto waited = co_await on.reactor.sleep(Listener::longest_pause);
    CHECK(waited.has_value());
  };
  stage.reactor.spawn(body(stage, accepted));
  test::run(stage.reactor, accept_into(listener, accepted));
  REQUIRE((accepted && accepted->has_value()));
  CHECK(reason.find("too many open files") != std::string::npos);
  CHECK(reason.starts_with("accept tcp 127.0.0.1:"));
  const std::vector<Duration> expected{5ms, 10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1s, 1s, 1s, 1s};
  CHECK(pauses == expected);
  CHECK(listener.pauses() == pauses.size());
}

TEST_CASE("the file of a unix socket goes with its listener, if it is still its own") {
  ListenerStage stage;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  {
    const Listener listener = stage.listen("unix:" + path);
    CHECK(exists(path));
  }
  CHECK_FALSE(exists(path));
  {
    Listener listener = stage.listen("unix:" + path);
    REQUIRE(::unlink(path.c_str()) == 0);
    const Listener successor = stage.listen("unix:" + path);
    CHECK(listener.close().has_value());
    CHECK(exists(path));
  }
  CHECK_FALSE(exists(path));
}

TEST_CASE("a socket file left behind is taken over; a live one and a plain file are refused") {
  ListenerStage stage;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  const Address address = *Address::parse("unix:" + path);
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  {
    const Peer dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(dead.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  }
  REQUIRE(exists(path));
  const Listener listener = stage.listen("unix:" + path);
  const auto second = stage.try_listen("unix:" + path);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().text() == "listen unix " + path + ": bind: address already in use");

  const std::string plain = directory.path("plain");
  const Peer file(::creat(plain.c_str(), 0600));
  const auto refused = stage.try_listen("unix:" + plain);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text().ends_with("address already in use"));
  CHECK(exists(plain));
}

TEST_CASE("shutdown of the reactor ends a pending accept and closes") {
  ListenerStage stage;
  Listener listener = stage.listen("127.0.0.1:0");
  std::optional<Result<Conn>> pending;
  stage.reactor.spawn(accept_into(listener, pending));
  static constexpr auto stop = [](ListenerStage& on) -> Task<> {
    co_await on.reactor.next_turn();
    on.reactor.stop();
  };
  stage.reactor.spawn(stop(stage));
  REQUIRE(stage.reactor.run().has_value());
  stage.reactor.shutdown();
  REQUIRE((pending && !pending->has_value()));
  CHECK(pending->error().is_closed());
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

// Closing there armed the timer of a listener that was gone, or left the accept waiting for ever.
TEST_CASE("a listener may be closed by whoever is told of a pause") {
  for (const bool waits_first : {true, false}) {
    CAPTURE(waits_first);
    ListenerStage stage;
    std::optional<Listener> listener;
    ListenOptions options;
    options.on_pause = [&listener](const Error&, Duration) { CHECK(listener->close().has_value()); };
    listener.emplace(stage.listen("127.0.0.1:0", std::move(options)));
    std::optional<Result<Conn>> outcome;
    std::optional<Peer> peer;
    if (!waits_first) {
      peer.emplace(Peer::connect(listener->local_addr()));
      test::run(stage.reactor, next_turn(stage.reactor));
    }
    static constexpr auto starve = [](ListenerStage& on, const Listener& of, std::optional<Peer>& client,
                                      const std::optional<Result<Conn>>& end) -> Task<> {
      co_await on.reactor.next_turn();
      if (!client) client.emplace(Peer::connect(of.local_addr()));
      const test::NoDescriptors none;
      while (!end) co_await on.reactor.next_turn();
    };
    stage.reactor.spawn(starve(stage, *listener, peer, outcome));
    if (waits_first) {
      stage.reactor.spawn(accept_into(*listener, outcome));
      test::run(stage.reactor, next_turn(stage.reactor));
    } else {
      const test::NoDescriptors none;
      test::run(stage.reactor, accept_into(*listener, outcome));
    }
    REQUIRE((outcome && !outcome->has_value()));
    CHECK(outcome->error().is_closed());
    CHECK(stage.reactor.timers().size() == 0);
    listener.reset();
    CHECK(stage.reactor.open_descriptors() == 0);
  }
}
