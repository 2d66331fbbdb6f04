// Two servers on one Reactor: what the one takes along at its end is its own.
#include <memory>

#include "support/served.hpp"

using reactord::Buffer;
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
  Server second(reactor, {.limits = {.max_buffers = 512 * 1024}});
  first.reset();
  static constexpr auto body = [](Reactor& on, Server& server, test::Answers& by) -> Task<> {
    auto [client, served] = reactord::buffered_pipe(on);
    server.serve(std::move(served), by);
    co_await test::say(client, "half");
    Buffer other;
    other.prepare(on.buffers(), 1024 * 1024);
    co_await test::pass(on, 1s);
    other.clear();
    auto finished = client.close_write();
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard == "ERR out of buffer memory\n");
    while (server.open_connections() > 0) co_await on.next_turn();
    CHECK(server.ended(reactord::EndCause::over_limit) == 1);
  };
  test::run(reactor, body(reactor, second, handler));
}
