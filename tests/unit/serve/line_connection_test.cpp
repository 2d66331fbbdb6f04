// LineConnection: a line handler with a memory, from its greeting to its end, or to a hand-over to bytes.
#include "reactord/line_connection.hpp"

#include <array>
#include <stdexcept>

#include "scripted_connection.hpp"

using reactord::AnyHandler;
using reactord::Conn;
using reactord::ConnectionHandle;
using reactord::Context;
using reactord::EndCause;
using reactord::Limits;
using reactord::LineConnection;
using reactord::LineConnectionFactory;
using reactord::Overflow;
using reactord::Reply;
using reactord::StreamHandler;
using reactord::Task;
using test::Scripted;
using test::ScriptedServer;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

// Serves bytes behind a hand-over: echoes them with an exclamation mark.
class Exclaims final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::array<char, 64> room{};
    while (true) {
      auto read = co_await conn.read(room);
      if (!read) co_return;
      const std::string_view bytes(room.data(), *read);
      auto sent = co_await conn.write(bytes, "!");
      if (!sent) co_return;
    }
  }
};

}  // namespace

TEST_CASE("each connection has an object of its own that remembers") {
  ScriptedServer on;
  on.script.line = [](Scripted& self, std::string_view line, Reply& reply) {
    reply.write(std::to_string(self.lines), " ", line, "\n");
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn first = stage.connect(), second = stage.connect();
    co_await test::say(first, "a\nb\n");
    co_await test::say(second, "c\n");
    co_await test::say(first, "d\n");
    const std::string of_first = co_await test::hear(first, 12), of_second = co_await test::hear(second, 4);
    CHECK(of_first == "1 a\n2 b\n3 d\n");
    CHECK(of_second == "1 c\n");
  });
  CHECK(on.script.ends == std::vector<std::string>{"eof", "eof"});
  CHECK(on.script.live.empty());
}

TEST_CASE("on_open greets before the first line, and sees the peer") {
  ScriptedServer on;
  on.script.open = [](Scripted& self, Reply& reply) {
    reply.write("hello ", self.conn().remote_addr().text(), "\n");
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "a\n");
    const std::string heard = co_await test::hear(client, 17);
    CHECK(heard == "hello pipe\ngot a\n");
  });
}

TEST_CASE("on_open refuses: what it wrote is sent, no line is served, and on_end is called") {
  ScriptedServer on;
  on.script.open = [](Scripted&, Reply& reply) {
    reply.write("not you\n");
    reply.close();
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "a\n");
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "not you\n");
  });
  CHECK(on.observer.causes() == std::vector<std::string>{"finished"});
  CHECK(on.script.ends == std::vector<std::string>{"finished"});
}

TEST_CASE("a factory that gives nothing refuses, and one that throws ends the connection by error") {
  ServerStage on;
  LineConnectionFactory none([]() -> std::unique_ptr<LineConnection> { return nullptr; });
  LineConnectionFactory throws([]() -> std::unique_ptr<LineConnection> { throw std::runtime_error("no"); });
  on.run(
      [](ServerStage& stage, LineConnectionFactory& first, LineConnectionFactory& second) -> Task<> {
        Conn refused = stage.serve(first), failed = stage.serve(second);
        const std::string of_first = co_await test::hear_to_end(refused),
                          of_second = co_await test::hear_to_end(failed);
        CHECK(of_first.empty());
        CHECK(of_second.empty());
      },
      none, throws);
  CHECK(on.observer.causes() == std::vector<std::string>{"finished", "error"});
}

TEST_CASE("an exception of on_open ends its connection by error, after what was written") {
  ScriptedServer on;
  on.script.open = [](Scripted&, Reply& reply) {
    reply.write("hello\n");
    throw std::runtime_error("no");
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "hello\n");
  });
  CHECK(on.script.ends == std::vector<std::string>{"error"});
}

TEST_CASE("on_end may kill and drain its server") {
  for (const bool kills : {true, false}) {
    CAPTURE(kills);
    ScriptedServer on;
    on.script.end = [&on, kills](Scripted&, EndCause) { kills ? on.server.kill() : on.server.drain(1s); };
    on.run([](ScriptedServer& stage) -> Task<> {
      Conn other = stage.connect();
      {
        Conn client = stage.connect();
        co_await test::say(client, "a\n");
        const std::string answer = co_await test::hear(client, 6);
        CHECK(answer == "got a\n");
      }
      const std::string heard = co_await test::hear_to_end(other);
      CHECK(heard.empty());
    });
    CHECK(on.script.ends == std::vector<std::string>{"eof", kills ? "killed" : "drained"});
  }
}

TEST_CASE("close ends a connection in order, from its own line and from elsewhere") {
  ScriptedServer on;
  on.script.line = [&on](Scripted& self, std::string_view line, Reply& reply) {
    reply.write("got ", line, "\n");
    (line == "me" ? self : on.connection(1)).close();
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn first = stage.connect(), second = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.connection(1).push("bye\n"));
    co_await test::say(first, "other\nme\nnobody\n");
    const std::string of_second = co_await test::hear_to_end(second),
                      of_first = co_await test::hear_to_end(first);
    CHECK(of_second == "bye\n");
    CHECK(of_first == "got other\ngot me\n");
  });
  CHECK(on.observer.causes() == std::vector<std::string>{"finished", "finished"});
}

TEST_CASE("the rest of a connection is bytes, from the first one behind the line") {
  for (const std::string_view packet : {"upgrade\nabc", "upgrade\n", "upgrade\r\nabc\ndef\n"}) {
    CAPTURE(packet);
    ScriptedServer on;
    Exclaims exclaims;
    on.script.line = [&exclaims](Scripted&, std::string_view line, Reply& reply) {
      reply.write("ok ", line, "\n");
      reply.hand_over(exclaims);
      reply.write("go\n");
    };
    on.run(
        [](ScriptedServer& stage, std::string_view first) -> Task<> {
          Conn client = stage.connect();
          co_await test::say(client, first);
          const std::string heard = co_await test::hear(client, 14);
          CHECK(heard == "ok upgrade\ngo\n");
          const std::string rest(first.substr(first.find('\n') + 1));
          if (!rest.empty()) {
            const std::string echoed = co_await test::hear(client, rest.size() + 1);
            CHECK(echoed == rest + "!");
          }
          co_await test::say(client, "more");
          const std::string more = co_await test::hear(client, 5);
          CHECK(more == "more!");
          CHECK(stage.connection(0).push("pushed"));
          const std::string pushed = co_await test::hear(client, 6);
          CHECK(pushed == "pushed");
          CHECK(stage.script.ends.empty());
          CHECK(stage.server.check());
          CHECK(stage.server.accepted() == 1);
        },
        packet);
    CHECK(on.script.ends == std::vector<std::string>{"eof"});
    CHECK(on.observer.ends.at(0).lines == 1);
    CHECK(on.observer.causes() == std::vector<std::string>{"eof"});
  }
}

TEST_CASE("a handler without a memory hands over too, and so does a greeting") {
  ServerStage on;
  struct Upgrades final : reactord::LineHandler {
    Exclaims exclaims;
    void on_line(std::string_view, Reply& reply) override { reply.hand_over(exclaims); }
  } upgrades;
  ScriptedServer greets;
  greets.script.open = [&upgrades](Scripted&, Reply& reply) {
    reply.write("bytes: ");
    reply.hand_over(upgrades.exclaims);
  };
  on.run(
      [](ServerStage& stage, Upgrades& handler) -> Task<> {
        Conn client = stage.serve(handler);
        co_await test::say(client, "x\nabc");
        const std::string heard = co_await test::hear(client, 4);
        CHECK(heard == "abc!");
      },
      upgrades);
  greets.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "abc\n");
    const std::string heard = co_await test::hear(client, 12);
    CHECK(heard == "bytes: abc\n!");
  });
}

TEST_CASE("a drain that comes before the hand-over leaves the stream what had been received") {
  ScriptedServer on;
  Exclaims exclaims;
  on.script.line = [&](Scripted&, std::string_view, Reply& reply) {
    on.server.drain(10s);
    reply.hand_over(exclaims);
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "upgrade\nabc");
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "abc!");
  });
  CHECK(on.observer.causes() == std::vector<std::string>{"drained"});
  CHECK(on.elapsed() < 10s);
}
