// What ends a dial: timeout, deadline, its context, a shutdown; and what of that touches the connection it made.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "reactord/dial.hpp"
#include "support/dial_stage.hpp"
#include "support/loopback.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Context;
using reactord::DialOptions;
using reactord::Duration;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;
using namespace test::dialling;

namespace {

Task<> cancel_after(Context& context, Duration duration) {
  auto slept = co_await context.reactor().sleep(duration);
  CHECK(slept.has_value());
  context.cancel();
}

}  // namespace

TEST_CASE("[91] the earliest of timeout, deadline and context ends a dial") {
  struct Row {
    std::optional<Duration> timeout;
    Duration deadline, context;  // from now on
    Duration ends;
  };
  constexpr Duration none = Duration::max(), most_negative = Duration::min();
  for (const Row& row : {Row{-1s, none, none, 0s}, Row{0s, none, none, 0s}, Row{none, -1s, none, 0s},
                         Row{std::nullopt, none, -1s, 0s}, Row{most_negative, none, none, 0s},
                         Row{none, most_negative, none, 0s}, Row{1s, 2s, 3s, 1s}, Row{3s, 1s, 2s, 1s},
                         Row{2s, 3s, 1s, 1s}, Row{std::nullopt, 5s, none, 5s}, Row{none, none, 7s, 7s}}) {
    DialStage stage;
    const Silent silent;
    const Time start = stage.reactor.now();
    Context root(stage.reactor);
    Context context(root, start + row.context);
    DialOptions options{.timeout = row.timeout, .deadline = start + row.deadline, .context = &context};
    const auto conn = stage.dial("tcp", silent.address.text(), options);
    REQUIRE_FALSE(conn.has_value());
    CHECK(conn.error() == ErrorCode::deadline_exceeded);
    CHECK(conn.error().timeout());
    CHECK(conn.error().text() == "dial tcp " + silent.address.text() + ": i/o timeout");
    CHECK(stage.reactor.now() - start == row.ends);
  }
}

TEST_CASE("[92] the longest timeout is as good as none") {
  DialStage stage;
  const Listener listener = stage.listen();
  const auto conn = stage.dial("tcp", listener.local_addr().text(), {.timeout = Duration::max()});
  CHECK(conn.has_value());
  CHECK(stage.reactor.timers().next_time().is_never());
}

TEST_CASE("[93] attempts one after the other share the time that is left") {
  struct Row {
    Duration left_time;
    std::size_t left;
    Duration share;
  };
  const Time now = Time::from_nanoseconds(1'000'000'000'000);
  for (const Row& row :
       {Row{12s, 1, 12s}, Row{12s, 2, 6s}, Row{12s, 3, 4s}, Row{12s, 6, 2s}, Row{12s, 12, 2s}, Row{1s, 3, 1s},
        Row{2s, 1000, 2s}, Row{-1s, 3, -1s}, Row{0s, 3, 0s}, Row{12s, 0, 12s}}) {
    CAPTURE(row.left);
    CHECK(reactord::partial_deadline(now, now + row.left_time, row.left) - now == row.share);
  }
  CHECK(reactord::partial_deadline(now, Time::never(), 3).is_never());
}

TEST_CASE("[101] cancelling the context ends a dial") {
  DialStage stage;
  const Silent silent;
  Context context(stage.reactor);
  const Time start = stage.reactor.now();
  stage.reactor.spawn(cancel_after(context, 10ms));
  const auto conn = stage.dial("tcp", silent.address.text(), {.context = &context});
  REQUIRE_FALSE(conn.has_value());
  CHECK(conn.error().is_cancelled());
  CHECK(conn.error().text() == "dial tcp " + silent.address.text() + ": operation was canceled");
  CHECK(stage.reactor.now() - start == 10ms);
  FakeResolver resolver(std::vector<Address>(3, silent.address));
  CHECK(stage.failure("tcp", "name:80", {.context = &context, .resolver = &resolver}) ==
        "dial tcp " + silent.address.text() + ": operation was canceled");
}

TEST_CASE("[102] a connection that is there is not touched by the context of its dial") {
  DialStage stage;
  const Listener listener = stage.listen();
  Context context(stage.reactor);
  auto conn = stage.dial("tcp", listener.local_addr().text(), {.timeout = 1s, .context = &context});
  REQUIRE(conn.has_value());
  context.cancel();
  test::run(
      stage.reactor,
      [](Reactor& on, Conn& to) -> Task<> {
        auto slept = co_await on.sleep(2s);
        CHECK(slept.has_value());
        auto written = co_await to.write("hello");
        CHECK(written.has_value());
        auto flushed = co_await to.flush();
        CHECK(flushed.has_value());
      },
      *conn);
}

TEST_CASE("[103] a cancel in the very turn in which a connection comes leaks nothing") {
  static constexpr auto cancel = [](Context& context, int after) -> Task<> {
    for (; after > 0; --after) co_await context.reactor().next_turn();
    context.cancel();
  };
  int connected = 0, cancelled = 0;
  for (int after = 0; after < 12; ++after) {
    for (const bool cancel_first : {false, true}) {
      DialStage stage;
      const Listener listener = stage.listen();
      Context context(stage.reactor);
      Outcome outcome;
      if (cancel_first) stage.reactor.spawn(cancel(context, after));
      stage.reactor.spawn(
          dial_into(stage.reactor, "tcp", listener.local_addr().text(), {.context = &context}, outcome));
      test::run(stage.reactor, cancel(context, after));
      REQUIRE(outcome.has_value());
      if (!*outcome) CHECK(outcome->error().is_cancelled());
      ++(*outcome ? connected : cancelled);
      test::run(stage.reactor, turns(stage.reactor, 2));
      CHECK(stage.reactor.open_descriptors() == (*outcome ? 2 : 1));
    }
  }
  CHECK(connected > 0);
  CHECK(cancelled > 0);
}

TEST_CASE("[104] shutdown of the reactor ends a dial") {
  DialStage stage;
  const Silent silent;
  FakeResolver many(std::vector<Address>(20, silent.address)), mute;
  std::array<Outcome, 3> outcomes;
  Begun begun(stage.reactor);
  stage.reactor.spawn(dial_into(stage.reactor, "tcp", silent.address.text(), {}, outcomes[0]));
  stage.reactor.spawn(dial_into(stage.reactor, "tcp", "name:80",
                                {.attempt_delay = 1ms, .resolver = &many, .before_connect = begun.hook()},
                                outcomes[1]));
  stage.reactor.spawn(dial_into(stage.reactor, "tcp", "name:80", {.resolver = &mute}, outcomes[2]));
  static constexpr auto stop = [](Reactor& on) -> Task<> {
    auto slept = co_await on.sleep(3ms);
    CHECK(slept.has_value());
    on.stop();
  };
  stage.reactor.spawn(stop(stage.reactor));
  REQUIRE(stage.reactor.run().has_value());
  const std::size_t before = begun.at.size();
  CHECK(before > 1);
  CHECK(before < DialOptions::attempts_at_once);
  stage.reactor.shutdown();
  CHECK(begun.at.size() == before);  // what is closed by the shutdown makes no room for others
  for (const Outcome& outcome : outcomes) {
    REQUIRE((outcome && !outcome->has_value()));
    CHECK(outcome->error().is_cancelled());
  }
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("a resolver that never answers ends a dial by time, and by cancelling") {
  DialStage stage;
  FakeResolver mute;
  const Time start = stage.reactor.now();
  const auto late = stage.dial("tcp", "name:80", {.timeout = 3s, .resolver = &mute});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().timeout());
  CHECK(late.error().text() == "dial tcp: lookup name: i/o timeout");
  CHECK(stage.reactor.now() - start == 3s);
  Context context(stage.reactor);
  stage.reactor.spawn(cancel_after(context, 1s));
  const auto cancelled = stage.dial("tcp", "name:80", {.context = &context, .resolver = &mute});
  REQUIRE_FALSE(cancelled.has_value());
  CHECK(cancelled.error().is_cancelled());
  CHECK(cancelled.error().text() == "dial tcp: lookup name: operation was canceled");
  CHECK(mute.asked == 2);
}
