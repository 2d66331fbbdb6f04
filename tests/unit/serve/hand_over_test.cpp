// A hand-over when something else happens to its connection, or memory runs out.
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "support/no_memory.hpp"
#include "unwatched_server.hpp"

using reactord::Buffer;
using reactord::Conn;
using reactord::ConnectionHandle;
using reactord::Context;
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

class Exclaims final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    ++served;
    std::array<char, 64> room{};
    while (true) {
      auto read = co_await conn.read(room);
      if (!read) co_return;
      const std::string_view bytes(room.data(), *read);
      auto sent = co_await conn.write(bytes, "!");
      if (!sent) co_return;
    }
  }

 public:
  int served = 0;
};

struct Echo final : StreamHandler {
  std::size_t got = 0;
  Task<> serve(Conn& conn, Context&) override {
    Buffer input;
    while (true) {
      auto read = co_await conn.read(input);
      if (!read) co_return;
      got += input.size();
      auto sent = co_await conn.write(input.view());
      if (!sent) co_return;
      input.clear();
    }
  }
};

}  // namespace

TEST_CASE("a hand-over without memory ends the connection, and its object is told") {
  std::size_t refused = 1;
  for (std::size_t nth = 0; refused > 0; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 300);
    for (const char* packet : {"upgrade\n", "upgrade\nabc"}) {
      ScriptedServer on;
      Exclaims exclaims;
      ConnectionHandle handle;
      on.script.ends.reserve(8);
      on.script.open = [&](Scripted& self, Reply&) { handle = self.handle(); };
      on.script.line = [&](Scripted&, std::string_view, Reply& reply) { reply.hand_over(exclaims); };
      on.run(
          [](ScriptedServer& stage, std::size_t n, std::size_t& count, const char* say) -> Task<> {
            Conn client = stage.connect();
            co_await test::pass(stage.reactor, 1ms);
            co_await test::say(client, say);
            {
              NoMemory refusal(n);
              for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
              refusal.end();
              count = refusal.refused();
            }
          },
          nth, refused, packet);
      CHECK(handle.get() == nullptr);
      CHECK(on.script.ends.size() == 1);
      CHECK(on.script.live.empty());
      CHECK(on.reactor.live_tasks() == 0);
    }
  }
}

TEST_CASE("a drain within the line that hands over, and lines of other connections in the same turn") {
  Unwatched on({});
  Exclaims exclaims;
  on.script.line = [&](Scripted&, std::string_view line, Reply& reply) {
    if (line != "upgrade") return reply.write("got ", line, "\n");
    on.server.drain(10s);
    reply.hand_over(exclaims);
  };
  on.run([](Unwatched& stage) -> Task<> {
    auto at = stage.server.listen("127.0.0.1:0", stage.factory);
    std::vector<Peer> peers;
    for (int i = 0; i < 4; ++i) peers.push_back(Peer::connect(*at));
    for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
    co_await test::pass(stage.reactor, 1ms);
    peers[0].send("upgrade\nabc");
    for (std::size_t i = 1; i < 4; ++i) peers[i].send("line\n");
    for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
    co_await test::pass(stage.reactor, 1ms);
    const std::string heard = peers[0].receive();
    CHECK(heard == "abc!");
    for (auto& peer : peers) peer.reset();
  });
  CHECK(exclaims.served == 1);
}

TEST_CASE("several hand-overs in one turn, the first of them in a line that drains") {
  Unwatched on({});
  Exclaims exclaims;
  on.script.line = [&](Scripted&, std::string_view line, Reply& reply) {
    if (line == "drain") on.server.drain(10s);
    reply.hand_over(exclaims);
  };
  on.run([](Unwatched& stage) -> Task<> {
    auto at = stage.server.listen("127.0.0.1:0", stage.factory);
    std::vector<Peer> peers;
    for (int i = 0; i < 4; ++i) peers.push_back(Peer::connect(*at));
    for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
    co_await test::pass(stage.reactor, 1ms);
    peers[0].send("drain\nabc");
    for (std::size_t i = 1; i < 4; ++i) peers[i].send("upgrade\nabc");
    for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
    co_await test::pass(stage.reactor, 1ms);
    for (auto& peer : peers) {
      const std::string heard = peer.receive();
      CHECK(heard == "abc!");
    }
    for (auto& peer : peers) peer.reset();
  });
  CHECK(exclaims.served == 4);
}

TEST_CASE("a kill in the turn of a hand-over ends the connection, and nothing is left") {
  Exclaims exclaims;
  for (const bool many : {false, true}) {
    CAPTURE(many);
    ScriptedServer other;
    other.script.line = [&](Scripted&, std::string_view line, Reply& reply) {
      if (line == "kill") return other.server.kill();
      if (line == "both") {
        reply.hand_over(exclaims);
        other.server.kill();
        return;
      }
      if (line == "upgrade") reply.hand_over(exclaims);
    };
    other.run(
        [](ScriptedServer& stage, bool lots) -> Task<> {
          auto at = stage.server.listen("127.0.0.1:0", stage.factory);
          std::vector<Peer> peers;
          for (int i = 0; i < 4; ++i) peers.push_back(Peer::connect(*at));
          for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
          if (lots) {
            std::string all;
            for (int i = 0; i < 2000; ++i) all += "x\n";
            peers[0].send(all + "both\nabc");
          } else {
            peers[0].send("upgrade\nabc");
            peers[1].send("kill\n");
          }
          for (int i = 0; i < 30; ++i) co_await stage.reactor.next_turn();
          for (auto& peer : peers) peer.reset();
        },
        many);
  }
}

TEST_CASE(
    "what lies behind the line is handed over, from sockets too, and from a client that has ended its side") {
  for (const char* address : {"127.0.0.1:0", "unix:@reactord-hand-over"}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
      CAPTURE(address);
      CAPTURE(size);
      Unwatched on({});
      Echo echo;
      on.script.line = [&](Scripted&, std::string_view line, Reply& reply) {
        reply.write(line, "!");
        if (line == "upgrade") reply.hand_over(echo);
      };
      on.run(
          [](Unwatched& stage, std::string at, std::size_t count) -> Task<> {
            auto bound = stage.server.listen(at, stage.factory);
            Peer peer = Peer::connect(*bound);
            const std::string body(count, 'b');
            peer.send("x\nupgrade\n" + body);
            ::shutdown(peer.fd(), SHUT_WR);
            for (int i = 0; i < 300; ++i) co_await stage.reactor.next_turn();
            co_await test::pass(stage.reactor, 1ms);
            std::string heard = peer.receive();
            for (std::string more = "x"; !more.empty() && heard.size() < 10 + body.size(); heard += more) {
              for (int i = 0; i < 50; ++i) co_await stage.reactor.next_turn();
              more = peer.receive();
            }
            CHECK((heard == "x!upgrade!" + body));
            CHECK(heard.size() == 10 + body.size());
            stage.server.kill();
          },
          std::string(address), size);
      CHECK(on.script.ends == std::vector<std::string>{"eof"});
    }
  }
}
