// Which way bytes move is chosen before they are moved: what has no descriptor is never asked of the kernel.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "support/faults.hpp"
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

class Echo final : public reactord::StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::array<char, 256> room{};
    while (true) {
      auto count = co_await conn.read(room);
      if (!count) break;
      auto sent = co_await conn.write(std::string_view(room.data(), *count));
      if (!sent) break;
    }
  }
};

Task<> talk(ServerStage& on, Conn& lines, Conn& stream) {
  for (int line = 0; line < 10; ++line) {
    co_await test::say(lines, "hello\n");
    auto heard = co_await test::hear(lines, 10);
    CHECK(heard == "got hello\n");
    co_await test::say(stream, "hello\n");
    auto back = co_await test::hear(stream, 6);
    CHECK(back == "hello\n");
  }
  // Half a line, backpressure, and an end with input unread.
  co_await test::say(lines, "hel");
  co_await test::pass(on.reactor, 1ms);
  co_await test::say(lines, "lo\n");
  for (int line = 0; line < 50; ++line) co_await test::say(lines, "big\n");
  co_await test::pass(on.reactor, 1ms);
  CHECK(lines.close_write().has_value());
  auto rest = co_await test::hear_to_end(lines);
  CHECK(rest.size() == 10 + 50 * 10'001);
  CHECK(stream.close().has_value());
}

}  // namespace

TEST_CASE("pipe transport: no system call is made for a descriptor that a pipe does not have") {
  const std::size_t before = test::transfers_without_descriptor();
  ServerStage served;
  Echo echo;
  Conn lines = served.client();
  Conn stream = served.serve(echo);
  served.run(talk(served, lines, stream));
  CHECK(test::transfers_without_descriptor() == before);
}

TEST_CASE("pipe transport: nor where an end is closed with input unread, and aborted amid that") {
  const std::size_t before = test::transfers_without_descriptor();
  reactord::VirtualClock clock;
  reactord::Reactor reactor(clock);
  {
    auto ends = reactord::buffered_pipe(reactor);
    static constexpr auto body = [](Conn& conn, Conn& other) -> Task<> {
      auto written = co_await other.write("unread");
      CHECK(written.has_value());
      co_await conn.reactor().next_turn();
      CHECK(conn.unread() == 6);
      auto sent = co_await conn.write("bye");
      CHECK(sent.has_value());
      conn.send_now();
      CHECK(conn.close().has_value());
      conn.abort();
    };
    test::run(reactor, body(ends.first, ends.second));
  }
  CHECK(test::transfers_without_descriptor() == before);
}
