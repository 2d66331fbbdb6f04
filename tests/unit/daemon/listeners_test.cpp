// Where the daemon listens, and what a reload makes of it.
#include "daemon/listeners.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "reactord/dial.hpp"
#include "support/listeners_service.hpp"
#include "support/no_memory.hpp"
#include "support/process.hpp"

using reactord::Conn;
using reactord::Listeners;
using reactord::ListenOption;
using reactord::Options;
using reactord::Task;
using namespace std::chrono_literals;
using namespace test::service;

namespace {

// Takes the only place of the server.
Task<Conn> fill(Service& on, std::string address) {
  auto conn = co_await reactord::dial(on.reactor, "unix", address);
  REQUIRE(conn.has_value());
  while (on.server.open_connections() == 0) co_await on.reactor.next_turn();
  co_return std::move(*conn);
}

// Of change_to(), as a reload sees it.
enum class Outcome : std::uint8_t { done, refused, ran_out };

Task<Outcome> change_without(Service& on, std::size_t allocation, Options wanted, bool& was_enough) {
  Outcome outcome = Outcome::done;
  test::NoMemory refuse(allocation);
  try {
    ChangeTask changing = on.listeners.change_to(wanted);
    auto changed = co_await std::move(changing);
    if (!changed) outcome = Outcome::refused;
  } catch (const std::bad_alloc&) {
    outcome = Outcome::ran_out;
  }
  refuse.end();
  was_enough = refuse.refused() == 0;
  co_return outcome;
}

}  // namespace

TEST_CASE("a reload opens a unix path anew whose file was removed, or has become another's") {
  Service service;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("s");
  service.run(
      [](Service& on, std::string at) -> Task<> {
        const Options wanted = listening({{"line", "unix:" + at}});
        Task<> first = expect_change(on, wanted, 1, 0);
        co_await std::move(first);
        CHECK(::unlink(at.c_str()) == 0);
        Task<> second = expect_change(on, wanted, 1, 1);
        co_await std::move(second);
        Task<> asking = expect_answer(on, at);
        co_await std::move(asking);
        Task<> third = expect_change(on, wanted, 0, 0);
        co_await std::move(third);
        on.server.drain(1s);
      },
      path);
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE(
    "a reload that can't open a unix path anew, because another's file is there, says so and changes "
    "nothing") {
  Service service;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("s");
  service.run(
      [](Service& on, std::string at) -> Task<> {
        const Options wanted = listening({{"line", "unix:" + at}});
        Task<> first = expect_change(on, wanted, 1, 0);
        co_await std::move(first);
        CHECK(::unlink(at.c_str()) == 0);
        auto other = reactord::listen(on.reactor, "unix", at);
        REQUIRE(other.has_value());
        ChangeTask changing = change(on, wanted);
        auto changed = co_await std::move(changing);
        REQUIRE_FALSE(changed.has_value());
        CHECK(changed.error().system_errno() == EADDRINUSE);
        CHECK(on.listeners.text() == "line@unix:" + at);
        on.server.drain(1s);
      },
      path);
}

TEST_CASE("a listener that is removed while the server is full can be had back before it has closed") {
  Service service;
  service.server.set_limits({.connections = {.most = 1, .then = reactord::OverLimit::defer}});
  const test::TemporaryDirectory directory;
  service.run(
      [](Service& on, std::string at) -> Task<> {
        const Options both = listening({{"line", "unix:" + at}, {"line", "unix:" + at + "2"}});
        const Options one = listening({{"line", "unix:" + at + "2"}});
        Task<> first = expect_change(on, both, 2, 0);
        co_await std::move(first);
        Task<Conn> filling = fill(on, at);
        auto conn = co_await std::move(filling);
        Task<> second = expect_change(on, one, 0, 1);
        co_await std::move(second);
        auto waiting = co_await reactord::dial(on.reactor, "unix", at);
        REQUIRE(waiting.has_value());
        for (int turn = 0; turn < 10; ++turn) co_await on.reactor.next_turn();
        Task<> third = expect_change(on, both, 1, 0);
        co_await std::move(third);
        auto closed = conn.close();
        CHECK(closed.has_value());
        auto sent = co_await waiting->write("x\n");
        std::string answer(10, ' ');
        auto read = co_await waiting->read(std::span(answer));
        CHECK(answer == "Server: x\n");
        auto ended = waiting->close();
        CHECK(ended.has_value());
        Task<> asking = expect_answer(on, at);
        co_await std::move(asking);
        on.server.drain(1s);
      },
      directory.path("s"));
}

TEST_CASE("a reload that fails lets a listener that it had back close as before") {
  Service service;
  service.server.set_limits({.connections = {.most = 1, .then = reactord::OverLimit::defer}});
  const test::TemporaryDirectory directory;
  service.run(
      [](Service& on, std::string at) -> Task<> {
        const ListenOption lasting{"line", "unix:" + at + "2"}, removed{"line", "unix:" + at};
        Task<> first = expect_change(on, listening({lasting, removed}), 2, 0);
        co_await std::move(first);
        Task<Conn> filling = fill(on, at);
        auto conn = co_await std::move(filling);
        Task<> second = expect_change(on, listening({lasting}), 0, 1);
        co_await std::move(second);
        ChangeTask changing = change(on, listening({lasting, removed, {"line", "unix:/nowhere/at/all"}}));
        auto changed = co_await std::move(changing);
        CHECK_FALSE(changed.has_value());
        CHECK(on.listeners.text() == "line@unix:" + at + "2");
        auto closed = conn.close();
        CHECK(closed.has_value());
        while (::access(at.c_str(), F_OK) == 0) co_await on.reactor.next_turn();
        Task<> asking = expect_answer(on, at + "2");
        co_await std::move(asking);
        on.server.drain(1s);
      },
      directory.path("s"));
}

TEST_CASE(
    "a change of 3,000 listeners is spread over the turns of the loop, and clients are served meanwhile") {
  Service service;
  service.run([](Service& on) -> Task<> {
    constexpr std::size_t count = 3'000;
    std::vector<ListenOption> many{{"line", "unix:@reactord-many"}};
    for (std::size_t number = 1; number < count; ++number)
      many.push_back({"line", "unix:@reactord-many-" + std::to_string(number)});
    for (const bool all : {true, false, true}) {
      const std::uint64_t before = on.reactor.turns();
      ChangeTask changing = change(on, listening(all ? many : std::vector(many.begin(), many.begin() + 1)));
      auto changed = co_await std::move(changing);
      REQUIRE(changed.has_value());
      CHECK(changed->added.size() + changed->removed.size() >= count - 1);
      CHECK(on.reactor.turns() - before >= (count - 1) / Listeners::changes_per_turn);
      Task<> asking = expect_answer(on, "@reactord-many");
      co_await std::move(asking);
    }
    on.server.drain(1s);
  });
}

TEST_CASE(
    "a change that runs out of memory, at whatever allocation, leaves no listener that the next one does not "
    "know") {
  const std::vector<ListenOption> before{
      {"line", "unix:@reactord-m1"}, {"line", "unix:@reactord-m2"}, {"line", "unix:@reactord-m3"}};
  const std::vector<ListenOption> after{
      {"echo", "unix:@reactord-m1"}, {"line", "unix:@reactord-m3"}, {"line", "unix:@reactord-m4"}};
  bool was_enough = false;
  for (std::size_t allocation = 0; !was_enough; ++allocation) {
    CAPTURE(allocation);
    Service service;
    service.run(
        [](Service& on, std::size_t nth, std::vector<ListenOption> first, std::vector<ListenOption> second,
           bool& enough) -> Task<> {
          ChangeTask starting = change(on, listening(first));
          auto started = co_await std::move(starting);
          REQUIRE(started.has_value());
          Task<Outcome> changing = change_without(on, nth, listening(second), enough);
          auto outcome = co_await std::move(changing);
          if (!enough) CHECK(outcome != Outcome::done);
          co_await on.reactor.next_turn();  // an abstract name is free at the end of the turn
          for (const auto& wanted : {second, first}) {
            ChangeTask again = change(on, listening(wanted));
            auto changed = co_await std::move(again);
            CHECK_MESSAGE(changed.has_value(), changed.error().text());
            for (int turn = 0; turn < 4; ++turn) co_await on.reactor.next_turn();
          }
          for (const char* address : {"@reactord-m1", "@reactord-m2", "@reactord-m3"}) {
            Task<> asking = expect_answer(on, address);
            co_await std::move(asking);
          }
          auto gone = co_await reactord::dial(on.reactor, "unix", "@reactord-m4");
          CHECK_FALSE(gone.has_value());
          on.server.drain(1s);
        },
        allocation, before, after, was_enough);
  }
}

TEST_CASE("a listener that is had back gets the mode that it has by now") {
  Service service;
  service.server.set_limits({.connections = {.most = 1, .then = reactord::OverLimit::defer}});
  const test::TemporaryDirectory directory;
  service.run(
      [](Service& on, std::string at) -> Task<> {
        const ListenOption lasting{"line", "unix:" + at + "2"};
        ListenOption open{"line", "unix:" + at, {.mode = 0666}}, closed{"line", "unix:" + at, {.mode = 0600}};
        Task<> first = expect_change(on, listening({lasting, open}), 2, 0);
        co_await std::move(first);
        Task<Conn> filling = fill(on, at);
        auto conn = co_await std::move(filling);
        Task<> second = expect_change(on, listening({lasting}), 0, 1);
        co_await std::move(second);
        Task<> third = expect_change(on, listening({lasting, closed}), 1, 0);
        co_await std::move(third);
        struct stat file {};
        CHECK(::stat(at.c_str(), &file) == 0);
        CHECK((file.st_mode & 0777) == 0600);
        auto ended = conn.close();
        on.server.drain(1s);
      },
      directory.path("s"));
}
