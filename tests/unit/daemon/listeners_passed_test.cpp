// Sockets that were passed to the daemon: found by their names, counted, and told of where they serve nothing.
#include <doctest/doctest.h>

#include <string>

#include "daemon/listeners.hpp"
#include "support/listeners_service.hpp"

using reactord::Listeners;
using reactord::ListenOption;
using reactord::Options;
using reactord::Task;
using namespace std::chrono_literals;
using namespace test::service;

TEST_CASE("of two passed sockets of one name, the one that has failed is opened again, and it alone") {
  Service service(200, {"web", "web"});
  service.run([](Service& on) -> Task<> {
    const Options wanted = listening({{"line", "systemd:web"}});
    CHECK(on.listeners.descriptors(wanted) == 4);
    ChangeTask starting = change(on, wanted);
    auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    CHECK(started->added.size() == 2);
    CHECK(on.listeners.descriptors(wanted) == 4);
    CHECK(on.listeners.descriptors(listening({{"line", ":0"}})) == 3);  // they stay open, wanted or not
    Task<> failing = let_fail(on, "@reactord-handed-200");
    co_await std::move(failing);
    ChangeTask changing = change(on, wanted);
    auto changed = co_await std::move(changing);
    REQUIRE(changed.has_value());
    REQUIRE(changed->added.size() == 1);
    CHECK(changed->added.front().address.text() == "@reactord-handed-200");
    CHECK(changed->removed.empty());
    for (const char* address : {"@reactord-handed-200", "@reactord-handed-201"}) {
      Task<> asking = expect_answer(on, address);
      co_await std::move(asking);
    }
    on.server.drain(1s);
  });
}

TEST_CASE("each passed socket is counted with the descriptor by which it is served") {
  const std::vector<ListenOption> wanted{{"line", "systemd:web"}, {"echo", "127.0.0.1:0"}};
  const std::vector<std::string> hundred(100, "web");
  CHECK(reactord::listening_descriptors(wanted, {}, hundred) == 201);
  CHECK(reactord::listening_descriptors(wanted, hundred, {}) == 201);
  CHECK(reactord::listening_descriptors({{"echo", "127.0.0.1:0"}}, hundred, {}) == 101);
  CHECK(reactord::listening_descriptors({{"echo", "127.0.0.1:0"}}, {}, hundred) == 1);  // those are closed
}

TEST_CASE(
    "where sockets were passed and none has the name of a protocol, a start fails, and says what to do") {
  Service service(210, {"web", "api"});
  service.run([](Service& on) -> Task<> {
    ChangeTask changing = change(on, listening({}));
    auto changed = co_await std::move(changing);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error() == reactord::ErrorCode::invalid);
    CHECK(changed.error().text() ==
          "nothing to listen at: of the sockets that were passed (web, api) none has the name of a protocol "
          "(line, "
          "echo): write FileDescriptorName= in the socket unit, or listen = PROTOCOL@systemd:web");
  });
}

TEST_CASE(
    "a reload does not forget that sockets were passed: port 9090 is not opened for those that had no use") {
  Service service(220, {"line", "web"});
  service.run([](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({}), 1, 0);
    co_await std::move(first);
    CHECK(on.listeners.take_unused().size() == 1);
    Task<> second = expect_change(on, listening({}), 0, 0);
    co_await std::move(second);
    Task<> third = expect_change(on, listening({{"line", "unix:@reactord-instead"}}), 1, 1);
    co_await std::move(third);
    Task<> fourth = expect_change(on, listening({}), 1, 1);
    co_await std::move(fourth);
    Task<> asking = expect_answer(on, "@reactord-handed-220");
    co_await std::move(asking);
    on.server.drain(1s);
  });
}

TEST_CASE("a listen option that leaves a passed socket without service is told") {
  Service service(230, {"line"});
  service.run([](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({}), 1, 0);
    co_await std::move(first);
    ChangeTask changing = change(on, listening({{"line", "unix:@reactord-other"}}));
    auto changed = co_await std::move(changing);
    REQUIRE(changed.has_value());
    REQUIRE(changed->unserved.size() == 1);
    CHECK(changed->unserved.front().option.passed_name() == "line");
    on.server.drain(1s);
  });
}

TEST_CASE("a passed socket that was closed at the start is told as what it is") {
  Service service(240, {"line", "web"});
  service.run([](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({}), 1, 0);
    co_await std::move(first);
    CHECK(on.listeners.take_unused().size() == 1);
    ChangeTask changing = change(on, listening({{"line", "systemd:web"}}));
    auto changed = co_await std::move(changing);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error().text() ==
          "line@systemd:web: it was closed at the start, when nothing wanted it: restart, and it is passed "
          "again");
    on.server.drain(1s);
  });
}
