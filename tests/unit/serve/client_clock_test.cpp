// Who is too slow: a table of since when, of the limits that hold, and of what comes of it.
#include "serve/client_clock.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using reactord::ClientClock;
using reactord::Duration;
using reactord::EndCause;
using reactord::Limits;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

Time at(Duration since_start) { return Time() + since_start; }
const Time never = Time::never();

struct Row {
  const char* name;
  ClientClock clock;
  Limits limits;
  Time due;
  EndCause cause;  // once it is due
};

Limits with(Duration idle, Duration line, Duration lifetime = 0s, Duration drain_line = 5s) {
  return {.idle_timeout = idle,
          .line_timeout = line,
          .drain_line_timeout = drain_line,
          .lifetime = lifetime,
          .lifetime_jitter_percent = 10};
}

}  // namespace

TEST_CASE("a client is too slow when its time is over, and never before") {
  const Time zero = at(0s);
  const Row rows[] = {
      {"silent", {.quiet_since = zero}, with(60s, 10s), at(60s), EndCause::idle},
      {"silent since its last line", {.quiet_since = at(7s)}, with(60s, 10s), at(67s), EndCause::idle},
      {"silent, a longer limit by now", {.quiet_since = zero}, with(90s, 10s), at(90s), EndCause::idle},
      {"silent, no limit", {.quiet_since = zero}, with(0s, 10s), never, {}},
      {"in a line",
       {.quiet_since = zero, .line_since = at(50s)},
       with(60s, 10s),
       at(60s),
       EndCause::slow_line},
      {"in a line, while silence would be over",
       {.quiet_since = zero, .line_since = at(59s)},
       with(60s, 10s),
       at(69s),
       EndCause::slow_line},
      {"in a line that has no time of its own",
       {.quiet_since = zero, .line_since = at(3s)},
       with(60s, 0s),
       at(60s),
       EndCause::idle},
      {"in a line, no limit at all", {.quiet_since = zero, .line_since = at(3s)}, with(0s, 0s), never, {}},
      {"old", {.quiet_since = at(95s), .accepted = zero}, with(60s, 10s, 100s), at(100s), EndCause::lifetime},
      {"old, with all the jitter there is",
       {.quiet_since = at(85s), .accepted = zero, .jitter = UINT32_MAX},
       with(60s, 10s, 100s),
       at(90s),
       EndCause::lifetime},
      {"old, but in a line",
       {.quiet_since = at(95s), .line_since = at(99s), .accepted = zero},
       with(60s, 10s, 100s),
       at(109s),
       EndCause::slow_line},
      {"old, in a line that has no time",
       {.quiet_since = at(95s), .line_since = at(99s), .accepted = zero},
       with(60s, 0s, 100s),
       at(100s),
       EndCause::lifetime},
      {"its lifetime does not count any more",
       {.quiet_since = at(95s)},
       with(60s, 10s, 100s),
       at(155s),
       EndCause::idle},
      {"silent before it is old",
       {.quiet_since = zero, .accepted = zero},
       with(60s, 10s, 100s),
       at(60s),
       EndCause::idle},
      {"a drain, silent",
       {.quiet_since = zero, .drain_since = at(1s)},
       with(60s, 10s),
       at(60s),
       EndCause::drained},
      {"a drain, in a line",
       {.quiet_since = zero, .line_since = zero, .drain_since = at(1s)},
       with(60s, 10s),
       at(6s),
       EndCause::drained},
      {"a drain, in a line whose time is over before",
       {.quiet_since = zero, .line_since = zero, .drain_since = at(9s)},
       with(60s, 10s),
       at(10s),
       EndCause::drained},
      {"a drain that gives half lines no time of its own",
       {.quiet_since = zero, .line_since = zero, .drain_since = at(1s)},
       with(60s, 10s, 0s, 0s),
       at(10s),
       EndCause::drained},
      {"a drain, in a line without any other time",
       {.quiet_since = zero, .line_since = zero, .drain_since = at(1s)},
       with(0s, 0s),
       at(6s),
       EndCause::drained},
      {"for ever, nearly", {.quiet_since = zero, .accepted = zero}, with(0s, 0s, Duration::max()), never, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Time due = row.clock.due(row.limits);
    if (row.due.is_never()) {
      CHECK(due > at(std::chrono::hours(24 * 365 * 200)));
      CHECK_FALSE(row.clock.verdict(row.limits, at(std::chrono::hours(24 * 365 * 100))).has_value());
      continue;
    }
    CHECK(due >= row.due);
    CHECK(due <= row.due + 1ms);  // a jitter is a share of 2^32
    CHECK_FALSE(row.clock.verdict(row.limits, due + -1ns).has_value());
    CHECK(row.clock.verdict(row.limits, due) == row.cause);
  }
}

TEST_CASE("a limit that has changed holds at once, whatever held before") {
  const ClientClock silent{.quiet_since = at(0s)};
  CHECK_FALSE(silent.verdict(with(60s, 10s), at(30s)).has_value());
  CHECK(silent.verdict(with(20s, 10s), at(30s)) == EndCause::idle);
  const ClientClock begun{.quiet_since = at(0s), .line_since = at(10s)};
  CHECK(begun.verdict(with(60s, 5s), at(15s)) == EndCause::slow_line);
  CHECK_FALSE(begun.verdict(with(60s, 0s), at(15s)).has_value());
}
