// Awaits that do not suspend, in a program that was compiled without optimisation: there no compiler makes the transfer
// from one coroutine to the next a tail call, so each must come back before the next begins. The Makefile builds this
// program at -O0 in every flavour.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "reactord/line_reader.hpp"
#include "reactord/pipe.hpp"
#include "reactord/reactor.hpp"
#include "reactord/server.hpp"

#ifdef __OPTIMIZE__
#error "this is to be compiled at -O0"
#endif

using reactord::Conn;
using reactord::Context;
using reactord::LineReader;
using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t many = 1'000'000;

Task<std::size_t> ready(std::size_t value) { co_return value; }
Task<> nothing() { co_return; }

Task<std::size_t> twice_ready(std::size_t value) {
  auto same = co_await ready(value);
  co_return same;
}

Task<std::size_t> seldom_ready(Reactor& reactor, std::size_t value) {
  if (value % 1000 == 0) co_await reactor.next_turn();
  co_return value;
}

Task<> await_ready_tasks(std::size_t& awaited) {
  for (std::size_t round = 0; round < many; ++round) {
    auto value = co_await ready(round);
    awaited += value == round ? 1 : 0;
  }
}

Task<> await_nested_tasks(std::size_t& awaited) {
  for (std::size_t round = 0; round < many; ++round) {
    auto value = co_await twice_ready(round);
    co_await nothing();
    awaited += value == round ? 1 : 0;
  }
}

// Some are resumed by the loop, and their awaiter goes on in there.
Task<> await_both_kinds(Reactor& reactor, std::size_t& awaited) {
  for (std::size_t round = 0; round < many; ++round) {
    auto value = co_await seldom_ready(reactor, round);
    awaited += value == round ? 1 : 0;
  }
}

Task<> fail(bool does) {
  if (does) throw std::string("thrown");
  co_return;
}

Task<> catch_many(std::size_t& caught) {
  for (std::size_t round = 0; round < many / 100; ++round) {
    try {
      co_await fail(true);
    } catch (const std::string&) {
      ++caught;
    }
  }
}

// A protocol whose author gave the work for a line a function of its own.
class CountLines final : public reactord::StreamHandler {
 public:
  std::size_t lines = 0;

 private:
  static Task<> count(CountLines& handler, std::string_view line) {
    if (line.empty()) ++handler.lines;
    co_return;
  }
  Task<> serve(Conn& conn, Context&) override {
    LineReader reader(conn);
    while (true) {
      auto line = co_await reader.read_line();
      if (!line) co_return;
      co_await count(*this, *line);
    }
  }
};

Task<> send_newlines(Conn conn, std::size_t count) {
  const std::string newlines(count, '\n');
  auto sent = co_await conn.write(newlines);
  CHECK(sent.has_value());
}

}  // namespace

TEST_CASE("a million awaits of tasks that do not suspend take no stack") {
  VirtualClock clock;
  Reactor reactor(clock);
  std::size_t awaited = 0;
  SUBCASE("one after the other") { reactor.spawn(await_ready_tasks(awaited)); }
  SUBCASE("each with an await within") { reactor.spawn(await_nested_tasks(awaited)); }
  SUBCASE("some of which suspend") { reactor.spawn(await_both_kinds(reactor, awaited)); }
  REQUIRE(reactor.run().has_value());
  CHECK(awaited == many);
  CHECK(reactor.live_tasks() == 0);
}

TEST_CASE("exceptions out of tasks that do not suspend take no stack either") {
  VirtualClock clock;
  Reactor reactor(clock);
  std::size_t caught = 0;
  reactor.spawn(catch_many(caught));
  REQUIRE(reactor.run().has_value());
  CHECK(caught == many / 100);
}

TEST_CASE("a mebibyte of newlines does not overflow the stack of a handler that awaits a task for each") {
  constexpr std::size_t bytes = 1024 * 1024;
  VirtualClock clock;
  Reactor reactor(clock);
  CountLines handler;
  reactord::Server server(reactor);
  auto pair = reactord::buffered_pipe(reactor);
  server.serve(std::move(pair.first), handler);
  reactor.spawn(send_newlines(std::move(pair.second), bytes));
  REQUIRE(reactor.run().has_value());
  CHECK(handler.lines == bytes);
  CHECK(server.open_connections() == 0);
  CHECK(reactor.live_tasks() == 0);
  CHECK(reactor.buffers().bytes_in_use() == 0);
}
