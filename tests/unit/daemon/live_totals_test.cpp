// LiveTotals: each connection is counted once, wherever in a walk it ends.
#include "daemon/live_totals.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/server_stage.hpp"

using namespace reactord;
using namespace std::chrono_literals;
using Sums = LiveTotals::Sums;

namespace {

// A Server of its own whose ends are told to the totals. The names of the lines are 1, 2 ... bytes long, so that each
// connection has other counts: connection N has said a line of N bytes and its newline, and heard "got " and it.
struct TotalsStage : test::Stage, ServerObserver {
  void on_closed(const ConnectionEnd& end) override {
    totals.closed(end);
    numbers.push_back(end.number);
  }

  Conn connect() {
    auto pair = buffered_pipe(reactor);
    server.serve(std::move(pair.first), handler);
    return std::move(pair.second);
  }

  Task<> talk(std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
      clients.emplace_back(connect());
      const std::string line = std::string(clients.size(), 'x') + '\n';
      Task<> asking = ask(clients.size(), line);
      co_await std::move(asking);
    }
    Task<> passing = test::pass(reactor, 1ms);
    co_await std::move(passing);
  }

  // What no client reads would not be sent yet.
  Task<> ask(std::size_t number, std::string line) {
    Conn& client = *clients.at(number - 1);
    Task<> saying = test::say(client, line);
    co_await std::move(saying);
    Task<std::string> hearing = test::hear(client, line.size() + 4);
    auto heard = co_await std::move(hearing);
    CHECK(heard == "got " + line);
  }

  Task<> end(std::size_t number) {  // that of the connection, from 1
    clients.at(number - 1).reset();
    Task<> passing = test::pass(reactor, 1ms);
    co_await std::move(passing);
  }

  // The sums of the connections from the first to the last one of these numbers.
  static Sums of(std::uint64_t first, std::uint64_t last) {
    Sums sums;
    for (std::uint64_t number = first; number <= last; ++number) {
      ++sums.lines;
      sums.bytes_read += number + 1;
      sums.bytes_written += number + 5;
    }
    return sums;
  }

  LiveTotals totals;
  std::vector<std::uint64_t> numbers;  // of those that have ended, in that order
  test::Answers handler;
  Server server{reactor, {.observer = this}};
  std::vector<std::optional<Conn>> clients;
};

Sums walk_through(TotalsStage& on) {
  TotalsWalk walk(on.server, on.totals);
  while (walk.next(1)) continue;
  return walk.sums();
}

}  // namespace

TEST_CASE("without a connection the sums are zero, and later those of the ended ones") {
  TotalsStage stage;
  stage.run([](TotalsStage& on) -> Task<> {
    CHECK(walk_through(on) == Sums{});
    Task<> talking = on.talk(2);
    co_await std::move(talking);
    CHECK(on.totals.ended() == Sums{});
    CHECK(walk_through(on) == on.of(1, 2));
    Task<> ending = on.end(1);
    co_await std::move(ending);
    CHECK(on.totals.ended() == on.of(1, 1));
    CHECK(walk_through(on) == on.of(1, 2));
    Task<> last = on.end(2);
    co_await std::move(last);
    CHECK(walk_through(on) == on.of(1, 2));
    CHECK(on.totals.ended() == on.of(1, 2));
  });
}

TEST_CASE("a connection that ends at any place of a walk is counted once") {
  constexpr std::size_t count = 5;
  for (std::size_t step = 0; step <= count; ++step) {
    for (std::size_t ending = 1; ending <= count; ++ending) {
      CAPTURE(step);
      CAPTURE(ending);
      TotalsStage stage;
      stage.run(
          [](TotalsStage& on, std::size_t after, std::size_t number) -> Task<> {
            Task<> talking = on.talk(count);
            co_await std::move(talking);
            TotalsWalk walk(on.server, on.totals);
            const bool has_more = walk.next(after);
            CHECK(has_more == (after < count));
            Task<> leaving = on.end(number);
            co_await std::move(leaving);
            CHECK(on.numbers == std::vector<std::uint64_t>{number});
            CHECK_FALSE(walk.next(count + 1));
            CHECK(walk.sums() == on.of(1, count));
            on.clients.clear();
          },
          step, ending);
    }
  }
}

TEST_CASE("all of them may end amid a walk, and those that began later do not count") {
  TotalsStage stage;
  stage.run([](TotalsStage& on) -> Task<> {
    Task<> talking = on.talk(6);
    co_await std::move(talking);
    TotalsWalk walk(on.server, on.totals);
    CHECK(walk.next(2));
    Task<> later = on.talk(3);
    co_await std::move(later);
    for (const std::size_t number : std::vector<std::size_t>{8, 4, 1, 6, 3, 2, 5}) {
      Task<> leaving = on.end(number);
      co_await std::move(leaving);
    }
    CHECK_FALSE(walk.next(100));
    CHECK(walk.sums() == on.of(1, 6));
    CHECK(walk_through(on) == on.of(1, 9));
    on.clients.clear();
  });
}

TEST_CASE("walks that are under way at once count for themselves, and a later one no less") {
  TotalsStage stage;
  stage.run([](TotalsStage& on) -> Task<> {
    Task<> talking = on.talk(4);
    co_await std::move(talking);
    TotalsWalk first(on.server, on.totals);
    CHECK(first.next(3));
    auto second = std::make_unique<TotalsWalk>(on.server, on.totals);
    CHECK(second->next(1));
    Task<> leaving = on.end(2);
    co_await std::move(leaving);
    Task<> asking = on.ask(4, "y\n");
    co_await std::move(asking);
    Task<> passing = test::pass(on.reactor, 1ms);
    co_await std::move(passing);
    CHECK_FALSE(first.next(9));
    Sums sums = on.of(1, 4);
    sums.lines += 1, sums.bytes_read += 2, sums.bytes_written += 6;
    CHECK(first.sums() == sums);
    CHECK_FALSE(second->next(9));
    CHECK(second->sums() == sums);
    second.reset();
    Task<> last = on.end(1);
    co_await std::move(last);
    CHECK(first.sums() == sums);  // it is over
    on.clients.clear();
  });
}

TEST_CASE("a walk knows the state of each connection that it has shown") {
  TotalsStage stage;
  stage.run([](TotalsStage& on) -> Task<> {
    Task<> talking = on.talk(3);
    co_await std::move(talking);
    Task<> saying = test::say(*on.clients[1], "half");
    co_await std::move(saying);
    Task<> passing = test::pass(on.reactor, 1ms);
    co_await std::move(passing);
    TotalsWalk walk(on.server, on.totals);
    CHECK_FALSE(walk.next(3));
    CHECK(walk.states() == TotalsWalk::States{2, 1, 0, 0, 0});
    on.clients.clear();
  });
}

TEST_CASE("a walk outlives the server and the totals") {
  TotalsStage stage;
  stage.run([](TotalsStage& on) -> Task<> {
    auto totals = std::make_unique<LiveTotals>();
    auto server = std::make_unique<Server>(on.reactor);
    auto pair = buffered_pipe(on.reactor);
    server->serve(std::move(pair.first), on.handler);
    TotalsWalk walk(*server, *totals);
    totals.reset();
    server.reset();
    Task<> passing = test::pass(on.reactor, 1ms);
    co_await std::move(passing);
    CHECK_FALSE(walk.next(1));
    CHECK(walk.sums() == Sums{});
  });
}
