// LineConnection speaks unasked: pushes, their bounds, and handles that outlive the connection.
#include "reactord/line_connection.hpp"

#include <thread>

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

TEST_CASE("a push goes behind what was written before, in one piece with it") {
  ScriptedServer on;
  on.script.line = [](Scripted& self, std::string_view line, Reply& reply) {
    reply.write("1 ");
    CHECK(self.push("2 "));
    reply.write("3 ", line, "\n");
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "a\n");
    const std::string answer = co_await test::hear(client, 8);
    CHECK(answer == "1 2 3 a\n");
    CHECK(stage.connection(0).push("x"));
    CHECK(stage.connection(0).push("y\n"));
    const std::string pushed = co_await test::hear(client, 3);
    CHECK(pushed == "xy\n");
  });
}

TEST_CASE("a line of one connection is pushed to another") {
  ScriptedServer on;
  on.script.line = [&on](Scripted&, std::string_view line, Reply& reply) {
    CHECK(on.connection(1).push(std::string(line) + "\n"));
    reply.write("passed on\n");
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn speaker = stage.connect(), listener = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    co_await test::say(speaker, "a\nb\n");
    const std::string heard = co_await test::hear(listener, 4), answered = co_await test::hear(speaker, 20);
    CHECK(heard == "a\nb\n");
    CHECK(answered == "passed on\npassed on\n");
  });
}

TEST_CASE("a push beyond output.high is refused, exactly there") {
  ScriptedServer on({.output = {.high = 100, .low = 10, .hard = 1000}});
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    Scripted& to = stage.connection(0);
    CHECK_FALSE(to.push(std::string(101, 'x'), Overflow::refuse));
    CHECK(to.push(std::string(100, 'a'), Overflow::refuse));
    CHECK_FALSE(to.push("b", Overflow::refuse));
    const std::string heard = co_await test::hear(client, 100);
    CHECK(heard == std::string(100, 'a'));
    CHECK(to.push("c", Overflow::refuse));
    const std::string more = co_await test::hear(client, 1);
    CHECK(more == "c");
  });
}

TEST_CASE("a push beyond output.hard ends the slow reader") {
  ScriptedServer on({.output = {.high = 100, .low = 10, .hard = 1000}});
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    Scripted& to = stage.connection(0);
    CHECK(to.push(std::string(1000, 'a')));
    CHECK_FALSE(to.push("b"));
    CHECK_FALSE(to.push(""));
    co_await test::pass(stage.reactor, 1ms);
  });
  CHECK(on.observer.causes() == std::vector<std::string>{"slow-reader output-hard"});
  CHECK(on.script.ends == std::vector<std::string>{"slow-reader"});
}

TEST_CASE("drop_oldest keeps the newest pushes until there is room") {
  ScriptedServer on({.output = {.high = 100, .low = 10, .hard = 1000}});
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    Scripted& to = stage.connection(0);
    for (char name = 'a'; name <= 'e'; ++name) CHECK(to.push(std::string(50, name), Overflow::drop_oldest));
    CHECK_FALSE(to.push(std::string(101, 'x'), Overflow::drop_oldest));
    // a and b are the connection's output. c waited, and was dropped for e.
    const std::string heard = co_await test::hear(client, 200);
    CHECK(heard == std::string(50, 'a') + std::string(50, 'b') + std::string(50, 'd') + std::string(50, 'e'));
    CHECK(to.push("f", Overflow::drop_oldest));
    const std::string more = co_await test::hear(client, 1);
    CHECK(more == "f");
  });
  CHECK(on.script.ends == std::vector<std::string>{"eof"});
}

TEST_CASE("a handle knows when its connection has ended, and is not another's") {
  ScriptedServer on;
  on.run([](ScriptedServer& stage) -> Task<> {
    CHECK(ConnectionHandle().get() == nullptr);
    ConnectionHandle handle;
    {
      Conn client = stage.connect();
      co_await test::pass(stage.reactor, 1ms);
      handle = stage.connection(0).handle();
      CHECK(handle.get() == &stage.connection(0));
      CHECK(handle == stage.connection(0).handle());
    }
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.script.live.empty());
    CHECK(handle.get() == nullptr);
    Conn next = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    CHECK(handle.get() == nullptr);
    CHECK(stage.connection(0).handle() != handle);
  });
}

TEST_CASE("another thread pushes through a handle and post") {
  ScriptedServer on({.idle_timeout = 0s});  // no time passes while the thread is awaited
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::pass(stage.reactor, 1ms);
    const ConnectionHandle handle = stage.connection(0).handle();
    reactord::WorkGuard guard(stage.reactor);
    std::thread worker([&stage, handle] {
      stage.reactor.post([handle] {
        if (LineConnection* const to = handle.get()) to->push("done\n");
      });
    });
    const std::string heard = co_await test::hear(client, 5);
    worker.join();
    CHECK(heard == "done\n");
  });
}

TEST_CASE("on_end comes once, with the cause; nothing can be pushed any more, and the peer is still known") {
  ScriptedServer on({.idle_timeout = 1s});
  on.script.end = [](Scripted& self, EndCause cause) {
    CHECK(cause == EndCause::idle);
    CHECK_FALSE(self.push("too late\n"));
    self.close();
    CHECK(self.conn().remote_addr().text() == "pipe");
  };
  on.run([](ScriptedServer& stage) -> Task<> {
    Conn client = stage.connect();
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
  });
  CHECK(on.script.ends == std::vector<std::string>{"idle"});
}
