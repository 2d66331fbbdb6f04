// Who is let in: the limits on all, the books, and that rejected clients take nothing of them.
#include <array>
#include <random>

#include "reactord/pipe.hpp"
#include "support/admission_limits.hpp"
#include "support/listening_stage.hpp"

using reactord::Address;
using reactord::EndCause;
using reactord::Limits;
using reactord::OverLimit;
using reactord::Task;
using test::ListeningStage;
using test::Peer;
using test::Texts;
using namespace std::chrono_literals;
using namespace test::admission;

namespace {

Limits all_connections(std::size_t most, OverLimit then) {
  Limits limits;
  limits.connections = {.most = most, .then = then};
  return limits;
}

Limits all_accepts(std::uint32_t per_second, std::uint32_t burst, OverLimit then) {
  Limits limits;
  limits.accepts = {.per_second = per_second, .burst = burst, .then = then};
  return limits;
}

}  // namespace

TEST_CASE("a full server leaves who comes next in the kernel's queue until one ends") {
  ListeningStage stage(all_connections(2, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
    Peer one = on.connect("1\n"), two = on.connect("2\n"), three = on.connect("3\n"),
         four = on.connect("4\n");
    co_await check_served(on, one, "got 1\n");
    co_await check_served(on, two, "got 2\n");
    co_await on.settle();
    CHECK(on.server.accepted() == 2);
    CHECK(three.receive().empty());
    CHECK(on.observer.deferred() == Texts{"max-connections line"});
    one.close();
    co_await check_served(on, three, "got 3\n");
    co_await on.settle();
    CHECK(on.server.accepted() == 3);
    CHECK(on.server.open_connections() == 2);
    CHECK(on.observer.deferred().size() == 2);
    two.close();
    co_await check_served(on, four, "got 4\n");
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::over_limit) == 0);
}

TEST_CASE("a connection that lingers takes its place until it is gone") {
  ListeningStage stage(all_connections(1, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
    Peer silent = on.connect(), next = on.connect("next\n");
    co_await on.settle();
    co_await sleep(on, 60s + 1ms);  // the idle timeout: closed, and it does not close its own side
    CHECK(silent.receive().empty());
    CHECK(silent.at_end());
    CHECK(on.server.accepted() == 1);
    co_await sleep(on, reactord::Conn::linger_timeout);
    co_await check_served(on, next, "got next\n");
    on.server.drain(1s);
  });
}

TEST_CASE("a full server that rejects tells who comes next, and gives the place to who comes after an end") {
  ListeningStage stage(all_connections(1, OverLimit::reject));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
  CHECK(stage.server.ended(EndCause::over_limit) == 1);
  CHECK(stage.observer.causes_other_than(EndCause::eof) == Texts{"drained", "over-limit max-connections"});
  CHECK(stage.observer.deferred().empty());
}

TEST_CASE("where one listener fills the server the others accept nothing, and each has its turn") {
  ListeningStage stage(all_connections(1, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
}

TEST_CASE("a spent rate holds the accept loop back until one is due, and says so once each time") {
  ListeningStage stage(all_accepts(10, 2, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 5; ++count) peers.push_back(on.connect("x\n"));
    co_await on.settle();
    CHECK(on.server.accepted() == 2);
    CHECK(on.observer.deferred() == Texts{"accept-rate line"});
    for (std::uint64_t accepted = 3; accepted <= 5; ++accepted) {
      co_await sleep(on, 98ms);
      CHECK(on.server.accepted() == accepted - 1);
      co_await sleep(on, 2ms);
      CHECK(on.server.accepted() == accepted);
      CHECK(on.observer.deferred().size() == accepted - 1);
    }
    for (Peer& peer : peers) co_await check_served(on, peer, "got x\n");
    on.server.drain(1s);
  });
}

TEST_CASE("a rate is shared fairly among listeners that all have clients") {
  ListeningStage stage(all_accepts(100, 1, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
}

TEST_CASE("a rate that rejects tells who comes too soon") {
  ListeningStage stage(all_accepts(10, 2, OverLimit::reject));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
  CHECK(stage.server.ended(EndCause::over_rate) == 1);
  CHECK(stage.observer.causes_other_than(EndCause::eof).front() == "over-rate accept-rate");
}

TEST_CASE("a rejected client takes nothing of the rate for all") {
  ListeningStage stage([] {
    Limits limits = each_address(1, OverLimit::reject);
    limits.accepts = {.per_second = 1, .burst = 2, .then = OverLimit::defer};
    return limits;
  }());
  stage.run([](ListeningStage& on) -> Task<> {
    std::vector<Peer> hostile;
    for (int count = 0; count < 50; ++count) hostile.push_back(on.connect("x\n", "127.0.0.2"));
    Peer other = on.connect("mine\n", "127.0.0.3");
    co_await check_served(on, other, "got mine\n");
    on.server.kill();
  });
}

TEST_CASE("a connection that is there already counts, and is let in whatever the limits say") {
  ListeningStage stage(all_connections(1, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
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
    ListeningStage stage(limits);
    stage.run(
        [](ListeningStage& on, unsigned with_seed) -> Task<> {
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
        },
        seed);
  }
}
