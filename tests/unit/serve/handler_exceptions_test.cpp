// An exception that leaves a handler ends its connection, and no other.
#include <stdexcept>

#include "support/endable_stage.hpp"
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::Limits;
using reactord::Reply;
using reactord::Task;
using namespace std::chrono_literals;
using namespace test::endable;

namespace {

class Throws final : public reactord::StreamHandler {
 public:
  bool at_once = false;

 private:
  Task<> serve(Conn& conn, Context& context) override {
    if (at_once) throw std::runtime_error("no coroutine");
    return begin(conn, context);
  }
  static Task<> begin(Conn& conn, Context&) {
    auto sent = co_await conn.write("hello ");
    CHECK(sent.has_value());
    std::array<char, 16> room{};
    auto read = co_await conn.read(room);
    CHECK(read.has_value());
    throw std::runtime_error("after a read");
  }
};

}  // namespace

TEST_CASE("an exception out of a line handler ends its connection and no other") {
  EndableStage stage;
  stage.run([](EndableStage& on) -> Task<> {
    on.lines.before = [&](std::string_view line, Reply&) {
      if (line == "throw") throw std::invalid_argument("stoi");
      if (line == "throw 1") throw 1;
    };
    Conn good = on.serve(on.lines);
    for (std::string_view text : {"throw", "throw 1"}) {
      Conn bad = on.serve(on.lines);
      co_await test::say(bad, "a\n");
      auto sent = co_await bad.write(text, "\nlate\n");
      CHECK(sent.has_value());
      auto heard = co_await test::hear_to_end(bad);
      CHECK(heard == "got a\n");
    }
    Conn last = on.serve(on.lines);  // as a last line without its newline
    co_await test::say(last, "a\nthrow");
    auto finished = last.close_write();
    auto heard = co_await test::hear_to_end(last);
    CHECK(heard == "got a\n");
    co_await test::say(good, "b\n");
    heard = co_await test::hear(good, 6);
    CHECK(heard == "got b\n");
    CHECK(on.server->ended(EndCause::error) == 3);
    CHECK(on.server->open_connections() == 1);
    CHECK(on.observer.handler_failures ==
          std::vector<std::string>{"line: stoi", "line: unknown exception", "line: stoi"});
  });
  CHECK(stage.reactor.live_tasks() == 0);
}

TEST_CASE("an exception out of a handler of a truncated line ends its connection") {
  EndableStage stage(Limits{.max_line = 8, .long_lines = reactord::LongLine::truncate});
  stage.run([](EndableStage& on) -> Task<> {
    on.lines.before = [](std::string_view, Reply&) { throw std::runtime_error("cut"); };
    Conn client = on.serve(on.lines);
    co_await test::say(client, "123456789012\nlate\n");
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
    CHECK(on.lines.lines == 1);
    CHECK(on.server->ended(EndCause::error) == 1);
  });
}

TEST_CASE("an exception out of a stream handler ends its connection and no other") {
  EndableStage stage;
  stage.run([](EndableStage& on) -> Task<> {
    Throws throws;
    Conn good = on.serve(on.echoes);
    Conn bad = on.serve(throws);
    co_await test::say(bad, "x");
    auto heard = co_await test::hear_to_end(bad);
    CHECK(heard == "hello ");
    throws.at_once = true;
    Conn worse = on.serve(throws);
    heard = co_await test::hear_to_end(worse);
    CHECK(heard.empty());
    co_await test::say(good, "y");
    heard = co_await test::hear(good, 1);
    CHECK(heard == "y");
    CHECK(on.server->ended(EndCause::error) == 2);
    CHECK(on.observer.handler_failures ==
          std::vector<std::string>{"stream: after a read", "stream: no coroutine"});
  });
}
