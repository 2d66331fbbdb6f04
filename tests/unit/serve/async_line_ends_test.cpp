// AsyncLineHandler: resets, shutdowns, discarded lines, memory that runs out, and many lines.
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "reactord/async_line_handler.hpp"
#include "support/no_memory.hpp"
#include "unwatched_server.hpp"

using reactord::Answer;
using reactord::AsyncLineHandler;
using reactord::Conn;
using reactord::Context;
using reactord::LongLine;
using reactord::Task;
using test::NoMemory;
using test::Peer;
using test::ServerStage;
using namespace std::chrono_literals;

using test::Unwatched;

namespace {

struct Waits final : AsyncLineHandler {
  using AsyncLineHandler::AsyncLineHandler;
  int running = 0, cancelled = 0;
  Task<> on_line(std::string_view, Answer&, Context& context) override {
    ++running;
    auto done = co_await context.done();
    ++cancelled;
    --running;
  }
};

struct Numbers final : AsyncLineHandler {
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    const int ms = std::atoi(std::string(line).c_str());
    if (ms > 0) {
      auto slept = co_await context.sleep(std::chrono::milliseconds(ms));
    }
    answer.write("got ", line, "\n");
  }
};

struct Slow final : AsyncLineHandler {
  using AsyncLineHandler::AsyncLineHandler;
  int running = 0;
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    ++running;
    auto done = co_await context.done();
    for (int i = 0; i < 5; ++i) {
      auto turned = co_await conn_reactor->sleep(1ms);
      (void)turned;
      co_await conn_reactor->next_turn();
    }
    answer.write("late ", line);
    --running;
  }
  reactord::Reactor* conn_reactor = nullptr;
};

struct Counts final : AsyncLineHandler {
  std::vector<int> counts{0, 0};
  int most_between = 0, since = 0;
  Task<> on_line(std::string_view line, Answer& answer, Context&) override {
    if (line.empty()) {
      ++counts[0];
      ++since;
      answer.write("\n");
      co_return;
    }
    ++counts[1];
    most_between = std::max(most_between, since);
    since = 0;
    answer.write("x\n");
  }
};

struct Delayed final : AsyncLineHandler {
  using AsyncLineHandler::AsyncLineHandler;
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    if (line == "a") {
      auto s = co_await context.sleep(1ms);
    }
    answer.write("got ", line, "\n");
  }
};

struct Silent final : AsyncLineHandler {
  Task<> on_line(std::string_view, Answer&, Context& context) override {
    auto slept = co_await context.sleep(4900ms);
  }
};

}  // namespace

TEST_CASE("a reactor that shuts down waits for tasks that take their time") {
  for (int close_first : {0, 1, 2}) {
    ServerStage on;
    Slow slow;
    slow.conn_reactor = &on.reactor;
    on.run(
        [](ServerStage& stage, Slow& handler, int mode) -> Task<> {
          Conn client = stage.serve(handler);
          co_await test::say(client, "wait\nwait more\n");
          co_await test::pass(stage.reactor, 1ms);
          if (mode == 1) {
            CHECK(client.close_write().has_value());
            co_await test::pass(stage.reactor, 1ms);
          }
          if (mode == 2) {
            stage.server.kill();
          }
          stage.reactor.shutdown();
        },
        slow, close_first);
    CHECK(slow.running == 0);
  }
}

TEST_CASE("a reset cancels the lines in flight when nobody reads") {
  for (const bool half_close : {false, true}) {
    CAPTURE(half_close);
    ServerStage on;
    Waits waits(half_close ? 64 : 1);
    on.run(
        [](ServerStage& stage, Waits& handler, bool half) -> Task<> {
          auto at = stage.server.listen("127.0.0.1:0", handler);
          Peer peer = Peer::connect(*at);
          peer.send("wait\n");
          for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
          co_await test::pass(stage.reactor, 1ms);
          CHECK(handler.running == 1);
          if (half) ::shutdown(peer.fd(), SHUT_WR);
          for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
          peer.reset();
          for (int i = 0; i < 10; ++i) co_await stage.reactor.next_turn();
          co_await test::pass(stage.reactor, 1h);
          CHECK(handler.cancelled == 1);
          stage.server.kill();
        },
        waits, half_close);
  }
}

TEST_CASE("discarded lines are refused in their place") {
  ServerStage on({.max_line = 10, .long_lines = LongLine::discard});
  Numbers numbers;
  on.run(
      [](ServerStage& stage, Numbers& handler) -> Task<> {
        Conn client = stage.serve(handler);
        co_await test::say(client, "20\n12345678901234\n5\n");
        CHECK(client.close_write().has_value());
        const std::string heard = co_await test::hear_to_end(client);
        CHECK(heard == "got 20\nERR line too long (max 10)\ngot 5\n");
      },
      numbers);
}

TEST_CASE("discarded lines are refused behind an answer that waits, and a flood of them has an end") {
  for (const bool flood : {false, true}) {
    ServerStage on({.max_line = 10,
                    .long_lines = LongLine::discard,
                    .output = {.high = 4096, .low = 1024, .hard = 8192}});
    struct Huge final : AsyncLineHandler {
      Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
        if (line == "wait") {
          auto done = co_await context.done();
        }
        answer.write(std::string(300'000, 'H'), "\n");
      }
    } huge;
    on.run(
        [](ServerStage& stage, Huge& handler, bool lots) -> Task<> {
          Conn client = stage.serve(handler);
          co_await test::say(client, lots ? "wait\n" : "x\n");
          co_await test::pass(stage.reactor, 1ms);
          for (int i = 0; i < (lots ? 1000 : 1); ++i) {
            auto sent = co_await client.write("12345678901234\n");
            if (!sent) break;
          }
          co_await test::pass(stage.reactor, 1ms);
          auto closed = client.close_write();
          const std::string heard = co_await test::hear_to_end(client);
          if (!lots) CHECK(heard == std::string(300'000, 'H') + "\nERR line too long (max 10)\n");
          if (lots) CHECK(heard.empty());
        },
        huge, flood);
    REQUIRE(on.observer.causes().size() == 1);
    CHECK(on.observer.causes()[0] == (flood ? "slow-reader output-hard" : "eof"));
  }
}

TEST_CASE("many lines of one connection take many turns") {
  ServerStage on;
  Counts counts;
  on.run(
      [](ServerStage& stage, Counts& handler) -> Task<> {
        auto at = stage.server.listen("127.0.0.1:0", handler);
        Peer flood = Peer::connect(*at);
        int most = 0, before = 0;
        const std::string lines(60'000, '\n');
        flood.send(lines.substr(0, 30'000));
        std::size_t turns = 0;
        while (handler.counts[0] < 30'000 && turns < 2'000) {
          co_await stage.reactor.next_turn();
          ++turns;
          most = std::max(most, handler.counts[0] - before);
          before = handler.counts[0];
        }
        CHECK(most <= 64);
        flood.reset();
        co_await test::pass(stage.reactor, 1ms);
        stage.server.kill();
      },
      counts);
}

TEST_CASE("memory that runs out ends the connection, whichever allocation that is") {
  std::size_t refused = 1;
  for (std::size_t nth = 0; refused > 0; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 500);
    for (const std::size_t times : {std::size_t{1}, NoMemory::all}) {
      Unwatched on({.max_line = 1000, .long_lines = LongLine::discard});
      Delayed delayed(3);
      std::size_t count = 0;
      on.run(
          [](Unwatched& stage, Delayed& handler, std::size_t n, std::size_t most, std::size_t& r) -> Task<> {
            Conn client = stage.serve(handler);
            std::string text = "a\nb\n" + std::string(2000, 'x') + "\na\na\na\na\nb\n";
            co_await test::say(client, text);

            {
              NoMemory refusal(n, most);
              for (int i = 0; i < 40; ++i) co_await stage.reactor.next_turn();
              refusal.end();
              r = refusal.refused();
            }
            co_await test::pass(stage.reactor, 10ms);
            CHECK(stage.server.check());
            client.abort();
            co_await test::pass(stage.reactor, 10ms);
          },
          delayed, nth, times, count);
      if (times == 1) refused = count;
      CHECK(on.reactor.live_tasks() == 0);
    }
  }
}

TEST_CASE("the idle timeout begins behind an answer of nothing, too") {
  ServerStage on({.idle_timeout = 1s});
  Silent silent;
  on.run(
      [](ServerStage& stage, Silent& handler) -> Task<> {
        Conn client = stage.serve(handler);
        co_await test::say(client, "x\n");
        const std::string heard = co_await test::hear_to_end(client);
      },
      silent);
  CHECK(on.elapsed() >= 5900ms);
}
