// Who is let in: each limit on connections in each mode, over loopback.
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <random>

#include "admission_stage.hpp"
#include "reactord/pipe.hpp"

using reactord::Address;
using reactord::EndCause;
using reactord::Limits;
using reactord::OverLimit;
using reactord::Task;
using reactord::Time;
using test::AdmissionStage;
using test::Peer;
using test::Texts;
using namespace std::chrono_literals;

Peer AdmissionStage::connect_to(const Address& to, std::string_view text, const char* from) {
  Peer peer(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  if (from != nullptr) {
    const unsigned length = Address::from_host(from, 0)->to_socket_address(storage);
    REQUIRE(::bind(peer.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  }
  const unsigned length = to.to_socket_address(storage);
  REQUIRE(::connect(peer.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  REQUIRE(::fcntl(peer.fd(), F_SETFL, O_NONBLOCK) == 0);
  REQUIRE(peer.send(text) == text.size());
  return peer;
}

namespace {

Limits all_connections(std::size_t most, OverLimit then) {
  Limits limits;
  limits.connections = {.most = most, .then = then};
  return limits;
}

Limits each_address(std::size_t most, OverLimit then) {
  Limits limits;
  limits.connections_per_address = {.most = most, .then = then};
  return limits;
}

Limits all_accepts(std::uint32_t per_second, std::uint32_t burst, OverLimit then) {
  Limits limits;
  limits.accepts = {.per_second = per_second, .burst = burst, .then = then};
  return limits;
}

Limits accepts_of_each(std::uint32_t per_second, std::uint32_t burst, OverLimit then) {
  Limits limits;
  limits.accepts_per_address = {.per_second = per_second, .burst = burst, .then = then};
  return limits;
}

// Reads to the end of a rejected client's stream: the line, and an orderly end.
Task<> check_told(AdmissionStage& on, Peer& peer, std::string text) {
  auto told = co_await test::read_to_end(on.reactor, peer);
  CHECK(told == text);
  CHECK(peer.error() == 0);
}

Task<> check_served(AdmissionStage& on, Peer& peer, std::string text) {
  auto reply = co_await test::read_line(on.reactor, peer);
  CHECK(reply == text);
}

Task<> sleep(AdmissionStage& on, reactord::Duration duration) {
  auto slept = co_await on.reactor.sleep(duration);
  CHECK(slept.has_value());
  co_await on.settle();
}

}  // namespace

TEST_CASE("a full server leaves who comes next in the kernel's queue until one ends") {
  AdmissionStage stage(all_connections(2, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n"), two = on.connect("2\n"), three = on.connect("3\n"),
         four = on.connect("4\n");
    co_await check_served(on, one, "got 1\n");
    co_await check_served(on, two, "got 2\n");
    co_await on.settle();
    CHECK(on.server.accepted() == 2);
    CHECK(three.receive().empty());
    CHECK(on.observer.deferred == Texts{"max-connections line"});
    one.close();
    co_await check_served(on, three, "got 3\n");
    co_await on.settle();
    CHECK(on.server.accepted() == 3);
    CHECK(on.server.open_connections() == 2);
    CHECK(on.observer.deferred.size() == 2);
    two.close();
    co_await check_served(on, four, "got 4\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::over_limit) == 0);
}

TEST_CASE("a connection that lingers takes its place until it is gone") {
  AdmissionStage stage(all_connections(1, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer silent = on.connect(), next = on.connect("next\n");
    co_await on.settle();
    co_await sleep(on, 60s + 1ms);  // the idle timeout: closed, and it does not close its own side
    CHECK(silent.receive().empty());
    CHECK(silent.at_end());
    CHECK(on.server.accepted() == 1);
    co_await sleep(on, reactord::Conn::linger_timeout);
    co_await check_served(on, next, "got next\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("a full server that rejects tells who comes next, and gives the place to who comes after an end") {
  AdmissionStage stage(all_connections(1, OverLimit::reject));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n"), two = on.connect("2\n");
    co_await check_served(on, one, "got 1\n");
    co_await check_told(on, two, "ERR too many connections (max 1)\n");
    CHECK(on.server.open_connections() == 2);
    one.close();
    co_await on.settle();
    CHECK(on.server.open_connections() == 1);  // the one that was told holds on, and takes no place
    Peer three = on.connect("3\n");
    co_await check_served(on, three, "got 3\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::over_limit) == 1);
  CHECK(stage.observer.ends == Texts{"drained ", "over-limit max-connections"});
  CHECK(stage.observer.deferred.empty());
}

TEST_CASE("where one listener fills the server the others accept nothing, and each has its turn") {
  AdmissionStage stage(all_connections(1, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    const std::array<Address, 3> at{on.address, on.listen("127.0.0.1:0", "second"),
                                    on.listen("unix:@", "third")};
    co_await on.settle();  // all three wait in accept
    std::vector<Peer> peers;
    for (int round = 0; round < 4; ++round) {
      for (const Address& to : at) peers.push_back(on.connect_to(to, "x\n"));
    }
    std::array<int, 3> served{};
    for (int count = 0; count < 12; ++count) {
      co_await on.settle();
      CHECK(on.server.accepted() == static_cast<std::uint64_t>(count + 1));
      CHECK(on.server.open_connections() == 1);
      for (std::size_t index = 0; index < peers.size(); ++index) {
        if (peers[index].fd() < 0 || peers[index].receive().empty()) continue;
        ++served[index % 3];
        peers[index].close();
      }
      for (const int times : served) CHECK(times >= count / 3 - 1);  // nobody is kept out by the others
    }
    CHECK(served == std::array<int, 3>{4, 4, 4});
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("a spent rate holds the accept loop back until one is due, and says so once each time") {
  AdmissionStage stage(all_accepts(10, 2, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 5; ++count) peers.push_back(on.connect("x\n"));
    co_await on.settle();
    CHECK(on.server.accepted() == 2);
    CHECK(on.observer.deferred == Texts{"accept-rate line"});
    for (std::uint64_t accepted = 3; accepted <= 5; ++accepted) {
      co_await sleep(on, 98ms);
      CHECK(on.server.accepted() == accepted - 1);
      co_await sleep(on, 2ms);
      CHECK(on.server.accepted() == accepted);
      CHECK(on.observer.deferred.size() == accepted - 1);
    }
    for (Peer& peer : peers) co_await check_served(on, peer, "got x\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("a rate is shared fairly among listeners that all have clients") {
  AdmissionStage stage(all_accepts(100, 1, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    const std::array<Address, 3> at{on.address, on.listen("127.0.0.1:0"), on.listen("127.0.0.1:0")};
    std::vector<Peer> peers;
    for (int round = 0; round < 10; ++round) {
      for (const Address& to : at) peers.push_back(on.connect_to(to, "x\n"));
    }
    co_await sleep(on, 149ms);
    CHECK(on.server.accepted() == 15);
    std::array<int, 3> served{};
    for (std::size_t index = 0; index < peers.size(); ++index) {
      if (!peers[index].receive().empty()) ++served[index % 3];
    }
    CAPTURE(served[0]);
    CAPTURE(served[1]);
    CAPTURE(served[2]);
    CHECK(served == std::array<int, 3>{5, 5, 5});
    on.server.kill();
  };
  stage.run(body(stage));
}

TEST_CASE("a rate that rejects tells who comes too soon") {
  AdmissionStage stage(all_accepts(10, 2, OverLimit::reject));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n"), two = on.connect("2\n"), three = on.connect("3\n");
    co_await check_served(on, one, "got 1\n");
    co_await check_served(on, two, "got 2\n");
    co_await check_told(on, three, "ERR too many new connections (max 10 per second)\n");
    co_await sleep(on, 100ms);
    Peer four = on.connect("4\n");
    co_await check_served(on, four, "got 4\n");
    three.close();
    co_await on.settle();
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::over_rate) == 1);
  CHECK(stage.observer.ends[0] == "over-rate accept-rate");
}

TEST_CASE("one address that has its number is told, another is served") {
  AdmissionStage stage(each_address(1, OverLimit::reject));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n", "127.0.0.2"), two = on.connect("2\n", "127.0.0.2"),
         other = on.connect("3\n", "127.0.0.3");
    co_await check_served(on, one, "got 1\n");
    co_await check_told(on, two, "ERR too many connections from your address (max 1)\n");
    co_await check_served(on, other, "got 3\n");
    one.close();
    two.close();
    co_await on.settle();
    Peer again = on.connect("4\n", "127.0.0.2");
    co_await check_served(on, again, "got 4\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.observer.ends[0] == "over-limit max-connections-per-address");
}

TEST_CASE("one address that has its number waits, as many again, unread and in order") {
  AdmissionStage stage(each_address(2, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (const char* text : {"0\n", "1\n", "2\n", "3\n", "4\n"})
      peers.push_back(on.connect(text, "127.0.0.2"));
    Peer other = on.connect("other\n", "127.0.0.3");
    co_await check_served(on, other, "got other\n");
    co_await check_served(on, peers[0], "got 0\n");
    co_await check_served(on, peers[1], "got 1\n");
    co_await check_told(on, peers[4], "ERR too many connections from your address (max 2)\n");
    peers[4].close();
    co_await on.settle();
    CHECK(peers[2].receive().empty());
    CHECK(on.server.open_connections() == 5);
    CHECK(on.observer.deferred ==
          Texts{"max-connections-per-address line 127.0.0.2", "max-connections-per-address line 127.0.0.2"});
    peers[1].close();
    co_await check_served(on, peers[2], "got 2\n");
    co_await on.settle();
    CHECK(peers[3].receive().empty());
    peers[0].close();
    co_await check_served(on, peers[3], "got 3\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("many that wait and have gone meanwhile are served one after the other, each to its end") {
  AdmissionStage stage(each_address(500, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 500; ++count) peers.push_back(on.connect("x\n"));
    const auto all_served = [&on] { return on.server.open_connections() == 500; };
    co_await test::until(on.reactor, all_served);
    std::vector<Peer> gone;
    for (int count = 0; count < 500; ++count) gone.push_back(on.connect("bye\n"));
    const auto all_wait = [&on] { return on.server.open_connections() == 1000; };
    co_await test::until(on.reactor, all_wait);
    for (Peer& peer : gone) peer.finish();
    for (std::size_t index = 0; index < 499; ++index) peers[index].close();
    for (Peer& peer : gone) co_await check_told(on, peer, "got bye\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::eof) == 500);  // the others leave their replies unread: reset
}

TEST_CASE("who waits for longer than the idle timeout is told, the others go on waiting") {
  AdmissionStage stage(each_address(2, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n"), two = on.connect("2\n"), three = on.connect("3\n");
    co_await sleep(on, 30s);
    one.send("more\n");
    two.send("more\n");
    Peer four = on.connect("4\n");
    co_await sleep(on, 29s);
    CHECK(three.receive().empty());
    co_await sleep(on, 1s + 1ms);
    co_await check_told(on, three, "ERR too many connections from your address (max 2)\n");
    CHECK(four.receive().empty());
    CHECK_FALSE(four.at_end());
    one.close();
    co_await check_served(on, four, "got 4\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::over_limit) == 1);
}

TEST_CASE("one address that comes too often is told, another is served") {
  AdmissionStage stage(accepts_of_each(1, 1, OverLimit::reject));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n", "127.0.0.2"), two = on.connect("2\n", "127.0.0.2"),
         other = on.connect("3\n", "127.0.0.3");
    co_await check_served(on, one, "got 1\n");
    co_await check_told(on, two, "ERR too many new connections from your address (max 1 per second)\n");
    co_await check_served(on, other, "got 3\n");
    one.close();
    co_await sleep(on, 999ms);
    Peer soon = on.connect("4\n", "127.0.0.2");
    co_await check_told(on, soon, "ERR too many new connections from your address (max 1 per second)\n");
    co_await sleep(on, 1ms);
    Peer late = on.connect("5\n", "127.0.0.2");
    co_await check_served(on, late, "got 5\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::over_rate) == 2);
  CHECK(stage.observer.ends.back() == "over-rate accept-rate-per-address");
}

TEST_CASE("one address that comes too often waits until it is due, at most a burst of it") {
  AdmissionStage stage(accepts_of_each(10, 2, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (const char* text : {"0\n", "1\n", "2\n", "3\n", "4\n"}) peers.push_back(on.connect(text));
    co_await check_told(on, peers[4], "ERR too many new connections from your address (max 10 per second)\n");
    co_await check_served(on, peers[0], "got 0\n");
    co_await check_served(on, peers[1], "got 1\n");
    CHECK(on.observer.deferred ==
          Texts{"accept-rate-per-address line 127.0.0.1", "accept-rate-per-address line 127.0.0.1"});
    co_await sleep(on, 99ms);
    CHECK(peers[2].receive().empty());
    co_await sleep(on, 1ms);
    co_await check_served(on, peers[2], "got 2\n");
    CHECK(peers[3].receive().empty());
    co_await sleep(on, 100ms);
    co_await check_served(on, peers[3], "got 3\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("who would wait in vain is told at once") {
  AdmissionStage stage([] {
    Limits limits = accepts_of_each(1, 100, OverLimit::defer);
    limits.idle_timeout = 5s;
    return limits;
  }());
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 105; ++count) peers.push_back(on.connect("x\n"));
    const auto is_told = [&on] { return on.observer.deferred.size() == 4; };
    co_await test::until(on.reactor, is_told);  // due in 1, 2, 3 and 4 seconds
    co_await check_told(on, peers[104],
                        "ERR too many new connections from your address (max 1 per second)\n");
    on.server.kill();
  };
  stage.run(body(stage));
}

TEST_CASE("count and rate of one address hold together") {
  AdmissionStage stage([] {
    Limits limits = accepts_of_each(1, 2, OverLimit::defer);
    limits.connections_per_address = {.most = 2, .then = OverLimit::defer};
    return limits;
  }());
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (const char* text : {"0\n", "1\n", "2\n", "3\n"}) peers.push_back(on.connect(text));
    co_await sleep(on, 10s);  // both that wait are due long since
    CHECK(peers[2].receive().empty());
    peers[0].close();
    co_await check_served(on, peers[2], "got 2\n");
    peers[1].close();
    peers[2].close();
    co_await check_served(on, peers[3], "got 3\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("a rejected client takes nothing of the rate for all") {
  AdmissionStage stage([] {
    Limits limits = each_address(1, OverLimit::reject);
    limits.accepts = {.per_second = 1, .burst = 2, .then = OverLimit::defer};
    return limits;
  }());
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> hostile;
    for (int count = 0; count < 50; ++count) hostile.push_back(on.connect("x\n", "127.0.0.2"));
    Peer other = on.connect("mine\n", "127.0.0.3");
    co_await check_served(on, other, "got mine\n");
    on.server.kill();
  };
  stage.run(body(stage));
}

TEST_CASE("clients of a unix socket are counted by their user") {
  AdmissionStage stage(each_address(1, OverLimit::reject), "unix:@");
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    Peer one = on.connect("1\n");
    co_await on.settle();
    Peer two = on.connect("2\n");
    co_await check_served(on, two, "ERR too many connections from your address (max 1)\n");
    co_await check_served(on, one, "got 1\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("no more than a thousand and twenty-four wait, of all addresses") {
  AdmissionStage stage(each_address(600, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (const char* from : {"127.0.0.2", "127.0.0.3"}) {
      for (int count = 0; count < 1200; ++count) peers.push_back(on.connect("x\n", from));
      const std::uint64_t expected = peers.size();
      const auto all_accepted = [&on, expected] { return on.server.accepted() == expected; };
      co_await test::until(on.reactor, all_accepted);
    }
    co_await on.settle();
    CHECK(on.observer.deferred.size() == reactord::Server::waiting_at_once);
    CHECK(on.server.open_connections() ==
          1200 + reactord::Server::waiting_at_once + reactord::Server::rejections_at_once);
    on.server.kill();
  };
  stage.run(body(stage));
  CHECK(stage.server.ended(EndCause::over_limit) == 2400 - 1200 - reactord::Server::waiting_at_once);
}

TEST_CASE("a connection that is there already counts, and is let in whatever the limits say") {
  AdmissionStage stage(all_connections(1, OverLimit::defer));
  static constexpr auto body = [](AdmissionStage& on) -> Task<> {
    auto [near_one, far_one] = reactord::buffered_pipe(on.reactor);
    auto [near_two, far_two] = reactord::buffered_pipe(on.reactor);
    on.server.serve(std::move(far_one), on.handler);
    on.server.serve(std::move(far_two), on.handler);
    Peer peer = on.connect("mine\n");
    co_await on.settle();
    CHECK(on.server.open_connections() == 2);
    auto first = near_one.close();
    co_await on.settle();
    CHECK(on.server.accepted() == 2);
    auto second = near_two.close();
    co_await check_served(on, peer, "got mine\n");
    on.server.drain(1s);
  };
  stage.run(body(stage));
}

TEST_CASE("a thousand random clients of a server with every limit leave its books in balance") {
  for (unsigned seed = 0; seed < 16; ++seed) {
    CAPTURE(seed);
    const auto mode = [seed](unsigned bit) {
      return (seed >> bit & 1) != 0 ? OverLimit::reject : OverLimit::defer;
    };
    Limits limits;
    limits.idle_timeout = 3s;
    limits.connections = {.most = 20, .then = mode(0)};
    limits.connections_per_address = {.most = 5, .then = mode(1)};
    limits.accepts = {.per_second = 200, .burst = 20, .then = mode(2)};
    limits.accepts_per_address = {.per_second = 20, .burst = 4, .then = mode(3)};
    AdmissionStage stage(limits);
    static constexpr auto body = [](AdmissionStage& on, unsigned with_seed) -> Task<> {
      std::minstd_rand random(with_seed + 1);
      std::vector<Peer> peers(40);
      for (int step = 0; step < 1000; ++step) {
        Peer& peer = peers[random() % peers.size()];
        const std::string from = "127.0.0." + std::to_string(2 + random() % 6);
        if (peer.fd() < 0) {
          peer = on.connect(random() % 2 == 0 ? "x\n" : "", from.c_str());
        } else if (random() % 4 == 0) {
          peer.reset();
          peer = Peer();
        } else {
          peer = Peer();
        }
        if (random() % 4 == 0) {
          auto slept = co_await on.reactor.sleep(std::chrono::milliseconds(random() % 100));
          CHECK(slept.has_value());
        }
        co_await on.reactor.next_turn();
        REQUIRE(on.server.check());
      }
      on.server.drain(5s);
      co_await on.settle();
      peers.clear();
    };
    stage.run(body(stage, seed));
  }
}
