// A result as a JSON file, and back.
#include "load/result/result_json.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "load/report/compare.hpp"
#include "load/report/report_text.hpp"
#include "support/cost.hpp"
#include "support/load_result.hpp"

using namespace reactord;
using namespace reactord::load;

namespace {

LoadResult read(const LoadResult& result) {
  auto back = read_result_json(result_json(result));
  REQUIRE_MESSAGE(back.has_value(), back.error().text());
  return std::move(*back);
}

// What is said of the report of an open loop where `from` is replaced by `to`.
std::string refusal(const std::string& from, const std::string& to) {
  std::string text = result_json(open_loop_result());
  const std::size_t place = text.find(from);
  REQUIRE(place != std::string::npos);
  text.replace(place, from.size(), to);
  const auto back = read_result_json(text);
  if (back) return "was accepted";
  CHECK(back.error().at <= text.size());
  return back.error().what;
}

}  // namespace

TEST_CASE("a result comes back from its file as it was") {
  LoadResult result = open_loop_result();
  result.interrupted = true;
  result.is_bottleneck = true;
  result.bottleneck_reason = "the generator used 97% of its core";
  result.late_after = 2ms;
  const LoadResult back = read(result);
  CHECK(result_json(back) == result_json(result));
  CHECK(report_text(back) == report_text(result));
  CHECK(back.configuration == result.configuration);
  CHECK(back.environment == result.environment);
  CHECK(back.open_loop);
  CHECK(back.interrupted);
  CHECK(back.duration == 10s);
  CHECK(back.sent == 10'003);
  CHECK(back.bytes_written == 234'567);
  CHECK(back.connections_wanted == 100);
  CHECK(back.late_after == 2ms);
  CHECK(back.errors.at("connect ECONNREFUSED").first_example ==
        "dial tcp 127.0.0.1:9090: connect: connection refused");
  REQUIRE(back.seconds.size() == 10);
  CHECK(back.seconds[4].errors == 3);
  CHECK(back.seconds[4].max == 5'000'000);
  CHECK(back.lateness.to_text() == result.lateness.to_text());
  CHECK(back.first_byte.to_text() == result.first_byte.to_text());
  CHECK(back.cpu_share == 0.43);
  CHECK(back.longest_turn == 1200us);
  CHECK(back.bottleneck_reason == result.bottleneck_reason);
}

TEST_CASE("an empty result and the largest numbers come back too") {
  CHECK(result_json(read(LoadResult{})) == result_json(LoadResult{}));
  LoadResult result = closed_loop_result();
  result.requests = result.bytes_read = ~std::uint64_t{0};
  result.longest_turn = Duration::max();
  result.response.record(~std::uint64_t{0});
  const LoadResult back = read(result);
  CHECK(back.requests == ~std::uint64_t{0});
  CHECK(back.longest_turn == Duration::max());
  CHECK(back.response.max() == ~std::uint64_t{0});
  CHECK_FALSE(back.open_loop);
}

TEST_CASE("each second has its length, and the last may be cut short") {
  LoadResult result = open_loop_result();
  result.duration = 9500ms;
  const auto json = read_json(result_json(result));
  REQUIRE(json.has_value());
  CHECK(json->find("seconds")->elements.front().find("duration_ns")->text == "1000000000");
  CHECK(json->find("seconds")->elements.back().find("duration_ns")->text == "500000000");
}

TEST_CASE("quantiles and rates are there for other tools") {
  const auto json = read_json(result_json(closed_loop_result()));
  REQUIRE(json.has_value());
  CHECK(json->find("schema")->text == "1");
  CHECK(json->find("requests_per_second")->text == "50000");
  CHECK(json->find("bytes_per_second")->text == "3200000");
  const JsonValue* response = json->find("latency")->find("response");
  CHECK(response->find("count")->text == "50000");
  CHECK(response->find("min_ns")->text == "90000");
  CHECK(response->find("mean_ns")->text == "92000");
  CHECK(response->find("p99.9_ns")->text == "100000");
}

TEST_CASE("an example that is no text, and a name that is there twice, still make a file that can be read") {
  LoadResult result;
  result.errors["reply mismatch"] = {.count = 1, .first_example = "got \"\xff\n\""};
  result.configuration = {{"target", "a"}, {"rate", "5/s"}, {"target", "b"}};
  const LoadResult back = read(result);
  CHECK(back.errors.at("reply mismatch").first_example == "got \"\xEF\xBF\xBD\n\"");
  CHECK(back.configuration ==
        std::vector<std::pair<std::string, std::string>>{{"target", "a, b"}, {"rate", "5/s"}});
}

TEST_CASE("what an earlier version did not write is not missed") {
  const LoadResult result = open_loop_result();
  std::string text = result_json(result);
  for (const char* newer : {"unanswered", "warmup_sent", "warmup_answered", "sent_after", "answered_after",
                            "late_by_generator", "unsent_by_generator"}) {
    const std::size_t begin = text.find("  \"" + std::string(newer) + "\"");
    REQUIRE(begin != text.npos);
    text.erase(begin, text.find('\n', begin) + 1 - begin);
  }
  const auto back = read_result_json(text);
  REQUIRE(back.has_value());
  CHECK(back->requests == result.requests);
  CHECK(back->unanswered == 0);
}

TEST_CASE("what a later version adds is passed over") {
  CHECK(refusal("\"open_loop\"", "\"new\": {\"a\": [1]}, \"open_loop\"") == "was accepted");
}

TEST_CASE("a file of very many settings and errors is read, written and compared at the cost of its bytes") {
  const auto cost = [](int count) {
    LoadResult result = closed_loop_result();
    for (int number = 0; number < count; ++number) {
      result.configuration.emplace_back("name " + std::to_string(number), "value");
      result.errors["read " + std::to_string(number)].count = 1;
    }
    return test::cost_of([&result] {
      const LoadResult back = read(result);
      CHECK(back.configuration == result.configuration);
      CHECK(back.errors.size() == result.errors.size());
      const std::string text = compare_text({"a", result}, {"b", back});
      CHECK_FALSE(text.contains("differs"));
    });
  };
  CHECK(cost(60'000) < test::most_for_four_times * cost(15'000));
}

TEST_CASE("what is missing or of the wrong kind is named, with its place") {
  CHECK(refusal("\"schema\": 1", "\"schema\": 2") == "schema 2 is unknown, known is 1");
  CHECK(refusal("\"schema\"", "\"scheme\"") == "\"schema\" is missing");
  CHECK(refusal("\"sent\"", "\"send\"") == "\"sent\" is missing");
  CHECK(refusal("\"sent\": 10003", "\"sent\": \"10003\"") ==
        "\"sent\" must be a whole number from 0 to 18446744073709551615");
  CHECK(refusal("\"sent\": 10003", "\"sent\": -1") ==
        "\"sent\" must be a whole number from 0 to 18446744073709551615");
  CHECK(refusal("\"sent\": 10003", "\"sent\": 1.5") ==
        "\"sent\" must be a whole number from 0 to 18446744073709551615");
  CHECK(refusal("\"sent\": 10003", "\"sent\": 18446744073709551616") ==
        "\"sent\" must be a whole number from 0 to 18446744073709551615");
  CHECK(refusal("\"duration_ns\": 10000000000", "\"duration_ns\": 9223372036854775808") ==
        "\"duration_ns\" must be a whole number of nanoseconds from 0 to 9223372036854775807");
  CHECK(refusal("\"open_loop\": true", "\"open_loop\": 1") == "\"open_loop\" must be true or false");
  CHECK(refusal("\"cpu_share\": 0.43", "\"cpu_share\": 1e999") == "\"cpu_share\" must be a number");
  CHECK(refusal("\"connections\": \"100\"", "\"connections\": 100") == "\"connections\" must be a string");
  CHECK(refusal("\"histogram1 ", "\"histogram1  ") == "the histogram of \"response\" is damaged");
  CHECK(refusal("\"seconds\": [", "\"seconds\": [1, ") == "a second must be an object");
  CHECK(refusal("\"seconds\"", "\"seconds\": {}, \"others\"") == "\"seconds\" must be an array");
  CHECK(refusal("\"generator\": {", "\"generator\": {},\"other\": {") == "\"cpu_share\" is missing");
  CHECK(refusal("{\"count\": 2, ", "{") == "\"count\" is missing");
  CHECK(read_result_json("[]").error().text() == "byte 0: a report is an object");
  CHECK(read_result_json("{\"schema\": 3}").error().text() == "byte 11: schema 3 is unknown, known is 1");
  CHECK(read_result_json("{\"schema\": 1").error().text() == "byte 12: the text ends, expected ',' or '}'");
}

TEST_CASE("a file that is changed anywhere is refused or read, never a fault") {
  std::mt19937_64 random(1);
  const std::string text = result_json(closed_loop_result());
  for (int round = 0; round < 2000; ++round) {
    std::string changed = text;
    const std::size_t place = random() % changed.size();
    if (round % 2 == 0) changed.erase(place, random() % 40);
    if (round % 2 == 1) changed[place] = static_cast<char>(random());
    if (const auto back = read_result_json(changed); back) (void)report_text(*back);
  }
}

TEST_CASE("a result that another process tells twice is twice the result") {
  LoadResult result;
  result.open_loop = true;
  result.requests = 3;
  result.late_by_generator = 1;
  result.duration = 2s;
  result.service.record(1000, 3);
  result.errors["read ECONNRESET"] = {2, "an example with spaces"};
  result.cpu_share = 0.4321987;
  result.is_bottleneck = true;
  result.bottleneck_reason = "too slow";
  result.interrupted = true;
  const std::string line = result_json(result, true);
  CHECK(line.find('\n') == line.size() - 1);
  LoadResult sum;
  sum.duration = 1s;
  for (int twice = 0; twice < 2; ++twice) sum.merge(*read_result_json(line));
  CHECK(sum.requests == 6);
  CHECK(sum.late_by_generator == 2);
  CHECK(sum.duration == 2s);
  CHECK(sum.service.count() == 6);
  CHECK(sum.errors.at("read ECONNRESET").count == 4);
  CHECK(sum.errors.at("read ECONNRESET").first_example == "an example with spaces");
  CHECK(sum.cpu_share == 0.4321987);
  CHECK(sum.bottleneck_reason == "too slow");
  CHECK(sum.interrupted);
  CHECK(sum.seconds.empty());
}

// A member that is forgotten in either would be missing from the report of every run.
TEST_CASE("every count of a result and every histogram goes over a line and into the sum") {
  LoadResult result;
  result.open_loop = true;
  std::uint64_t LoadResult::*const counts[] = {
      &LoadResult::requests,           &LoadResult::sent,
      &LoadResult::unanswered,         &LoadResult::in_flight_at_end,
      &LoadResult::warmup_sent,        &LoadResult::warmup_answered,
      &LoadResult::sent_after,         &LoadResult::answered_after,
      &LoadResult::bytes_read,         &LoadResult::bytes_written,
      &LoadResult::connections_opened, &LoadResult::connections_wanted,
      &LoadResult::late_sends,         &LoadResult::late_by_generator,
      &LoadResult::unsent_by_generator};
  Histogram LoadResult::*const histograms[] = {&LoadResult::response, &LoadResult::service,
                                               &LoadResult::connect, &LoadResult::first_byte,
                                               &LoadResult::lateness};
  std::uint64_t number = 0;
  for (const auto count : counts) result.*count = ++number;
  for (const auto histogram : histograms) (result.*histogram).record(1000, ++number);
  LoadResult sum;
  sum.merge(*read_result_json(result_json(result, true)));
  number = 0;
  for (const auto count : counts) CHECK(sum.*count == ++number);
  for (const auto histogram : histograms) CHECK((sum.*histogram).count() == ++number);
}

TEST_CASE("text in a result is no line of its own, whatever it holds") {
  LoadResult result;
  const std::string example = "dial unix /tmp/a\nresult {}\n\\n: tab\there \"quoted\"";
  result.errors["connect\nready\tx"] = {1, example};
  result.is_bottleneck = true;
  result.bottleneck_reason = "one\nready";
  const std::string line = result_json(result, true);
  CHECK(line.find('\n') == line.size() - 1);
  LoadResult sum;
  sum.merge(*read_result_json(line));
  REQUIRE(sum.errors.size() == 1);
  CHECK(sum.errors.begin()->first == "connect\nready\tx");
  CHECK(sum.errors.begin()->second.first_example == example);
  CHECK(sum.bottleneck_reason == "one\nready");
}
