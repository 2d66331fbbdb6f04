// The log's limit on lines of one kind: which are written, which are counted, and what is told of those.
#include "daemon/log_limiter.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using reactord::LogKind;
using reactord::LogLevel;
using reactord::LogLimiter;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

constexpr Time start = Time::from_nanoseconds(1'000'000'000);
constexpr LogKind eof{.level = LogLevel::info, .event = "closed", .first = {"cause", "eof"}};
constexpr LogKind reset{.level = LogLevel::info, .event = "closed", .first = {"cause", "reset"}};

unsigned admitted(LogLimiter& limiter, const LogKind& kind, Time now, unsigned lines) {
  unsigned count = 0;
  for (unsigned line = 0; line < lines; ++line) count += limiter.admits(kind, now) ? 1 : 0;
  return count;
}

std::vector<std::string> omitted(LogLimiter& limiter) {
  std::vector<std::string> told;
  limiter.take_omitted([&](const LogKind& kind, std::uint64_t count) {
    told.push_back(std::string(kind.event) + " " + std::string(kind.first.value) +
                   std::string(kind.second.value) + " " + std::to_string(count));
  });
  return told;
}

}  // namespace

TEST_CASE("a burst is ten seconds' worth, then there is one line for each interval") {
  LogLimiter limiter(100);
  CHECK(admitted(limiter, eof, start, 5000) == 1000);
  CHECK(admitted(limiter, eof, start + 9ms, 10) == 0);
  CHECK(admitted(limiter, eof, start + 10ms, 10) == 1);
  CHECK(admitted(limiter, eof, start + 1010ms, 5000) == 100);
  CHECK(admitted(limiter, eof, start + 6010ms, 5000) == 500);
  CHECK(admitted(limiter, eof, start + 1h, 5000) == 1000);
}

TEST_CASE("at its rate a kind is never left out") {
  LogLimiter limiter(100);
  for (int line = 0; line < 10'000; ++line) REQUIRE(limiter.admits(eof, start + line * 10ms));
  CHECK_FALSE(limiter.has_omitted());
}

TEST_CASE("what is left out is told once, by kind") {
  LogLimiter limiter(1);
  CHECK_FALSE(limiter.has_omitted());
  CHECK(omitted(limiter).empty());
  CHECK(admitted(limiter, eof, start, 12) == 10);
  CHECK(admitted(limiter, reset, start, 13) == 10);
  CHECK(limiter.has_omitted());
  CHECK(omitted(limiter) == std::vector<std::string>{"closed eof 2", "closed reset 3"});
  CHECK_FALSE(limiter.has_omitted());
  CHECK(omitted(limiter).empty());
  CHECK(admitted(limiter, reset, start, 1) == 0);
  CHECK(omitted(limiter) == std::vector<std::string>{"closed reset 1"});
}

TEST_CASE("kinds differ by event, by both values and by level") {
  LogLimiter limiter(1);
  LogKind kind{.level = LogLevel::warn,
               .event = "limit",
               .first = {"limit", "max-line"},
               .second = {"action", "discarded"}};
  CHECK(admitted(limiter, kind, start, 20) == 10);
  LogKind other = kind;
  other.second.value = "truncated";
  CHECK(limiter.admits(other, start));
  other = kind;
  other.first.value = "max-buffers";
  CHECK(limiter.admits(other, start));
  other = kind;
  other.level = LogLevel::info;
  CHECK(limiter.admits(other, start));
  CHECK_FALSE(limiter.admits(kind, start));
}

TEST_CASE("a kind is remembered although the texts it was made of are gone") {
  LogLimiter limiter(1);
  for (int line = 0; line < 20; ++line) {
    std::string value = "a cause that is longer than what a string holds within";
    limiter.admits({.level = LogLevel::info, .event = "closed", .first = {"cause", value}}, start);
    value.assign(value.size(), 'x');
  }
  CHECK(omitted(limiter) ==
        std::vector<std::string>{"closed a cause that is longer than what a string holds within 10"});
}

TEST_CASE("more kinds than there may be share one") {
  LogLimiter limiter(1);
  unsigned written = 0;
  for (int number = 0; number < 1000; ++number) {
    const std::string value = std::to_string(number);
    written +=
        admitted(limiter, {.level = LogLevel::info, .event = "closed", .first = {"cause", value}}, start, 1);
  }
  CHECK(written == LogLimiter::max_kinds - 1 + 10);
  CHECK(omitted(limiter) == std::vector<std::string>{"other  " + std::to_string(1000 - written)});
}

TEST_CASE("a rate of zero lets everything through") {
  LogLimiter limiter(0);
  CHECK(admitted(limiter, eof, start, 100'000) == 100'000);
  CHECK_FALSE(limiter.has_omitted());
}

TEST_CASE("the highest rate there is counts right") {
  LogLimiter limiter(1'000'000);
  CHECK(admitted(limiter, eof, start, 10'000'001) == 10'000'000);
}
