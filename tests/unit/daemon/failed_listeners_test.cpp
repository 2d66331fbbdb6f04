// A listener that has failed: it is not served any more, and a reload opens it again.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "daemon/listeners.hpp"
#include "reactord/dial.hpp"
#include "support/fail_next.hpp"
#include "support/listeners_service.hpp"
#include "support/loopback.hpp"

using reactord::Listener;
using reactord::ListenerId;
using reactord::Options;
using reactord::Task;
using test::Call;
using test::FailNext;
using namespace std::chrono_literals;
using namespace test::service;

TEST_CASE("a listener that has failed is not served any more, and the next reload opens it again") {
  Service service;
  const Options options = listening({{"line", "unix:@reactord-failed-listener"}});
  service.run(
      [](Service& on, const Options& wanted) -> Task<> {
        Task<> first = expect_change(on, wanted, 1, 0);
        co_await std::move(first);
        Task<> failing = let_fail(on, "@reactord-failed-listener");
        co_await std::move(failing);
        CHECK(on.failed == std::vector<std::string>{"line@unix:@reactord-failed-listener"});
        CHECK(on.listeners.text().empty());
        for (int reload = 0; reload < 2; ++reload) {
          Task<> changing = expect_change(on, wanted, reload == 0 ? 1 : 0, 0);
          co_await std::move(changing);
        }
        Task<> asking = expect_answer(on, "@reactord-failed-listener");
        co_await std::move(asking);
        on.server.drain(1s);
      },
      options);
}

TEST_CASE("a reload that gives a failed listener another protocol opens it, and does it again") {
  Service service;
  service.run([](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({{"line", "unix:@reactord-failed-other"}}), 1, 0);
    co_await std::move(first);
    Task<> failing = let_fail(on, "@reactord-failed-other");
    co_await std::move(failing);
    for (const char* protocol : {"echo", "line", "echo"}) {
      ChangeTask changing = change(on, listening({{protocol, "unix:@reactord-failed-other"}}));
      auto changed = co_await std::move(changing);
      REQUIRE(changed.has_value());
      CHECK(changed->added.size() == 1);
    }
    on.server.drain(1s);
  });
}

TEST_CASE("change_handler() of a listener that has failed, or never was, says so and serves nothing") {
  struct Silent final : reactord::LineHandler {
    void on_line(std::string_view, reactord::Reply&) override {}
  } handler;
  Service service;
  service.run(
      [](Service& on, Silent& by) -> Task<> {
        auto listener = reactord::listen(on.reactor, "unix", "@reactord-failed-id");
        REQUIRE(listener.has_value());
        const ListenerId id = on.server.listen(std::move(*listener), by);
        FailNext fail(Call::accept, EINVAL, Listener::failed_accepts);
        auto poke = co_await reactord::dial(on.reactor, "unix", "@reactord-failed-id");
        while (!fail.happened()) {
          auto slept = co_await on.reactor.sleep(1s);
          CHECK(slept.has_value());
        }
        co_await on.reactor.next_turn();
        CHECK(on.server.change_handler(id, by) == 0);
        CHECK(on.server.change_handler(id + 1000, by) == 0);
        // The service it was may be forgotten by now.
        auto other = reactord::listen(on.reactor, "unix", "@reactord-failed-id");
        REQUIRE(other.has_value());
        CHECK(on.server.listen(std::move(*other), by) != 0);
        CHECK(on.server.change_handler(id, by) == 0);
        on.server.drain(1s);
      },
      handler);
}
