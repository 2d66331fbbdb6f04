// A stream's handler that reads lines has the limits of its server, as a line handler's sessions have them; and it can
// say why its connection ended.
#include <optional>

#include "reactord/context.hpp"
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::Duration;
using reactord::EndCause;
using reactord::Limits;
using reactord::LineReader;
using reactord::LongLine;
using reactord::StreamHandler;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

constexpr auto tick = 1ms;

bool is_between(Duration value, Duration least, Duration most) { return value >= least && value <= most; }

// Answers "got " and the line, as the line handler of ServerStage does.
class Counter final : public StreamHandler {
 public:
  std::string why;     // its reading has ended
  std::string answer;  // to a line that is too long; empty: none
  Duration pause{0};   // before each line

 private:
  Task<> serve(Conn& conn, Context& context) override {
    LineReader lines(conn);
    while (true) {
      auto slept = co_await context.sleep(pause);
      if (!slept) co_return;
      auto line = co_await lines.read_line();
      if (!line) {
        why = line.error().reason();
        if (line.error().code() != reactord::ErrorCode::line_too_long || answer.empty()) co_return;
        auto told = co_await conn.write(answer);
        CHECK(told.has_value());
        co_return;
      }
      auto sent = co_await conn.write("got ", *line, "\n");
      if (!sent) co_return;
    }
  }
};

// A byte every five seconds, until the connection ends.
Task<> trickle(ServerStage& on, Conn& client, Duration most) {
  const auto until = on.elapsed() + most;
  while (on.server.open_connections() > 0 && on.elapsed() < until) {
    auto sent = co_await client.write("x");
    if (!sent) break;
    co_await test::pass(on.reactor, 5s);
  }
}

}  // namespace

TEST_CASE("a stream's line has its time from its first byte, and a trickle does not renew it") {
  Counter counter;
  ServerStage stage(Limits{.line_timeout = 10s});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        co_await test::pass(on.reactor, 5s);
        co_await trickle(on, client, 100s);
        CHECK(is_between(on.elapsed(), 15s, 20s));
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard.empty());
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-line"});
  CHECK(counter.why == "use of closed network connection");
}

TEST_CASE("each line of a stream has its time anew, and half of one behind a whole one begins its own") {
  Counter counter;
  ServerStage stage(Limits{.line_timeout = 10s});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        for (int line = 0; line < 5; ++line) {
          co_await test::say(client, "one\ntw");
          co_await test::pass(on.reactor, 9s);
          co_await test::say(client, "o\n");
          auto heard = co_await test::hear(client, 16);
          CHECK(heard == "got one\ngot two\n");
          co_await test::pass(on.reactor, 9s);
        }
        co_await test::say(client, "one\ntw");
        const auto began = on.elapsed();
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard == "got one\n");
        CHECK(is_between(on.elapsed() - began, 10s, 10s + tick));
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-line"});
}

TEST_CASE("while a stream's line is under way the idle timeout does not run") {
  Counter counter;
  ServerStage stage(Limits{.idle_timeout = 5s, .line_timeout = 10s});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        co_await test::pass(on.reactor, 4s);
        co_await test::say(client, "he");
        co_await test::pass(on.reactor, 9s);
        co_await test::say(client, "llo\n");
        auto heard = co_await test::hear(client, 10);
        CHECK(heard == "got hello\n");
        auto rest = co_await test::hear_to_end(client);
        CHECK(rest.empty());
        CHECK(is_between(on.elapsed(), 18s, 18s + tick));
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"idle"});
}

TEST_CASE("without a line timeout a stream's line that has begun counts as silence") {
  Counter counter;
  ServerStage stage(Limits{.line_timeout = 0s});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        co_await trickle(on, client, 1000s);
        CHECK(is_between(on.elapsed(), 60s, 65s));
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"idle"});
}

TEST_CASE("a stream's line has its time only while the handler waits for it") {
  Counter counter;
  counter.pause = 8s;
  ServerStage stage(Limits{.line_timeout = 10s});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        co_await test::say(client, "one\ntw");
        co_await test::pass(on.reactor, 17s);  // it was read after 8 s; its rest is waited for since 16 s
        co_await test::say(client, "o");
        co_await test::pass(on.reactor, 8s);
        co_await test::say(client, "\n");
        auto heard = co_await test::hear(client, 16);
        CHECK(heard == "got one\ngot two\n");
        auto closed = client.close();
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
}

namespace {

// Looks for lines now and then, as one does who has other things to do.
class Poller final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn);
    while (true) {
      auto set = conn.set_read_deadline(conn.reactor().now() + 1s);
      auto line = co_await lines.read_line();
      if (line || line.error().timeout()) continue;
      co_return;
    }
  }
};

}  // namespace

TEST_CASE("a handler's own deadlines do not renew the time of a stream's line") {
  Poller poller;
  ServerStage stage(Limits{.line_timeout = 10s});
  stage.run(
      [](ServerStage& on, Poller& by) -> Task<> {
        auto client = on.serve(by);
        co_await trickle(on, client, 100s);
        CHECK(is_between(on.elapsed(), 10s, 15s));
      },
      poller);
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-line"});
}

TEST_CASE("a stream's line that is too long for its server is answered, and the log says so") {
  Counter counter;
  ServerStage stage(Limits{.max_line = 1024});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        co_await test::say(client, std::string(1023, 'a') + "\n");
        auto fits = co_await test::hear(client, 1028);
        CHECK(fits == "got " + std::string(1023, 'a') + "\n");
        co_await test::say(client, std::string(1024, 'b'));
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard == "ERR line too long (max 1024)\n");
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"line-too-long"});
  CHECK(counter.why == "line too long");
}

TEST_CASE("a handler that answers a line that is too long by itself has the last word") {
  Counter counter;
  counter.answer = "500 5.5.2 line too long\r\n";
  ServerStage stage(Limits{.max_line = 1024});
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto client = on.serve(by);
        co_await test::say(client, std::string(1024, 'b'));
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard == by.answer);
      },
      counter);
  CHECK(stage.observer.causes() == std::vector<std::string>{"line-too-long"});
}

TEST_CASE("long lines of a stream are cut, or left out, where the server does so") {
  for (const LongLine way : {LongLine::truncate, LongLine::discard}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{5000}}) {
      CAPTURE(step);
      Counter counter;
      ServerStage stage(Limits{.max_line = 1024, .long_lines = way});
      stage.run(
          [](ServerStage& on, Counter& by, bool cut, std::size_t piece) -> Task<> {
            auto client = on.serve(by);
            const std::string all = "one\n" + std::string(3000, 'b') + "\ntwo\n";
            for (std::size_t at = 0; at < all.size(); at += piece) {
              co_await test::say(client, std::string_view(all).substr(at, piece));
              co_await on.reactor.next_turn();
            }
            auto finished = client.close_write();
            CHECK(finished.has_value());
            auto heard = co_await test::hear_to_end(client);
            const std::string answer =
                cut ? "got " + std::string(1023, 'b') + "\n" : "ERR line too long (max 1024)\n";
            CHECK(heard == "got one\n" + answer + "got two\n");
          },
          counter, way == LongLine::truncate, step);
      CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
      CHECK(
          stage.observer.limits_met() ==
          std::vector<std::string>{way == LongLine::truncate ? "max-line truncated" : "max-line discarded"});
    }
  }
}

namespace {

class OwnLimit final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn, 16);
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) co_return;
    }
  }
};

// Ends each connection for a reason of its own.
class Picky final : public StreamHandler {
 public:
  std::optional<EndCause> cause;

 private:
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn);
    auto line = co_await lines.read_line();
    if (cause) reactord::end_as(conn, *cause);
  }
};

}  // namespace

TEST_CASE("a handler's own longest line is answered and logged like the server's") {
  OwnLimit handler;
  ServerStage stage;
  stage.run(
      [](ServerStage& on, OwnLimit& by) -> Task<> {
        auto client = on.serve(by);
        co_await test::say(client, std::string(20, 'b'));
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard == "ERR line too long (max 16)\n");
      },
      handler);
  CHECK(stage.observer.causes() == std::vector<std::string>{"line-too-long"});
}

TEST_CASE("a handler says why its connection ends; what the server ended keeps its own cause") {
  for (const auto& [cause, text] :
       {std::pair{std::optional<EndCause>{}, "finished"}, std::pair{std::optional{EndCause::error}, "error"},
        std::pair{std::optional{EndCause::over_limit}, "over-limit"},
        std::pair{std::optional{EndCause::idle}, "idle"}}) {
    CAPTURE(text);
    Picky picky;
    picky.cause = cause;
    ServerStage stage;
    stage.run(
        [](ServerStage& on, Picky& by) -> Task<> {
          auto client = on.serve(by);
          co_await test::say(client, "hello\n");
          auto heard = co_await test::hear_to_end(client);
          CHECK(heard.empty());
        },
        picky);
    CHECK(stage.observer.causes() == std::vector<std::string>{text});
  }
  Picky picky;
  picky.cause = EndCause::error;
  ServerStage stage;
  stage.run(
      [](ServerStage& on, Picky& by) -> Task<> {
        auto client = on.serve(by);
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard.empty());
      },
      picky);
  CHECK(stage.observer.causes() == std::vector<std::string>{"idle"});
}
