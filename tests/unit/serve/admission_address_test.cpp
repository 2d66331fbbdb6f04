// Who is let in of one address: its number and its rate, rejected or waiting, and who is one client.
#include "support/admission_limits.hpp"
#include "support/listening_stage.hpp"

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

Limits accepts_of_each(std::uint32_t per_second, std::uint32_t burst, OverLimit then) {
  Limits limits;
  limits.accepts_per_address = {.per_second = per_second, .burst = burst, .then = then};
  return limits;
}

}  // namespace

TEST_CASE("one address that has its number is told, another is served") {
  ListeningStage stage(each_address(1, OverLimit::reject));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
  CHECK(stage.observer.causes_other_than(EndCause::eof).front() == "over-limit max-connections-per-address");
}

TEST_CASE("one address that has its number waits, as many again, unread and in order") {
  ListeningStage stage(each_address(2, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
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
    CHECK(on.observer.deferred() ==
          Texts{"max-connections-per-address line 127.0.0.2", "max-connections-per-address line 127.0.0.2"});
    peers[1].close();
    co_await check_served(on, peers[2], "got 2\n");
    co_await on.settle();
    CHECK(peers[3].receive().empty());
    peers[0].close();
    co_await check_served(on, peers[3], "got 3\n");
    on.server.drain(1s);
  });
}

TEST_CASE("many that wait and have gone meanwhile are served one after the other, each to its end") {
  ListeningStage stage(each_address(500, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
  CHECK(stage.server.ended(EndCause::eof) == 500);  // the others leave their replies unread: reset
}

TEST_CASE("who waits for longer than the idle timeout is told, the others go on waiting") {
  ListeningStage stage(each_address(2, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
  CHECK(stage.server.ended(EndCause::over_limit) == 1);
}

TEST_CASE("one address that comes too often is told, another is served") {
  ListeningStage stage(accepts_of_each(1, 1, OverLimit::reject));
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
  CHECK(stage.server.ended(EndCause::over_rate) == 2);
  CHECK(stage.observer.causes_other_than(EndCause::eof).back() == "over-rate accept-rate-per-address");
}

TEST_CASE("one address that comes too often waits until it is due, at most a burst of it") {
  ListeningStage stage(accepts_of_each(10, 2, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (const char* text : {"0\n", "1\n", "2\n", "3\n", "4\n"}) peers.push_back(on.connect(text));
    co_await check_told(on, peers[4], "ERR too many new connections from your address (max 10 per second)\n");
    co_await check_served(on, peers[0], "got 0\n");
    co_await check_served(on, peers[1], "got 1\n");
    CHECK(on.observer.deferred() ==
          Texts{"accept-rate-per-address line 127.0.0.1", "accept-rate-per-address line 127.0.0.1"});
    co_await sleep(on, 99ms);
    CHECK(peers[2].receive().empty());
    co_await sleep(on, 1ms);
    co_await check_served(on, peers[2], "got 2\n");
    CHECK(peers[3].receive().empty());
    co_await sleep(on, 100ms);
    co_await check_served(on, peers[3], "got 3\n");
    on.server.drain(1s);
  });
}

TEST_CASE("who would wait in vain is told at once") {
  ListeningStage stage([] {
    Limits limits = accepts_of_each(1, 100, OverLimit::defer);
    limits.idle_timeout = 5s;
    return limits;
  }());
  stage.run([](ListeningStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 105; ++count) peers.push_back(on.connect("x\n"));
    const auto is_told = [&on] { return on.observer.deferred().size() == 4; };
    co_await test::until(on.reactor, is_told);  // due in 1, 2, 3 and 4 seconds
    co_await check_told(on, peers[104],
                        "ERR too many new connections from your address (max 1 per second)\n");
    on.server.kill();
  });
}

TEST_CASE("count and rate of one address hold together") {
  ListeningStage stage([] {
    Limits limits = accepts_of_each(1, 2, OverLimit::defer);
    limits.connections_per_address = {.most = 2, .then = OverLimit::defer};
    return limits;
  }());
  stage.run([](ListeningStage& on) -> Task<> {
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
  });
}

TEST_CASE("clients of a unix socket are counted by their user") {
  ListeningStage stage(each_address(1, OverLimit::reject), "unix:@");
  stage.run([](ListeningStage& on) -> Task<> {
    Peer one = on.connect("1\n");
    co_await on.settle();
    Peer two = on.connect("2\n");
    co_await check_served(on, two, "ERR too many connections from your address (max 1)\n");
    co_await check_served(on, one, "got 1\n");
    on.server.drain(1s);
  });
}

TEST_CASE("no more than a thousand and twenty-four wait, of all addresses") {
  ListeningStage stage(each_address(600, OverLimit::defer));
  stage.run([](ListeningStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (const char* from : {"127.0.0.2", "127.0.0.3"}) {
      for (int count = 0; count < 1200; ++count) peers.push_back(on.connect("x\n", from));
      const std::uint64_t expected = peers.size();
      const auto all_accepted = [&on, expected] { return on.server.accepted() == expected; };
      co_await test::until(on.reactor, all_accepted);
    }
    co_await on.settle();
    CHECK(on.observer.deferred().size() == reactord::Server::waiting_at_once);
    CHECK(on.server.open_connections() ==
          1200 + reactord::Server::waiting_at_once + reactord::Server::rejections_at_once);
    on.server.kill();
  });
  CHECK(stage.server.ended(EndCause::over_limit) == 2400 - 1200 - reactord::Server::waiting_at_once);
}
