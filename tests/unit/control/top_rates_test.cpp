// What happened between two samples.
#include "control/top_rates.hpp"

#include <doctest/doctest.h>

#include "support/top_sample.hpp"

using namespace reactord::control;
using namespace std::chrono_literals;
using doctest::Approx;

TEST_SUITE("reactordctl top: rates") {
  TEST_CASE("they are the differences in a second") {
    auto before = test::sample(0), after = test::sample(2, 5000);
    after.accepted = 101;
    after.ended = {{"eof", 84}, {"reset", 2}, {"idle", 12}};
    after.stalls = 4;
    const TopRates rates = rates_between(&before, after);
    CHECK(rates.elapsed == 2s);
    CHECK_FALSE(rates.is_since_start);
    CHECK(rates.accepted == 5);
    CHECK(rates.ended == 5);
    REQUIRE(rates.causes.size() == 2);
    CHECK(rates.causes[0].name == "idle");
    CHECK(rates.causes[0].per_second == 3);
    CHECK(rates.causes[1].name == "eof");
    CHECK(rates.lines == 2500);
    CHECK(rates.in == 22'500);
    CHECK(rates.out == 42'500);
    CHECK_FALSE(rates.is_of_ended);
    CHECK(rates.stalls == 3);
    REQUIRE(rates.turns.p50.has_value());
    CHECK(rates.turns.p50->value == Approx(5e-6));
    CHECK(rates.handlers.p99->value == Approx(9.9e-6));
  }

  TEST_CASE("the first ones are averages since the daemon's start") {
    const auto sample = test::sample(0);
    const TopRates rates = rates_between(nullptr, sample);
    CHECK(rates.is_since_start);
    CHECK(rates.elapsed == 2h + 5min);
    CHECK(*rates.lines == Approx(9000.0 / 7500));
    CHECK(*rates.ended == Approx(88.0 / 7500));
    CHECK(rates.stalls == 1);
    CHECK(rates.turns.p99.has_value());
  }

  TEST_CASE("without an uptime nothing is known of a second") {
    auto sample = test::sample(0);
    sample.uptime.reset();
    const TopRates rates = rates_between(nullptr, sample);
    CHECK(rates.elapsed == 0s);
    CHECK_FALSE(rates.lines.has_value());
    CHECK_FALSE(rates.ended.has_value());
    CHECK(rates.stalls == 1);
  }

  TEST_CASE("in no time nothing happens in a second, and a clock that went back is none") {
    auto before = test::sample(1), after = test::sample(1, 5000);
    before.uptime = after.uptime;
    for (const auto at : {before.at, before.at + -reactord::Duration(1s)}) {
      after.at = at;
      const TopRates rates = rates_between(&before, after);
      CHECK(rates.elapsed == 0s);
      CHECK_FALSE(rates.lines.has_value());
      CHECK(rates.connections.empty());
    }
  }

  TEST_CASE("a daemon that has started meanwhile is measured since its start") {
    const auto before = test::sample(0, 5000);
    const auto restarted = [&](auto change) {
      auto after = test::sample(2, 6000);
      change(after);
      CHECK(has_restarted(before, after));
      return rates_between(&before, after);
    };
    const TopRates by_pid = restarted([](TopSample& after) {
      after.pid = 4711;
      after.uptime = 1s;
      after.lines = 500;
    });
    CHECK(by_pid.is_since_start);
    CHECK(by_pid.elapsed == 1s);
    CHECK(by_pid.lines == 500);
    restarted([](TopSample& after) { after.uptime = 1s; });
    restarted([](TopSample& after) { after.accepted = 1; });
    restarted([](TopSample& after) { after.lines = 1; });
    CHECK_FALSE(has_restarted(before, test::sample(2, 6000)));
  }

  TEST_CASE("a daemon without metrics is measured by what stats count") {
    auto before = test::sample(0), after = test::sample(2);
    for (TopSample* one : {&before, &after}) {
      one->lines.reset();
      one->in.reset();
      one->out.reset();
      one->stalls.reset();
      one->turns.clear();
      one->handlers.clear();
    }
    after.ended_lines = 300;
    after.ended_in = 3000;
    const TopRates rates = rates_between(&before, after);
    CHECK(rates.is_of_ended);
    CHECK(rates.lines == 100);
    CHECK(rates.in == 1000);
    CHECK(rates.out == 0);
    CHECK_FALSE(rates.stalls.has_value());
    CHECK_FALSE(rates.turns.p50.has_value());
  }

  TEST_CASE("a figure that one of the two does not tell is none") {
    auto before = test::sample(0), after = test::sample(2, 5000);
    before.lines.reset();
    before.turns.clear();
    before.ended.clear();
    after.accepted.reset();
    const TopRates rates = rates_between(&before, after);
    CHECK_FALSE(rates.lines.has_value());
    CHECK(rates.in.has_value());
    CHECK_FALSE(rates.turns.p50.has_value());
    CHECK_FALSE(rates.ended.has_value());
    CHECK_FALSE(rates.accepted.has_value());
  }

  TEST_CASE("counters may be as great as they get") {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    auto before = test::sample(0), after = test::sample(2);
    before.accepted = most - 10;
    after.accepted = most;
    CHECK(rates_between(&before, after).accepted == 5);
  }

  TEST_CASE("connections are told by their numbers, and a new one since it began") {
    auto before = test::sample(0), after = test::sample(2);
    before.connections = {test::connection(7, 1000), test::connection(8, 50)};
    auto young = test::connection(9, 30), unborn = test::connection(10, 5), old = test::connection(11, 77);
    young.age = 500ms;
    unborn.age = 0s;
    after.connections = {old, unborn, young, test::connection(8, 40), test::connection(7, 3000)};
    const TopRates rates = rates_between(&before, after);
    REQUIRE(rates.connections.size() == 3);
    CHECK(rates.connections[0].id == 9);
    CHECK(rates.connections[0].lines == 60);
    CHECK(rates.connections[1].id == 8);
    CHECK(rates.connections[1].lines == 0);  // it went back: no less than nothing
    CHECK(rates.connections[2].id == 7);
    CHECK(rates.connections[2].lines == 1000);
    CHECK(rates.connections[2].in == 9000);
    CHECK(rates.connections[2].out == 17'000);
  }
}
