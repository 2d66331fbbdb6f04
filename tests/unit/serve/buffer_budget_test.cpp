// The buffers of all sessions together stay below their budget, and who holds most pays for it.
#include <algorithm>

#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::EndCause;
using reactord::Limits;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t budget = 1024 * 1024;

Limits within_budget() {
  Limits limits;
  limits.max_buffers = budget;
  return limits;
}

}  // namespace

TEST_CASE(
    "half lines beyond the budget are given back, those who sent most are told so, and small ones stay") {
  ServerStage stage(within_budget());
  stage.run([](ServerStage& on) -> Task<> {
    auto small = on.client();
    co_await test::say(small, "hel");
    std::vector<Conn> greedy;
    const std::string half(40 * 1024, 'x');
    for (int client = 0; client < 64; ++client) {
      greedy.push_back(on.client());
      co_await test::say(greedy.back(), half);
      co_await test::pass(on.reactor, 1ms);
      CHECK(on.reactor.buffers().bytes_in_use() <= budget + 128 * 1024);
    }
    co_await test::say(small, "lo\n");
    auto answer = co_await test::hear(small, 10);
    CHECK(answer == "got hello\n");
    std::uint64_t told = 0;
    for (Conn& client : greedy) {
      auto finished = client.close_write();
      auto heard = co_await test::hear_to_end(client);
      if (heard == "ERR out of buffer memory\n")
        ++told;
      else
        CHECK(heard == "got " + half + "\n");
    }
    CHECK(told >= 64 - budget / (64 * 1024));
    CHECK(told < 64);
    CHECK(told == on.server.ended(EndCause::over_limit));
  });
  CHECK(std::ranges::count(stage.observer.causes(), "over-limit max-buffers") ==
        static_cast<std::ptrdiff_t>(stage.server.ended(EndCause::over_limit)));
}

TEST_CASE("answers that nobody takes beyond the budget end the connections that have most of them") {
  ServerStage stage(within_budget());
  stage.run([](ServerStage& on) -> Task<> {
    auto modest = on.client();
    co_await test::say(modest, "one\n");
    std::vector<Conn> deaf;
    for (int client = 0; client < 64; ++client) {
      deaf.push_back(on.client());
      co_await test::say(deaf.back(), "big\nbig\nbig\nbig\nbig\nbig\n");
      co_await test::pass(on.reactor, 1ms);
      CHECK(on.reactor.buffers().bytes_in_use() <= budget + 256 * 1024);
    }
    CHECK(on.server.ended(EndCause::over_limit) > 32);
    auto answer = co_await test::hear(modest, 8);
    CHECK(answer == "got one\n");
  });
  CHECK(stage.server.ended(EndCause::over_limit) < 64);
}

// All at the same time, and then turn after turn: in how many of forty was more held than the budget has?
static Task<> flood(ServerStage& on, std::string words, int& turns_beyond) {
  std::vector<Conn> clients;
  for (int client = 0; client < 64; ++client) {
    clients.push_back(on.client());
    co_await test::say(clients.back(), words);
  }
  for (int turn = 0; turn < 40; ++turn) {
    if (on.reactor.buffers().bytes_in_use() > budget + 128 * 1024) ++turns_beyond;
    co_await on.reactor.next_turn();
  }
  for (Conn& client : clients) client.abort();
}

TEST_CASE("what goes beyond the budget is given back at once, whatever its connection was about to do") {
  // One waits for the rest of its line, the other for its next turn to be served.
  for (const std::string line : {"x", "x\n"}) {
    CAPTURE(line);
    ServerStage stage(within_budget());
    std::string words;
    while (words.size() < 40 * 1024) words += line;
    int turns_beyond = 0;
    stage.run(flood(stage, words, turns_beyond));
    CHECK(turns_beyond <= 3);  // the clients' own ends of the pipes hold them too, at first
    CHECK(stage.server.ended(EndCause::over_limit) > 0);
  }
}

TEST_CASE("below the budget nobody is evicted") {
  ServerStage stage(within_budget());
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    const std::string half(10 * 1024, 'x');
    for (int client = 0; client < 55; ++client) {
      clients.push_back(on.client());
      co_await test::say(clients.back(), half);
      co_await test::pass(on.reactor, 1ms);
    }
    CHECK(on.server.open_connections() == 55);
    CHECK(on.server.ended(EndCause::over_limit) == 0);
    for (Conn& client : clients) client.abort();
  });
}
