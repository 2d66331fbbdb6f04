// The buffers of streams count for Limits::max_buffers as those of line sessions do, and nobody pays for what others
// hold.
#include <algorithm>

#include "serve/buffer_budget.hpp"
#include "support/server_stage.hpp"

using reactord::Buffer;
using reactord::BufferBudget;
using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::Limits;
using reactord::LineReader;
using reactord::StreamHandler;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t budget = 1024 * 1024;
constexpr std::size_t slack = 192 * 1024;  // the client's own end of the pipe, and what came last

Limits within_budget() {
  Limits limits;
  limits.max_buffers = budget;
  return limits;
}

// The protocol of docs/protocols.md.
class Counter final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn);
    std::uint64_t count = 0;
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) co_return;
      const std::string number = std::to_string(++count);
      auto sent = co_await conn.write(number, " ", *line, "\n");
      if (!sent) co_return;
    }
  }
};

// Collects what comes in a Buffer until there is a newline, without a LineReader.
class Collector final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    Buffer bytes;
    while (true) {
      auto read = co_await conn.read(bytes);
      if (!read) co_return;
      if (bytes.view().find('\n') == std::string_view::npos) continue;
      auto sent = co_await conn.write(bytes.view());
      if (!sent) co_return;
      bytes.clear();
    }
  }
};

// Says much to each client, and waits for nothing of it.
class Talker final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    const std::string much(60 * 1024, 't');
    auto sent = co_await conn.write(much);
    Buffer bytes;
    while (sent) {
      auto read = co_await conn.read(bytes);
      if (!read) co_return;
    }
  }
};

// 200 clients that each make `by` hold much of `words`, beside a line client with half a line of three bytes.
Task<> crowd(ServerStage& on, StreamHandler& by, std::string words) {
  auto small = on.client();
  co_await test::say(small, "hel");
  std::vector<Conn> greedy;
  for (int client = 0; client < 200; ++client) {
    greedy.push_back(on.serve(by));
    if (!words.empty()) co_await test::say(greedy.back(), words);
    co_await test::pass(on.reactor, 1ms);
    CHECK(on.reactor.buffers().bytes_in_use() <= budget + slack);
    CHECK(on.server.check());
  }
  CHECK(on.server.ended(EndCause::over_limit) >= 180);
  CHECK(on.server.ended(EndCause::over_limit) < 200);
  co_await test::say(small, "lo\n");
  auto answer = co_await test::hear(small, 10);
  CHECK(answer == "got hello\n");
  for (Conn& client : greedy) client.abort();
}

void check_crowd(StreamHandler& by, const std::string& words) {
  ServerStage stage(within_budget());
  stage.run(crowd(stage, by, words));
  CHECK(std::ranges::count(stage.observer.causes(), "over-limit max-buffers") ==
        static_cast<std::ptrdiff_t>(stage.server.ended(EndCause::over_limit)));
}

}  // namespace

TEST_CASE("half lines of streams beyond max_buffers are given back, and a line client with ten bytes stays") {
  Counter counter;
  check_crowd(counter, std::string(60 * 1024, 'x'));
}

TEST_CASE("what a stream has read into a Buffer counts for it while it reads on") {
  Collector collector;
  check_crowd(collector, std::string(60 * 1024, 'x'));
}

TEST_CASE("what a stream has written counts for it") {
  Talker talker;
  check_crowd(talker, {});
}

// The line that was handed out stays where it is until the handler has run: it may look at it once more.
TEST_CASE("a line that was handed out is given back once its handler has returned, and is valid until then") {
  Counter counter;
  ServerStage stage(within_budget());
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        const std::string line = std::string(40 * 1024, 'x') + '\n';
        std::vector<Conn> deaf;
        for (int client = 0; client < 100; ++client) {
          deaf.push_back(on.serve(by));
          const std::string lines = line + line + line;
          auto set = deaf.back().set_write_deadline(on.reactor.now() + 5ms);
          auto sent = co_await deaf.back().write(lines);  // all of it is more than the two ends take
          co_await test::pass(on.reactor, 1ms);
          co_await on.reactor.next_turn();
          co_await on.reactor.next_turn();
          CHECK(on.reactor.buffers().bytes_in_use() <= budget + 3 * slack);
        }
        CHECK(on.server.ended(EndCause::over_limit) > 50);
        for (Conn& client : deaf) client.abort();
      },
      counter);
}

TEST_CASE("nobody is evicted for what others than the server's clients hold") {
  Counter counter;
  ServerStage stage(within_budget());
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        auto line = on.client();
        auto stream = on.serve(by);
        co_await test::say(line, "hel");
        co_await test::say(stream, "hel");
        std::vector<Buffer> own(64);
        for (Buffer& buffer : own) {
          buffer.append(on.reactor.buffers(), std::string(60 * 1024, 'o'));
          co_await on.reactor.next_turn();
        }
        CHECK(on.reactor.buffers().bytes_in_use() > 2 * budget);
        co_await test::say(line, "lo\n");
        co_await test::say(stream, "lo\n");
        auto one = co_await test::hear(line, 10);
        auto other = co_await test::hear(stream, 8);
        CHECK(one == "got hello\n");
        CHECK(other == "1 hello\n");
        line.abort();
        stream.abort();
      },
      counter);
  CHECK(stage.server.ended(EndCause::over_limit) == 0);
}

TEST_CASE("no turn looks at more sessions than its budget, however many hold too much") {
  Counter counter;
  Limits limits;
  limits.max_buffers = 0;
  ServerStage stage(limits);
  stage.run(
      [](ServerStage& on, Counter& by) -> Task<> {
        constexpr std::size_t count = 3 * BufferBudget::sessions_per_turn;
        std::vector<Conn> clients;
        for (std::size_t client = 0; client < count; ++client) {
          clients.push_back(client % 2 == 0 ? on.client() : on.serve(by));
          co_await test::say(clients.back(), "half");
          co_await on.reactor.next_turn();
        }
        co_await test::pass(on.reactor, 1ms);
        on.server.set_limits(Limits{.max_buffers = 1});
        std::uint64_t before = 0;
        int turns = 0;
        while (before < count / 2) {  // a line client's connection ends once it has read why
          co_await on.reactor.next_turn();
          const std::uint64_t ended = on.server.ended(EndCause::over_limit);
          CHECK(ended - before <= BufferBudget::sessions_per_turn);
          before = ended;
          REQUIRE(++turns < 100);
        }
        CHECK(turns >= 3);
        CHECK(turns <= 6);
        for (Conn& client : clients) client.abort();
      },
      counter);
}
