// Conditions on a result: how they are written, and when they hold.
#include "load/result/threshold.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/load_result.hpp"

using namespace reactord;
using namespace reactord::load;

namespace {

std::string refusal(const char* text) {
  const auto threshold = parse_threshold(text);
  return threshold ? "was accepted" : threshold.error();
}

Judgement judged(const char* text, const LoadResult& result) {
  const auto threshold = parse_threshold(text);
  REQUIRE_MESSAGE(threshold.has_value(), threshold.error());
  return judge(*threshold, result);
}

bool holds(const char* text, const LoadResult& result) {
  return judged(text, result).outcome == Outcome::holds;
}

}  // namespace

TEST_CASE("a latency is compared with a duration") {
  const LoadResult result = open_loop_result();  // 9,990 up to 220us, ten of 5ms
  CHECK(holds("p99<1ms", result));
  CHECK_FALSE(holds("p99>1ms", result));
  CHECK(holds("p99.9<1ms", result));
  CHECK(holds("p99.95>4.9ms", result));
  CHECK(holds("p100>=5ms", result));
  CHECK(holds("max>=5ms", result));
  CHECK(holds("max<=5ms", result));
  CHECK_FALSE(holds("max>5ms", result));
  CHECK_FALSE(holds("max<5ms", result));
  CHECK(holds("min>=180us", result));
  CHECK(holds("min<0.1801ms", result));
  CHECK(holds("mean>204us", result));
  CHECK(holds("mean<205us", result));
  CHECK(holds("max>0", result));
  CHECK(holds("max<1s", result));
  CHECK(holds("max<1m", result));
  CHECK(holds("max<1h", result));
  CHECK(holds("max>4999999ns", result));
}

TEST_CASE("each of the other times has its own") {
  const LoadResult result = open_loop_result();
  CHECK(holds("response.max>=5ms", result));
  CHECK(holds("service.max<=400us", result));
  CHECK(holds("service.p99.9<180us", result));
  CHECK(holds("connect.p50<=80us", result));
  CHECK(holds("first-byte.mean<=250us", result));
  CHECK(holds("lateness.max>=4.6ms", result));
}

TEST_CASE("counts are compared with numbers, some with percentages") {
  const LoadResult result = open_loop_result();  // 3 errors, 10 late of 10,003
  CHECK(holds("errors>0", result));
  CHECK(holds("errors<=3", result));
  CHECK_FALSE(holds("errors>3", result));
  CHECK(holds("errors<1%", result));
  CHECK(holds("errors>0.02%", result));
  CHECK_FALSE(holds("errors>0.03%", result));
  CHECK(holds("late>=10", result));
  CHECK_FALSE(holds("late>1%", result));
  CHECK(holds("late>0.09%", result));
  CHECK(holds("rate<1001", result));
  CHECK(holds("rate>=1000/s", result));
  CHECK_FALSE(holds("rate<1000", result));
  CHECK(holds("requests>=10000", result));
  CHECK(holds("in-flight<=3", result));
  CHECK_FALSE(holds("errors>0", closed_loop_result()));
}

TEST_CASE("the judgement tells what was measured") {
  const LoadResult result = open_loop_result();
  CHECK(judged("max > 1ms", result).text == "max > 1ms: max is 5.00ms");
  CHECK(judged(" service.p99 <= 5ms ", result).text == "service.p99 <= 5ms: service.p99 is 179.71us");
  CHECK(judged("errors>0", result).text == "errors>0: errors is 3");
  CHECK(judged("late>1%", result).text == "late>1%: late is 0.10%");
  CHECK(judged("rate<10000", result).text == "rate<10000: rate is 1000.00");
}

TEST_CASE("what was not measured is a failure and no success") {
  const LoadResult nothing;
  for (const char* text :
       {"p99>5ms", "p99<5ms", "mean<1s", "connect.max>0", "errors>1%", "rate<10", "late>0"}) {
    CAPTURE(text);
    const auto threshold = parse_threshold(text);
    REQUIRE(threshold.has_value());
    CHECK(judge(*threshold, nothing).outcome == Outcome::not_measured);
    CHECK(is_failure(*threshold, nothing));
    CHECK_FALSE(is_met(*threshold, nothing));
  }
  CHECK(judged("service.p99>5ms", nothing).text == "service.p99>5ms: service.p99 was not measured");
  CHECK(judged("late>0", closed_loop_result()).outcome == Outcome::not_measured);
  CHECK(judged("errors>0", nothing).outcome == Outcome::does_not_hold);
}

TEST_CASE("a failure is where the condition holds, an objective is met where it does") {
  const LoadResult result = open_loop_result();
  CHECK(is_failure(*parse_threshold("max>1ms"), result));
  CHECK_FALSE(is_failure(*parse_threshold("max>10ms"), result));
  CHECK(is_met(*parse_threshold("max<10ms"), result));
  CHECK_FALSE(is_met(*parse_threshold("max<1ms"), result));
}

TEST_CASE("a condition that cannot be understood is refused, with what would be right") {
  const std::string form = ": write a measure, one of < <= > >=, and a value, as in p99>5ms";
  CHECK(refusal("") == form);
  CHECK(refusal("p99") == "p99" + form);
  CHECK(refusal("p99=5ms") == "p99=5ms" + form);
  const std::string known =
      "\", known: p50 p99 p99.9 (any pN), min, max, mean, each also of service., connect., first-byte., "
      "lateness.; errors, late, unanswered, rate, requests, in-flight";
  for (const char* name : {"", "p", "p0", "p101", "p-1", "px", "p1e1", "P99", "latency", "service",
                           "service.", "service.errors", "other.p99", "service.service.p99", "median"}) {
    CAPTURE(name);
    const std::string text = std::string(name) + ">5ms";
    CHECK(refusal(text.c_str()) == text + ": unknown measure \"" + name + known);
  }
  const std::string duration = ": write a duration with its unit, as in 5ms, 250us, 1.5s";
  for (const char* value : {"", "5", "ms", "5 ms", "-5ms", "+5ms", "5msec", "5MS", "1e3ms", "0x5ms", "nan",
                            "inf", "5%", "=5ms"}) {
    CAPTURE(value);
    const std::string text = std::string("p99>=") + value;
    CHECK(refusal(text.c_str()) == text + ": \"" + value + "\"" + duration);
  }
  CHECK(refusal("errors>1ms") == "errors>1ms: \"1ms\": write a number or a percentage, as in 0 or 1%");
  CHECK(refusal("errors>1/s") == "errors>1/s: \"1/s\": write a number or a percentage, as in 0 or 1%");
  CHECK(refusal("late>%") == "late>%: \"%\": write a number or a percentage, as in 0 or 1%");
  CHECK(refusal("rate<1%") == "rate<1%: \"1%\": write answers per second, as in 10000");
  CHECK(refusal("rate<10k") == "rate<10k: \"10k\": write answers per second, as in 10000");
  CHECK(refusal("requests<1%") == "requests<1%: \"1%\": write a number, as in 0 or 1000");
  CHECK(refusal("p99>5ms>1") == "p99>5ms>1: \"5ms>1\"" + duration);
}
