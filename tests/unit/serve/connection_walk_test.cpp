// ConnectionWalk: who is shown, once and in which state, whatever happens between its steps.
#include "reactord/connection_walk.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::ConnectionState;
using reactord::ConnectionWalk;
using reactord::Context;
using reactord::EndCause;
using reactord::Fate;
using reactord::OpenConnection;
using reactord::StreamHandler;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

using Numbers = std::vector<std::uint64_t>;

// Shows `most` connections, and adds their numbers. True: there are more.
bool show(ConnectionWalk& walk, std::size_t most, Numbers& seen) {
  return walk.next(most, [&seen](const OpenConnection& connection) {
    seen.push_back(connection.number);
    return Fate::lives;
  });
}

Numbers all(ServerStage& on) {
  Numbers seen;
  ConnectionWalk walk(on.server);
  while (show(walk, 1, seen)) {
  }
  return seen;
}

std::string describe(ServerStage& on) {
  std::string text;
  ConnectionWalk walk(on.server);
  const bool more = walk.next(100, [&text](const OpenConnection& one) {
    text += std::to_string(one.number) + " " + std::string(one.protocol) + " " +
            std::string(to_string(one.state)) + " lines=" + std::to_string(one.lines) +
            " in=" + std::to_string(one.bytes_read) + " out=" + std::to_string(one.bytes_written) +
            " age=" + std::to_string(one.age / 1s) + " silent=" + std::to_string(one.silent / 1s) + "\n";
    return Fate::lives;
  });
  CHECK_FALSE(more);
  return text;
}

// Says "welcome", then waits for the end of its peer.
class Welcomes final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    auto sent = co_await conn.write("welcome");
    CHECK(sent.has_value());
    std::string room(16, '\0');
    auto read = co_await conn.read(std::span(room));
    CHECK_FALSE(read.has_value());
  }
};

}  // namespace

TEST_CASE("a walk shows every open connection once, in the order of their beginning, and goes on in steps") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int index = 0; index < 10; ++index) clients.push_back(on.client());
    Numbers seen;
    ConnectionWalk walk(on.server);
    CHECK(show(walk, 4, seen));
    CHECK(seen == Numbers{1, 2, 3, 4});
    co_await on.reactor.next_turn();
    CHECK(show(walk, 5, seen));
    CHECK_FALSE(show(walk, 1, seen));
    CHECK(seen == Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    CHECK_FALSE(show(walk, 1, seen));
    CHECK(seen.size() == 10);
  });
}

TEST_CASE("a walk without connections is over at once, and so is one of nothing") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    CHECK(all(on).empty());
    Conn client = on.client();
    Numbers seen;
    ConnectionWalk walk(on.server);
    CHECK(show(walk, 0, seen));
    CHECK(seen.empty());
    co_return;
  });
}

TEST_CASE(
    "connections that come and go amid a walk: none is shown twice, who stays is shown, who came later is "
    "not") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<std::optional<Conn>> clients;
    for (int index = 0; index < 6; ++index) clients.emplace_back(on.client());
    co_await test::pass(on.reactor, 1ms);
    Numbers seen;
    ConnectionWalk walk(on.server), other(on.server);
    CHECK(walk.last() == 6);
    CHECK(show(walk, 2, seen));
    clients[2].reset();  // the next one of it
    clients[0].reset();
    clients[5].reset();  // the last one
    clients.emplace_back(on.client());
    co_await test::pass(on.reactor, 1ms);
    CHECK(on.server.open_connections() == 4);
    CHECK_FALSE(show(walk, 100, seen));
    CHECK(seen == Numbers{1, 2, 4, 5});
    Numbers of_other;
    CHECK_FALSE(show(other, 100, of_other));
    CHECK(of_other == Numbers{2, 4, 5});
    CHECK(all(on) == Numbers{2, 4, 5, 7});
    CHECK(on.server.check());
  });
}

TEST_CASE("the walk goes on at its place when a connection has another session") {
  struct Upgrades final : reactord::LineHandler {
    void on_line(std::string_view, reactord::Reply& reply) override { reply.hand_over(welcomes); }
    Welcomes welcomes;
  };
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    Upgrades upgrades;
    {
      Conn first = on.client(), second = on.serve(upgrades, "upgrading"), third = on.client();
      co_await test::pass(on.reactor, 1ms);
      Numbers seen;
      ConnectionWalk walk(on.server);
      CHECK(show(walk, 1, seen));
      co_await test::say(second, "upgrade\n");
      auto heard = co_await test::hear(second, 7);
      CHECK(heard == "welcome");
      CHECK_FALSE(show(walk, 5, seen));
      CHECK(seen == Numbers{1, 2, 3});
      CHECK(describe(on).find("2 upgrading stream lines=1 in=8 out=7") != std::string::npos);
    }
    co_await test::pass(on.reactor, 1s);  // they end before their handler
  });
}

TEST_CASE("a connection is shown with its state, its counts and its times") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    Welcomes welcomes;
    {
      Conn idle = on.client(), in_line = on.client(), stream = on.serve(welcomes, "welcomes");
      auto greeting = co_await test::hear(stream, 7);
      CHECK(greeting == "welcome");
      co_await test::pass(on.reactor, 3s);
      co_await test::say(idle, "a\n");
      co_await test::say(in_line, "abc");
      auto heard = co_await test::hear(idle, 6);
      CHECK(heard == "got a\n");
      co_await test::pass(on.reactor, 2s);
      CHECK(describe(on) ==
            "1 line idle lines=1 in=2 out=6 age=5 silent=2\n"
            "2 line in-line lines=0 in=3 out=0 age=5 silent=2\n"
            "3 welcomes stream lines=0 in=0 out=7 age=5 silent=5\n");
    }
    co_await test::pass(on.reactor, 1s);  // they end before their handler
  });
}

TEST_CASE("a connection whose peer takes nothing is sending, and its bytes are counted") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    Conn client = on.client();
    for (int index = 0; index < 20; ++index) co_await test::say(client, "big\n");
    co_await test::pass(on.reactor, 1ms);
    ConnectionWalk walk(on.server);
    std::size_t unsent = 0, buffered = 0;
    ConnectionState state = ConnectionState::idle;
    walk.next(1, [&](const OpenConnection& one) {
      unsent = one.unsent;
      buffered = one.buffered;
      state = one.state;
      return Fate::lives;
    });
    CHECK(state == ConnectionState::sending);
    CHECK(unsent > 0);
    CHECK(buffered >= unsent);
  });
}

TEST_CASE("connections are killed where they are shown, and the number is that of the end") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int index = 0; index < 5; ++index) clients.push_back(on.client());
    co_await test::pass(on.reactor, 1ms);
    ConnectionWalk walk(on.server);
    CHECK_FALSE(walk.next(
        100, [](const OpenConnection& one) { return one.number % 2 == 0 ? Fate::killed : Fate::lives; }));
    co_await test::pass(on.reactor, 1ms);
    CHECK(all(on) == Numbers{1, 3, 5});
    CHECK(on.server.ended(EndCause::killed) == 2);
    CHECK(on.observer.numbers == Numbers{2, 4});
  });
}

TEST_CASE("a walk is over when its server has gone") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    auto server = std::make_unique<reactord::Server>(on.reactor);
    auto pair = reactord::buffered_pipe(on.reactor);
    server->serve(std::move(pair.first), on.handler);
    ConnectionWalk walk(*server);
    server.reset();
    co_await test::pass(on.reactor, 1ms);
    Numbers seen;
    CHECK_FALSE(show(walk, 1, seen));
    CHECK(seen.empty());
  });
}

TEST_CASE("the names of the states are those of the filters") {
  CHECK(to_string(ConnectionState::idle) == "idle");
  CHECK(to_string(ConnectionState::in_line) == "in-line");
  CHECK(to_string(ConnectionState::sending) == "sending");
  CHECK(to_string(ConnectionState::stream) == "stream");
  CHECK(to_string(ConnectionState::closing) == "closing");
}
