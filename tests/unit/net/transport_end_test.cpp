// How a Conn over a transport of the user's ends: what close() waits for, what it gives up, and what abort() leaves.
#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conformance/scene.hpp"
#include "reactord/transport.hpp"
#include "support/scripted_transport.hpp"

using reactord::Conn;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using test::conformance::Outcome;
using test::conformance::read_once;
using test::conformance::turns;
using test::conformance::write_from;
using namespace std::chrono_literals;
using namespace test::scripted;

namespace {

Task<> finish(Conn& conn, std::optional<reactord::Result<void>>& ended) {
  auto result = co_await conn.finish();
  ended.emplace(std::move(result));
}

using Ended = std::optional<reactord::Result<void>>;

Task<> close_when_there_is_room(TransportStage& stage) {
  stage.script.room = 3;
  stage.script.shut_result = -EAGAIN;
  Outcome written;
  Ended ended;
  Task<> writing = write_from(stage.conn, "last words", written);
  co_await std::move(writing);
  stage.reactor.spawn(finish(stage.conn, ended));
  co_await turns(stage.reactor, 5);
  CHECK(stage.script.output == "las");
  CHECK(stage.count("shut_write") == 0);
  stage.script.room = 100;
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(stage.script.output == "last words");
  CHECK(stage.count("shut_write") == 1);
  CHECK(stage.count("close") == 0);
  stage.script.shut_result = 0;
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(stage.count("shut_write") == 2);
  CHECK(stage.count("close") == 1);
  REQUIRE(ended.has_value());
  CHECK(ended->has_value());
}

Task<> close_after_the_end(TransportStage& stage) {
  stage.script.ended = true;
  stage.script.shut_result = -EAGAIN;
  Outcome read;
  Ended ended;
  Task<> reading = read_once(stage.conn, read);
  co_await std::move(reading);
  CHECK(read.is_eof());
  stage.reactor.spawn(finish(stage.conn, ended));
  co_await turns(stage.reactor, 5);
  CHECK_FALSE(ended.has_value());
  stage.script.shut_result = 0;
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(ended.has_value());
  CHECK(stage.script.calls == std::vector<std::string>{"receive", "shut_write", "shut_write", "close"});
}

Task<> close_in_vain(TransportStage& stage, reactord::Duration& took) {
  stage.script.shut_result = -EAGAIN;
  Ended ended;
  const Time start = stage.reactor.now();
  Task<> finishing = finish(stage.conn, ended);
  co_await std::move(finishing);
  took = stage.reactor.now() - start;
  REQUIRE(ended.has_value());
  REQUIRE_FALSE(ended->has_value());
  CHECK(ended->error().timeout());
}

Task<> close_slowly(TransportStage& stage, reactord::Duration& took) {
  stage.script.shut_result = -EAGAIN;
  stage.script.unsent = 1000;
  Ended ended;
  const Time start = stage.reactor.now();
  stage.reactor.spawn(finish(stage.conn, ended));
  for (int minute = 0; minute < 6; ++minute) {
    auto slept = co_await stage.reactor.sleep(20s);
    CHECK(slept.has_value());
    CHECK_FALSE(ended.has_value());
    --stage.script.unsent;
  }
  const auto has_ended = [&] { return ended.has_value(); };
  while (!has_ended()) {
    auto slept = co_await stage.reactor.sleep(1s);
    CHECK(slept.has_value());
  }
  took = stage.reactor.now() - start;
}

Task<> end_that_fails(TransportStage& stage) {
  stage.script.shut_result = -EPIPE;
  Ended ended;
  Task<> finishing = finish(stage.conn, ended);
  co_await std::move(finishing);
  REQUIRE(ended.has_value());
  REQUIRE_FALSE(ended->has_value());
  CHECK(ended->error().system_errno() == EPIPE);
}

Task<> send_that_fails(TransportStage& stage) {
  stage.script.send_failure = -EPROTO;
  Outcome written, again;
  Task<> writing = write_from(stage.conn, test::conformance::flood(), written);
  co_await std::move(writing);
  REQUIRE(written.has_failed());
  CHECK(written.result->error().system_errno() == EPROTO);
  Task<> more = write_from(stage.conn, "x", again);
  co_await std::move(more);
  CHECK(again.has_failed());
}

}  // namespace

TEST_CASE("transport: close() waits for what was written, then for the end, each until there is room") {
  TransportStage stage;
  test::run(stage.reactor, close_when_there_is_room(stage));
}

TEST_CASE(
    "transport: an end that can't go out is given up as unsent bytes are, and the transport is broken off") {
  TransportStage stage;
  reactord::Duration took{0};
  test::run(stage.reactor, close_in_vain(stage, took));
  CHECK(took >= Conn::send_timeout);
  CHECK(took <= Conn::send_timeout + 100ms);
  CHECK(stage.script.calls.back() == "abort");
}

TEST_CASE("transport: as long as fewer bytes are unsent below, a close goes on") {
  TransportStage stage;
  reactord::Duration took{0};
  test::run(stage.reactor, close_slowly(stage, took));
  CHECK(took >= 120s + Conn::send_timeout - 20s);
  CHECK(took <= 120s + 2 * Conn::send_timeout);
}

TEST_CASE("transport: close() sends our end also where the peer's has come") {
  TransportStage stage;
  test::run(stage.reactor, close_after_the_end(stage));
}

TEST_CASE("transport: what shut_write() says of a failure is what finish() says") {
  TransportStage stage;
  test::run(stage.reactor, end_that_fails(stage));
  CHECK(stage.script.calls.back() == "abort");
}

TEST_CASE("transport: a send that fails ends writing") {
  TransportStage stage;
  test::run(stage.reactor, send_that_fails(stage));
}

TEST_CASE("transport: abort() of a connection is the transport's, and none of its calls follows") {
  TransportStage stage;
  stage.conn.abort();
  stage.conn.abort();
  CHECK(stage.script.calls == std::vector<std::string>{"abort"});
  stage.script.listener->notify(readiness::readable | readiness::writable);
  CHECK(stage.conn.unread() == 0);
  CHECK(stage.conn.unsent() == 0);
  CHECK(stage.conn.local_addr().text().size() > 0);
}

TEST_CASE("transport: the end of the Reactor ends it with a read pending") {
  Script script;
  Outcome read;
  {
    VirtualClock clock;
    Reactor reactor(clock);
    auto made = reactord::make_conn(reactor, std::make_unique<Scripted>(script));
    REQUIRE(made.has_value());
    reactor.spawn(read_once(*made, read));
    reactor.shutdown();
    CHECK(read.is_closed());
  }
  CHECK(script.calls.back() == "abort");
  CHECK(script.deleted);
}
