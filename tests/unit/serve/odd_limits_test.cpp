// Each limit with values that nobody would choose: whatever they are, and whichever way they come to a server, it
// serves, and does not spin, wrap or read what is not there.
#include <cstdint>
#include <functional>
#include <limits>

#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Duration;
using reactord::Limits;
using reactord::LineReader;
using reactord::LineSplitter;
using reactord::LongLine;
using reactord::Task;
using reactord::within_reason;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t odd_values[] = {0,
                                       1,
                                       2,
                                       std::int64_t{1} << 31,
                                       std::int64_t{1} << 32,
                                       std::numeric_limits<std::int64_t>::max(),
                                       -1,
                                       std::numeric_limits<std::int64_t>::min()};

struct OddLimit {
  const char* name;
  void (*set)(Limits& limits, std::int64_t value);
};

std::size_t size_of(std::int64_t value) { return static_cast<std::size_t>(value); }
std::uint32_t short_of(std::int64_t value) { return static_cast<std::uint32_t>(value); }

const OddLimit odd_limits[] = {
    {"idle_timeout", [](Limits& limits, std::int64_t value) { limits.idle_timeout = Duration(value); }},
    {"line_timeout", [](Limits& limits, std::int64_t value) { limits.line_timeout = Duration(value); }},
    {"write_timeout", [](Limits& limits, std::int64_t value) { limits.write_timeout = Duration(value); }},
    {"lifetime", [](Limits& limits, std::int64_t value) { limits.lifetime = Duration(value); }},
    {"lifetime_jitter_percent",
     [](Limits& limits, std::int64_t value) {
       limits.lifetime = 100h;
       limits.lifetime_jitter_percent = short_of(value);
     }},
    {"max_line", [](Limits& limits, std::int64_t value) { limits.max_line = size_of(value); }},
    {"output.high", [](Limits& limits, std::int64_t value) { limits.output.high = size_of(value); }},
    {"output.low", [](Limits& limits, std::int64_t value) { limits.output.low = size_of(value); }},
    {"output.hard", [](Limits& limits, std::int64_t value) { limits.output.hard = size_of(value); }},
    {"max_buffers", [](Limits& limits, std::int64_t value) { limits.max_buffers = size_of(value); }},
    {"connections", [](Limits& limits, std::int64_t value) { limits.connections.most = size_of(value); }},
    {"connections_per_address",
     [](Limits& limits, std::int64_t value) { limits.connections_per_address.most = size_of(value); }},
    {"accepts.per_second",
     [](Limits& limits, std::int64_t value) { limits.accepts.per_second = short_of(value); }},
    {"accepts.burst",
     [](Limits& limits, std::int64_t value) {
       limits.accepts = {.per_second = 1, .burst = short_of(value)};
     }},
    {"accepts_per_address.burst",
     [](Limits& limits, std::int64_t value) {
       limits.accepts_per_address = {.per_second = 0xffff'ffff, .burst = short_of(value)};
     }},
    {"ip6_prefix", [](Limits& limits, std::int64_t value) { limits.ip6_prefix = short_of(value); }},
    {"stall_threshold", [](Limits& limits, std::int64_t value) { limits.stall_threshold = Duration(value); }},
};

// Lines, long ones, answers that have to wait: whatever of it the limits let through. Then the server ends, in order.
Task<> use(ServerStage& on) {
  for (const std::string_view words : {"x\n", "big\nbig\nbig\nbig\nbig\nbig\nbig\nbig\n", "half"}) {
    auto client = on.client();
    auto sent = co_await client.write(words, std::string(3000, 'l'), "\nsmall\n");
    co_await test::pass(on.reactor, 5ms);
    auto finished = client.close_write();
    auto heard = co_await test::hear_to_end(client);
    CHECK(heard.size() < 100'000);
  }
}

template <typename Check>
void for_each_odd_limit(Check check) {
  for (const OddLimit& limit : odd_limits) {
    for (const std::int64_t value : odd_values) {
      for (const LongLine way : {LongLine::close, LongLine::truncate, LongLine::discard}) {
        CAPTURE(limit.name);
        CAPTURE(value);
        Limits limits;
        limits.long_lines = way;
        limit.set(limits, value);
        check(limits);
      }
    }
  }
}

}  // namespace

TEST_CASE("a server that begins with odd limits serves") {
  for_each_odd_limit([](const Limits& limits) {
    ServerStage stage(limits);
    stage.run(use(stage));
    CHECK(stage.reactor.turns() < 2000);
  });
}

TEST_CASE("a server that is given odd limits serves") {
  for_each_odd_limit([](const Limits& limits) {
    ServerStage stage;
    stage.server.set_limits(limits);
    stage.run(use(stage));
    CHECK(stage.reactor.turns() < 2000);
  });
}

TEST_CASE("a connection whose limits become odd is served on") {
  for_each_odd_limit([](const Limits& limits) {
    ServerStage stage;
    stage.run(
        [](ServerStage& on, Limits odd) -> Task<> {
          auto client = on.client();
          co_await test::say(client, "big\nbig\nbig\nbig\nbig\nbig\nbig\nbig\nhalf");
          co_await test::pass(on.reactor, 5ms);
          on.server.set_limits(odd);
          auto sent = co_await client.write(std::string(3000, 'l'), "\nsmall\n");
          auto finished = client.close_write();
          auto heard = co_await test::hear_to_end(client);
          CHECK(heard.size() < 100'000);
        },
        limits);
    CHECK(stage.reactor.turns() < 2000);
  });
}

TEST_CASE("limits are brought within reason: each has the nearest value that can be") {
  constexpr std::size_t most = std::size_t{1} << 30;
  const auto reasonable = [](auto set) {
    Limits limits;
    set(limits);
    return within_reason(limits);
  };
  CHECK(within_reason({}) == Limits{});
  for (auto duration : {&Limits::idle_timeout, &Limits::line_timeout, &Limits::write_timeout,
                        &Limits::lifetime, &Limits::stall_threshold}) {
    CHECK(reasonable([&](Limits& limits) { limits.*duration = -1ns; }).*duration == 0ns);
    CHECK(reasonable([&](Limits& limits) { limits.*duration = Duration::min(); }).*duration == 0ns);
    const Duration longest =
        reasonable([&](Limits& limits) { limits.*duration = Duration::max(); }).*duration;
    CHECK((reactord::Time::from_nanoseconds(1) + longest).is_never());
  }
  CHECK(reasonable([](Limits& limits) { limits.lifetime_jitter_percent = 101; }).lifetime_jitter_percent ==
        100);
  CHECK(reasonable([](Limits& limits) { limits.ip6_prefix = 129; }).ip6_prefix == 128);
  CHECK(reasonable([](Limits& limits) { limits.max_line = 0; }).max_line == 2);
  CHECK(reasonable([](Limits& limits) { limits.max_line = ~std::size_t{0}; }).max_line == most);
  const auto output = [&](std::size_t high, std::size_t low, std::size_t hard) {
    return reasonable([&](Limits& limits) { limits.output = {.high = high, .low = low, .hard = hard}; })
        .output;
  };
  CHECK(output(0, 0, 0) == reactord::OutputLimits{.high = 1, .low = 0, .hard = 0});
  CHECK(output(100, 200, 0) == reactord::OutputLimits{.high = 100, .low = 100, .hard = 0});
  CHECK(output(300, 200, 100) == reactord::OutputLimits{.high = 100, .low = 100, .hard = 100});
  CHECK(output(~std::size_t{0}, 0, 0).high == most);
}

TEST_CASE("a splitter's and a reader's longest line is brought within reason") {
  for (const std::size_t odd : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 31, std::size_t{1} << 32,
                                (std::size_t{1} << 32) + 1, ~std::size_t{0} >> 1, ~std::size_t{0}}) {
    CAPTURE(odd);
    LineSplitter splitter(odd);
    CHECK(splitter.max_line() >= LineSplitter::least_max_line);
    CHECK(splitter.max_line() <= LineSplitter::most_max_line);
    std::string_view rest = "x\n", line;
    CHECK(splitter.next(rest, line) == LineSplitter::Found::line);
    CHECK(line == "x");
  }
}

namespace {

Task<> read_one(Conn& from, Conn& to, std::size_t max_line) {
  LineReader lines(from, max_line);
  co_await test::say(to, "x\n");
  auto line = co_await lines.read_line();
  REQUIRE(line.has_value());
  CHECK(*line == "x");
}

}  // namespace

TEST_CASE("a LineReader with a longest line of 2^32 reads lines") {
  for (const std::size_t odd : {std::size_t{0}, std::size_t{1} << 32, ~std::size_t{0}}) {
    CAPTURE(odd);
    reactord::VirtualClock clock;
    reactord::Reactor reactor(clock);
    auto [one, other] = reactord::buffered_pipe(reactor);
    test::run(reactor, read_one(one, other, odd));
  }
}
