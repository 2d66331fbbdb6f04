// Pushes that meet a suspended write, a full or broken socket, or no memory.

#include <memory>
#include <string>
#include <vector>

#include "support/no_memory.hpp"
#include "unwatched_server.hpp"

using reactord::Conn;
using reactord::ConnectionHandle;
using reactord::Context;
using reactord::Overflow;
using reactord::Reply;
using reactord::StreamHandler;
using reactord::Task;
using test::NoMemory;
using test::Peer;
using test::Scripted;
using test::ScriptedServer;
using namespace std::chrono_literals;

using test::Unwatched;

namespace {

class Big final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    const std::string big(500'000, 'B');
    auto sent = co_await conn.write(big);
    auto more = co_await conn.write("end");
  }
};

}  // namespace

TEST_CASE("a push goes behind a write that waits") {
  ScriptedServer on({.output = {.high = 64 * 1024, .low = 16 * 1024, .hard = 4 * 1024 * 1024}});
  Big big;
  on.script.line = [&big](Scripted&, std::string_view, Reply& reply) { reply.hand_over(big); };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "x\n");
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.connection(0).push("pushed"));
    const std::string heard = co_await test::hear_to_end(client);
    const auto at = heard.find("pushed");
    CHECK((at == std::string::npos || at >= 500'000));
  });
}

TEST_CASE("a push to a peer whose socket is full has all of the write timeout") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    ScriptedServer on({.idle_timeout = 0s, .write_timeout = 30s});
    on.run(
        [](ScriptedServer& stage, bool now) -> Task<> {
          auto at = stage.server.listen("unix:@reactord-push-in-time", stage.factory);
          Peer peer = Peer::connect(*at);
          co_await test::pass(stage.reactor, 60s);
          REQUIRE(stage.script.live.size() == 1);
          const std::string piece(1024, 'x');
          while (stage.server.open_work().unsent == 0) {
            CHECK((now ? stage.connection(0).push_at_once(piece) : stage.connection(0).push(piece)));
            co_await test::pass(stage.reactor, 1ms);
          }
          co_await test::pass(stage.reactor, 29s);
          CHECK(stage.server.open_connections() == 1);
          co_await test::pass(stage.reactor, 2s);
          CHECK(stage.server.open_connections() == 0);
          stage.server.kill();
        },
        at_once);
    CHECK(on.observer.causes() == std::vector<std::string>{"slow-reader"});
  }
}

TEST_CASE("a push that meets a reset tells that nothing is sent") {
  ScriptedServer on;
  on.run([](ScriptedServer& stage) -> Task<> {
    auto at = stage.server.listen("127.0.0.1:0", stage.factory);
    Peer peer = Peer::connect(*at);
    for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
    REQUIRE(stage.script.live.size() == 1);
    peer.reset();
    const bool pushed = stage.connection(0).push_at_once("x");
    CHECK(!pushed);
    for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
    CHECK(stage.script.live.empty());
    stage.server.kill();
  });
}

TEST_CASE("memory that runs out for a push ends its connection, whichever allocation that is") {
  std::size_t refused = 1;
  for (std::size_t nth = 0; refused > 0; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 500);
    Unwatched on({.output = {.high = 4096, .low = 1024, .hard = 8192}});
    on.script.ends.reserve(8);
    on.script.live.reserve(8);
    std::vector<ConnectionHandle> handles;
    handles.reserve(8);
    on.script.open = [&](Scripted& self, Reply& reply) {
      handles.push_back(self.handle());
      reply.write("hello\n");
    };
    on.run(
        [](Unwatched& stage, std::size_t n, std::size_t& count) -> Task<> {
          Conn a = stage.serve(stage.factory), b = stage.serve(stage.factory);
          const std::string piece(1500, 'x');
          const std::string text = "x\ny\n";
          co_await test::say(a, text);
          {
            NoMemory refusal(n);
            for (int i = 0; i < 6; ++i) {
              co_await stage.reactor.next_turn();
              for (auto* live : stage.script.live) {
                live->push(piece, Overflow::drop_oldest);
                live->push_at_once(piece, Overflow::refuse);
              }
            }
            refusal.end();
            count = refusal.refused();
          }
          CHECK(stage.server.check());
          const std::string heard = co_await test::hear(a, 3000);
          co_await test::pass(stage.reactor, 1ms);
        },
        nth, refused);
    for (auto& handle : handles) CHECK(handle.get() == nullptr);
    CHECK(on.script.live.empty());
  }
}

TEST_CASE("pushes that wait do not block later ones when the limits shrink") {
  ScriptedServer on({.output = {.high = 4000, .low = 1000, .hard = 0}});
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.connection(0).push(std::string(4000, 'a'), Overflow::drop_oldest));
    co_await test::pass(stage.reactor, 1ms);
    for (int i = 0; i < 2; ++i)
      CHECK(stage.connection(0).push(std::string(1900, 'b'), Overflow::drop_oldest));
    CHECK(stage.connection(0).push("", Overflow::drop_oldest));
    stage.server.set_limits({.output = {.high = 1000, .low = 500, .hard = 0}});
    const std::string heard = co_await test::hear(client, 4000);
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.connection(0).push("c", Overflow::drop_oldest));
    const std::string last = co_await test::hear(client, 1);
    CHECK(last == "c");
  });
}

TEST_CASE("pushes that wait follow output that the peer takes at once") {
  ScriptedServer on({.output = {.high = 4000, .low = 1000, .hard = 0}});
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.connection(0).push(std::string(4000, 'a'), Overflow::drop_oldest));
    co_await test::pass(stage.reactor, 1ms);
    for (int i = 0; i < 2; ++i)
      CHECK(stage.connection(0).push(std::string(1900, 'b'), Overflow::drop_oldest));
    const std::string heard = co_await test::hear(client, 4000 + 3800);
    CHECK(heard.size() == 7800);
  });
}
