// Rejected clients read the whole line and an orderly end, whatever they have sent; and holding a rejection open keeps
// nobody out.
#include <algorithm>

#include "support/listening_stage.hpp"

using reactord::Address;
using reactord::EndCause;
using reactord::Limits;
using reactord::OverLimit;
using reactord::Server;
using reactord::Task;
using test::ListeningStage;
using test::Peer;
using namespace std::chrono_literals;

namespace {

Limits one_connection() {
  Limits limits;
  limits.connections = {.most = 1, .then = OverLimit::reject};
  return limits;
}

constexpr const char* told = "ERR too many connections (max 1)\n";

}  // namespace

TEST_CASE("a thousand rejected clients that speak first read the line and an orderly end") {
  for (const char* where : {"127.0.0.1:0", "unix:@"}) {
    CAPTURE(std::string(where));
    ListeningStage stage(one_connection(), where);
    stage.run([](ListeningStage& on) -> Task<> {
      Peer served = on.connect("mine\n");
      auto reply = co_await test::read_line(on.reactor, served);
      CHECK(reply == "got mine\n");
      const std::string speech(4096, 'x');
      int orderly = 0;
      for (int round = 0; round < 20; ++round) {
        std::vector<Peer> peers;
        for (int count = 0; count < 50; ++count) peers.push_back(on.connect(speech));
        for (Peer& peer : peers) {
          auto line = co_await test::read_to_end(on.reactor, peer);
          if (line == told && peer.error() == 0) ++orderly;
        }
      }
      CHECK(orderly == 1000);
      on.server.drain(10s);
    });
    CHECK(stage.server.ended(EndCause::over_limit) == 1000);
  }
}

TEST_CASE("who has spoken before it is cut short reads the line and an orderly end too") {
  for (const char* where : {"127.0.0.1:0", "unix:@"}) {
    CAPTURE(std::string(where));
    ListeningStage stage(one_connection(), where);
    const Address second = stage.listen(where);  // two of them accept more in a turn than may linger
    stage.run(
        [](ListeningStage& on, const Address& other) -> Task<> {
          Peer served = on.connect("mine\n");
          auto reply = co_await test::read_line(on.reactor, served);
          CHECK(reply == "got mine\n");
          const std::string speech(4096, 'x');
          std::vector<Peer> peers;
          for (int count = 0; count < 500; ++count) {
            peers.push_back(on.connect(speech));
            peers.push_back(on.connect_to(other, speech));
          }
          const auto all_told = [&on] { return on.server.accepted() == 1001; };
          co_await test::until(on.reactor, all_told);
          co_await on.settle();
          int orderly = 0;
          for (Peer& peer : peers) {
            auto line = co_await test::read_to_end(on.reactor, peer);
            if (line == told && peer.error() == 0) ++orderly;
          }
          CHECK(orderly == 1000);
          on.server.kill();
        },
        second);
  }
}

TEST_CASE("hostile clients that hold their rejections open keep nobody out") {
  ListeningStage stage(one_connection());
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("mine\n");
    co_await on.settle();
    std::vector<Peer> hostile;
    for (int count = 0; count < 500; ++count) hostile.push_back(on.connect("x\n"));
    const auto all_told = [&on] { return on.server.accepted() == 501; };
    while (!all_told()) {
      // In the middle of a turn those that were cut short in it still count.
      CHECK(on.server.open_connections() <=
            1 + Server::rejections_at_once + reactord::Listener::accepts_per_turn);
      CHECK(on.reactor.open_descriptors() <=
            2 + Server::rejections_at_once + reactord::Listener::accepts_per_turn);
      CHECK(on.server.check());
      co_await on.reactor.next_turn();
    }
    co_await on.settle();
    CHECK(on.server.open_connections() == 1 + Server::rejections_at_once);
    Peer client = on.connect("x\n");
    auto line = co_await test::read_to_end(on.reactor, client);
    CHECK(line == told);
    CHECK(client.error() == 0);
    served.close();
    co_await on.settle();
    Peer next = on.connect("next\n");
    auto reply = co_await test::read_line(on.reactor, next);
    CHECK(reply == "got next\n");
    auto slept = co_await on.reactor.sleep(reactord::Conn::linger_timeout + 1ms);
    CHECK(slept.has_value());
    co_await on.settle();
    CHECK(on.server.open_connections() == 1);  // those that held on have had their time
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::over_limit) == 501);
}

TEST_CASE("a rejected client that breaks off is counted as rejected") {
  ListeningStage stage(one_connection());
  stage.run([](ListeningStage& on) -> Task<> {
    Peer served = on.connect("mine\n"), rejected = on.connect("x\n");
    co_await on.settle();
    rejected.reset();
    co_await on.settle();
    CHECK(on.server.ended(EndCause::over_limit) == 1);
    on.server.drain(1s);
  });
}
