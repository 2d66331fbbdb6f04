// What a session's time limits end, when, and what they leave alone.
#include <algorithm>

#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::Duration;
using reactord::EndCause;
using reactord::Limits;
using reactord::StreamHandler;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

constexpr auto tick = 1ms;

bool is_between(reactord::Duration value, reactord::Duration least, reactord::Duration most) {
  return value >= least && value <= most;
}

class Echo final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::string bytes(1000, '\0');
    while (true) {
      auto read = co_await conn.read(std::span(bytes));
      if (!read) co_return;
      auto written = co_await conn.write(std::string_view(bytes).substr(0, *read));
      if (!written) co_return;
    }
  }
};

// Answers each line with more than may wait.
class Greedy final : public reactord::LineHandler {
  void on_line(std::string_view, reactord::Reply& reply) override { reply.write(std::string(30'000, 'g')); }
};

}  // namespace

TEST_CASE("a line has its time from its first byte, and a trickle does not renew it") {
  ServerStage stage(Limits{.line_timeout = 10s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    co_await test::pass(on.reactor, 5s);
    for (int second = 0; second < 10; ++second) {
      co_await test::say(client, "x");
      co_await test::pass(on.reactor, 990ms);
      CHECK(on.server.open_connections() == 1);
    }
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
    CHECK(is_between(on.elapsed(), 15s, 15s + tick));
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-line"});
}

TEST_CASE("each line has its time anew, and half of one behind a whole one begins its own") {
  ServerStage stage(Limits{.line_timeout = 10s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
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
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-line"});
}

TEST_CASE(
    "while a line is under way the idle timeout does not run, and afterwards it runs from the line's end") {
  ServerStage stage(Limits{.idle_timeout = 5s, .line_timeout = 10s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    co_await test::pass(on.reactor, 4s);
    co_await test::say(client, "he");
    co_await test::pass(on.reactor, 9s);
    co_await test::say(client, "llo\n");
    auto heard = co_await test::hear(client, 10);
    CHECK(heard == "got hello\n");
    auto rest = co_await test::hear_to_end(client);
    CHECK(rest.empty());
    CHECK(is_between(on.elapsed(), 18s, 18s + tick));
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"idle"});
}

TEST_CASE("a line's time stands still while the server itself does not read") {
  ServerStage stage(Limits{.line_timeout = 10s, .write_timeout = 30s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    std::string lines;
    for (int line = 0; line < 8; ++line) lines += "big\n";
    co_await test::say(client, lines + "he");
    co_await test::pass(on.reactor, 25s);
    CHECK(on.server.open_connections() == 1);
    auto answers = co_await test::hear(client, 8 * 10'001);
    CHECK(answers.size() == 8 * 10'001);
    co_await test::pass(on.reactor, 8s);
    co_await test::say(client, "llo\n");
    auto heard = co_await test::hear(client, 10);
    CHECK(heard == "got hello\n");
    auto closed = client.close();
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
}

TEST_CASE("who takes nothing of a small answer either is given up, however much he says meanwhile") {
  ServerStage stage(Limits{.write_timeout = 30s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    co_await test::say(client, "big\n");
    for (int second = 0; second < 29; ++second) {
      co_await test::pass(on.reactor, 1s);
      co_await test::say(client, "x\n");
      CHECK(on.server.open_connections() == 1);
    }
    co_await test::pass(on.reactor, 1s + 2 * tick);
    CHECK(on.server.open_connections() == 0);
    client.abort();
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-reader"});
}

TEST_CASE("who takes his answer slowly, but takes it, is no slow reader") {
  for (const int answers : {1, 8}) {  // below and above the watermark
    CAPTURE(answers);
    ServerStage stage(Limits{.idle_timeout = 0s, .write_timeout = 30s});
    stage.run(
        [](ServerStage& on, int count) -> Task<> {
          auto client = on.client();
          std::string lines;
          for (int line = 0; line < count; ++line) lines += "big\n";
          co_await test::say(client, lines);
          for (int piece = 0; piece < 9; ++piece) {
            co_await test::pass(on.reactor, 29s);
            auto heard = co_await test::hear(client, 1000);
            CHECK(heard.size() == 1000);
          }
          CHECK(on.server.open_connections() == 1);
          auto finished = client.close_write();
          auto rest = co_await test::hear_to_end(client);
          CHECK(rest.size() == static_cast<std::size_t>(count) * 10'001 - 9000);
        },
        answers);
    CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
  }
}

TEST_CASE("a stream's peer that takes nothing is given up too") {
  ServerStage stage(Limits{.write_timeout = 30s});
  stage.run([](ServerStage& on) -> Task<> {
    Echo echo;
    auto client = on.serve(echo);
    co_await test::say(client, "x");
    co_await test::pass(on.reactor, 29s);
    co_await test::say(client, "y");  // not idle
    CHECK(on.server.open_connections() == 1);
    co_await test::pass(on.reactor, 1s + 2 * tick);
    CHECK(on.server.open_connections() == 0);
    client.abort();
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-reader"});
}

TEST_CASE("more output than the hard limit ends a connection at once") {
  Limits limits;
  limits.output = {.high = 8 * 1024, .low = 1024, .hard = 25'000};
  ServerStage stage(limits);
  stage.run([](ServerStage& on) -> Task<> {
    auto modest = on.client();
    co_await test::say(modest, "big\n");
    co_await test::pass(on.reactor, 1s);
    CHECK(on.server.open_connections() == 1);
    static Greedy answers;
    auto greedy = on.serve(answers);
    co_await test::say(greedy, "more\n");
    auto heard = co_await test::hear_to_end(greedy);
    while (on.server.open_connections() > 1) co_await on.reactor.next_turn();
    CHECK(on.server.ended(EndCause::slow_reader) == 1);
    auto answer = co_await test::hear(modest, 10'001);
    CHECK(answer.size() == 10'001);
    auto closed = modest.close();
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"slow-reader output-hard", "eof"});
}

TEST_CASE("a lifetime ends a connection between two lines, and answers what was received by then") {
  ServerStage stage(Limits{.lifetime = 20s, .lifetime_jitter_percent = 0});
  stage.run([](ServerStage& on) -> Task<> {
    auto talking = on.client();
    auto amid_line = on.client();
    auto silent = on.client();
    for (int second = 0; second < 19; ++second) {
      co_await test::say(talking, "x\n");
      auto heard = co_await test::hear(talking, 6);
      CHECK(heard == "got x\n");
      co_await test::pass(on.reactor, 1s);
    }
    co_await test::say(amid_line, "hel");
    auto nothing = co_await test::hear_to_end(silent);
    CHECK(nothing.empty());
    CHECK(is_between(on.elapsed(), 20s, 20s + tick));
    auto end = co_await test::hear_to_end(talking);
    CHECK(end.empty());
    co_await test::pass(on.reactor, 5s);
    CHECK(on.server.open_connections() == 1);
    co_await test::say(amid_line, "lo\n");
    auto heard = co_await test::hear_to_end(amid_line);
    CHECK(heard == "got hello\n");
    CHECK(is_between(on.elapsed(), 25s, 25s + tick));
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"lifetime", "lifetime", "lifetime"});
}

TEST_CASE("lifetimes are spread over their jitter") {
  ServerStage stage(Limits{.idle_timeout = 0s, .lifetime = 100s, .lifetime_jitter_percent = 20});
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int client = 0; client < 200; ++client) clients.push_back(on.client());
    co_await test::pass(on.reactor, 80s);
    CHECK(on.server.open_connections() == 200);
    for (int part = 1; part < 4; ++part) {
      co_await test::pass(on.reactor, 5s);
      const auto left = static_cast<int>(on.server.open_connections());
      CHECK(std::abs(left - (200 - 50 * part)) < 30);  // four standard deviations of a fair spread
    }
    co_await test::pass(on.reactor, 5s + 2 * tick);
    CHECK(on.server.open_connections() == 0);
  });
  CHECK(stage.server.ended(EndCause::lifetime) == 200);
}

TEST_CASE("a stream ends at its lifetime, its handler meets the end of its input, and its context is done") {
  ServerStage stage(Limits{.lifetime = 20s, .lifetime_jitter_percent = 0});
  stage.run([](ServerStage& on) -> Task<> {
    Echo echo;
    auto client = on.serve(echo);
    for (int second = 0; second < 19; ++second) {
      co_await test::say(client, "x");
      auto heard = co_await test::hear(client, 1);
      CHECK(heard == "x");
      co_await test::pass(on.reactor, 1s);
    }
    auto rest = co_await test::hear_to_end(client);
    CHECK(rest.empty());
    CHECK(is_between(on.elapsed(), 20s, 20s + tick));
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"lifetime"});
}

TEST_CASE("without any limit of time nothing ends") {
  ServerStage stage(Limits{.idle_timeout = 0s, .line_timeout = 0s, .write_timeout = 0s, .lifetime = 0s});
  stage.run([](ServerStage& on) -> Task<> {
    auto silent = on.client();
    auto amid_line = on.client();
    auto deaf = on.client();
    co_await test::say(amid_line, "hel");
    co_await test::say(deaf, "big\n");
    co_await test::pass(on.reactor, 1000h);
    CHECK(on.server.open_connections() == 3);
    co_await test::say(amid_line, "lo\n");
    auto heard = co_await test::hear(amid_line, 10);
    CHECK(heard == "got hello\n");
    auto answer = co_await test::hear(deaf, 10'001);
    CHECK(answer.size() == 10'001);
  });
  CHECK(stage.server.ended(EndCause::eof) == 3);
}

TEST_CASE("at a drain a line that has begun has drain_line_timeout, if its line_timeout is not over before") {
  struct Row {
    Duration line_timeout, drain_line_timeout, expected;
  };
  for (const Row& row :
       {Row{10s, 5s, 5s}, Row{10s, 0s, 10s}, Row{3s, 5s, 3s}, Row{0s, 5s, 5s}, Row{1h, 2s, 2s}}) {
    CAPTURE(row.expected);
    ServerStage stage(Limits{.line_timeout = row.line_timeout, .drain_line_timeout = row.drain_line_timeout});
    stage.run(
        [](ServerStage& on, Duration expected) -> Task<> {
          Conn peer = on.client();
          co_await test::say(peer, "half");
          co_await on.reactor.next_turn();
          const auto began = on.reactor.now();
          on.server.drain(1h);
          Task<std::string> hearing = test::hear_to_end(peer);
          const std::string heard = co_await std::move(hearing);
          CHECK(heard.empty());
          CHECK(on.reactor.now() - began >= expected);
          CHECK(on.reactor.now() - began <= expected + 1s);
        },
        row.expected);
    CHECK(stage.observer.causes() == std::vector<std::string>{"drained"});
  }
}

TEST_CASE("a half line that a drain finds unread has drain_line_timeout, from the drain on") {
  ServerStage stage(Limits{.line_timeout = 20s, .drain_line_timeout = 5s});
  stage.run([](ServerStage& on) -> Task<> {
    Conn peer = on.client();
    co_await on.reactor.next_turn();
    co_await test::say(peer, "whole\nhalf");
    const auto began = on.reactor.now();
    on.server.drain(1h);
    Task<std::string> hearing = test::hear_to_end(peer);
    const std::string heard = co_await std::move(hearing);
    CHECK(heard == "got whole\n");
    CHECK(on.reactor.now() - began >= 5s);
    CHECK(on.reactor.now() - began <= 6s);
  });
}

TEST_CASE("a drain of thousands is spread over turns, and each of them ends by it") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    constexpr std::size_t count = 5'000;
    std::vector<Conn> peers;
    for (std::size_t number = 0; number < count; ++number) peers.push_back(on.client());
    for (int turn = 0; turn < 3; ++turn) co_await on.reactor.next_turn();
    const std::uint64_t before = on.reactor.turns();
    on.server.drain(1s);
    co_await on.reactor.next_turn();
    co_await on.reactor.next_turn();
    CHECK(on.server.open_connections() > count / 2);  // the first of them alone
    while (on.server.open_connections() > 0) co_await on.reactor.next_turn();
    CHECK(on.reactor.turns() - before >= 4);
    for (Conn& peer : peers) auto closed = peer.close();
  });
  CHECK(stage.server.ended(EndCause::drained) == 5'000);
}

TEST_CASE(
    "a drain answers all that was received, also to a client that reads none of it for longer than a half "
    "line has") {
  ServerStage stage(Limits{.write_timeout = 60s, .output = {.high = 16 * 1024, .low = 4 * 1024}});
  stage.run([](ServerStage& on) -> Task<> {
    constexpr int lines = 10;  // of which each answer is 10,001 bytes
    Conn peer = on.client();
    std::string all;
    for (int line = 0; line < lines; ++line) all += "big\n";
    co_await test::say(peer, all);
    for (int turn = 0; turn < 5; ++turn) co_await on.reactor.next_turn();
    on.server.drain(1h);
    co_await test::pass(on.reactor, 7s);
    Task<std::string> hearing = test::hear_to_end(peer);
    const std::string heard = co_await std::move(hearing);
    CHECK(heard.size() == lines * 10'001);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"drained"});
}
