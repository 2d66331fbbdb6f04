// Two servers on one Reactor: what the one takes along at its end is its own.
#include <memory>

#include "support/server_stage.hpp"

using reactord::Limits;
using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using namespace std::chrono_literals;

TEST_CASE("the end of a server leaves the limits of a later one on the same Reactor in force") {
  reactord::VirtualClock clock;
  Reactor reactor(clock);
  test::Answers handler;
  auto first = std::make_unique<Server>(reactor);
  Server second(reactor, {.limits = {.max_buffers = 100}});
  first.reset();
  test::run(
      reactor,
      [](Reactor& on, Server& server, test::Answers& by) -> Task<> {
        auto [client, served] = reactord::buffered_pipe(on);
        server.serve(std::move(served), by);
        co_await test::say(client, "half");
        co_await test::pass(on, 1s);
        auto finished = client.close_write();
        auto heard = co_await test::hear_to_end(client);
        CHECK(heard == "ERR out of buffer memory\n");
        while (server.open_connections() > 0) co_await on.next_turn();
        CHECK(server.ended(reactord::EndCause::over_limit) == 1);
      },
      second, handler);
}

TEST_CASE("each of two servers on a Reactor keeps its own clients below its own max_buffers") {
  reactord::VirtualClock clock;
  Reactor reactor(clock);
  test::Answers handler;
  Server first(reactor, {.limits = {.max_buffers = 100}});
  Server second(reactor);
  test::run(
      reactor,
      [](Reactor& on, Server& strict, Server& lax, test::Answers& by) -> Task<> {
        auto [evicted, of_strict] = reactord::buffered_pipe(on);
        auto [kept, of_lax] = reactord::buffered_pipe(on);
        strict.serve(std::move(of_strict), by);
        lax.serve(std::move(of_lax), by);
        co_await test::say(evicted, "half");
        co_await test::say(kept, "half");
        auto heard = co_await test::hear_to_end(evicted);
        CHECK(heard == "ERR out of buffer memory\n");
        co_await test::say(kept, "\n");
        auto answer = co_await test::hear(kept, 9);
        CHECK(answer == "got half\n");
        kept.abort();
      },
      first, second, handler);
  CHECK(first.ended(reactord::EndCause::over_limit) == 1);
  CHECK(second.ended(reactord::EndCause::over_limit) == 0);
}
