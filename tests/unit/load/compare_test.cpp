// Two results side by side.
#include "load/report/compare.hpp"

#include <doctest/doctest.h>

#include <string>

#include "load/result/json.hpp"

#include "support/load_result.hpp"

using namespace reactord;
using namespace reactord::load;

TEST_CASE("a comparison has both values of everything, and their ratio") {
  const LoadResult a = open_loop_result();
  LoadResult b = a;
  b.response.record(9'000'000, 500);
  b.requests = 10'500;
  b.errors.clear();
  b.configuration[2].second = "200";
  CHECK(compare_text({"before.json", a}, {"results/2024/after-the-change.json", b}) ==
        "                             before.json  ...r-the-change.json       b/a\n"
        "requests/sec                     1000.00               1050.00     1.050\n"
        "transfer/sec                      1.18MB                1.18MB     1.000\n"
        "mean                            204.78us              623.60us     3.045\n"
        "p50                             200.06us              201.09us     1.005\n"
        "p75                             210.05us              211.58us     1.007\n"
        "p90                             216.06us              217.85us     1.008\n"
        "p99                             219.65us                9.00ms      41.0\n"
        "p99.9                           220.03us                9.00ms      40.9\n"
        "max                               5.00ms                9.00ms     1.800\n"
        "service mean                    165.22us              165.22us     1.000\n"
        "service p50                     165.12us              165.12us     1.000\n"
        "service p75                     172.54us              172.54us     1.000\n"
        "service p90                     177.02us              177.02us     1.000\n"
        "service p99                     179.71us              179.71us     1.000\n"
        "service p99.9                   179.97us              179.97us     1.000\n"
        "service max                     400.00us              400.00us     1.000\n"
        "connect p99                      80.00us               80.00us     1.000\n"
        "first byte p99                  250.00us              250.00us     1.000\n"
        "requests                           10000                 10500     1.050\n"
        "errors                                 3                     0     0.000\n"
        "unanswered                             0                     0         -\n"
        "in flight at end                       3                     3     1.000\n"
        "connections                           98                    98     1.000\n"
        "late sends                            10                    10     1.000\n"
        "by the generator                       0                     0         -\n"
        "generator's core                  43.00%                43.00%     1.000\n"
        "longest turn                      1.20ms                1.20ms     1.000\n"
        "warning: configuration differs: connections 100 / 200\n"
        "warning: before.json opened 98 of 100 connections\n"
        "warning: results/2024/after-the-change.json opened 98 of 100 connections\n");
}

TEST_CASE("a comparison warns of what makes two results hard to compare") {
  const LoadResult a = closed_loop_result();
  LoadResult b = a;
  b.interrupted = true;
  b.is_bottleneck = true;
  b.bottleneck_reason = "it used 97% of its core";
  b.connect.clear();
  b.environment.clear();
  b.configuration.emplace_back("pipeline", "16");
  b.duration = 0s;
  CHECK(compare_text({"a.json", a}, {"b.json", b}) ==
        "BOTTLENECK: in b.json: it used 97% of its core\n"
        "                                  a.json                b.json       b/a\n"
        "requests/sec                    50000.00                     -         -\n"
        "transfer/sec                      3.05MB                     -         -\n"
        "mean                             92.00us               92.00us     1.000\n"
        "p50                              90.05us               90.05us     1.000\n"
        "p75                              90.05us               90.05us     1.000\n"
        "p90                             100.00us              100.00us     1.000\n"
        "p99                             100.00us              100.00us     1.000\n"
        "p99.9                           100.00us              100.00us     1.000\n"
        "max                             100.00us              100.00us     1.000\n"
        "connect p99                      80.00us                     -         -\n"
        "first byte p99                  250.00us              250.00us     1.000\n"
        "requests                           50000                 50000     1.000\n"
        "errors                                 0                     0         -\n"
        "unanswered                             0                     0         -\n"
        "in flight at end                       0                     0         -\n"
        "connections                           10                    10     1.000\n"
        "generator's core                  61.00%                     -         -\n"
        "longest turn                    300.00us                     -         -\n"
        "warning: configuration differs: pipeline (none) / 16\n"
        "warning: environment differs: version 1.0 / (none)\n"
        "warning: environment differs: kernel 6.1.0 / (none)\n"
        "warning: b.json was interrupted\n");
}

TEST_CASE("an open and a closed loop are not of one kind, and both have their rows") {
  const LoadResult a = open_loop_result(), b = closed_loop_result();
  const std::string text = compare_text({"a.json", a}, {"b.json", b});
  CHECK(text.contains(
      "\nwarning: one is an open loop, the other a closed one: their latencies are different things\n"));
  CHECK(text.contains("\nservice p99 "));
  CHECK(text.contains("\nlate sends "));
  CHECK(text.contains("\nwarning: configuration differs: rate 1000/s / (none)\n"));
}

TEST_CASE("a comparison has no line that came from a file's text") {
  const LoadResult a = closed_loop_result();
  LoadResult b = a;
  b.configuration[0].second = "x\nwarning: forged";
  b.is_bottleneck = true;
  b.bottleneck_reason = "y\nwarning: forged";
  CHECK_FALSE(
      compare_text({"a\nwarning: forged", a}, {"b\nwarning: forged", b}).contains("\nwarning: forged"));
}

TEST_CASE("a comparison for other tools has the same rows, in base units, and the same warnings") {
  const LoadResult a = open_loop_result(), b = closed_loop_result();
  const auto json = read_json(compare_json({"a.json", a}, {"b.json", b}));
  REQUIRE(json.has_value());
  CHECK(json->find("compared")->elements.at(1).text == "b.json");
  const auto& rows = json->find("rows")->elements;
  REQUIRE(rows.size() > 10);
  CHECK(rows[0].find("name")->text == "requests/sec");
  CHECK(rows[0].find("unit")->text == "1/s");
  CHECK(rows[0].find("a")->text == "1000");
  CHECK(rows[0].find("b")->text == "50000");
  CHECK(rows[0].find("ratio")->text == "50");
  for (const JsonValue& row : rows) {
    if (row.find("name")->text != "late sends") continue;
    CHECK(row.find("unit")->text.empty());
    CHECK(row.find("b")->kind == JsonValue::Kind::null);  // a closed loop is never late
    CHECK(row.find("ratio")->kind == JsonValue::Kind::null);
  }
  const std::string text = compare_text({"a.json", a}, {"b.json", b});
  REQUIRE_FALSE(json->find("warnings")->elements.empty());
  for (const JsonValue& warning : json->find("warnings")->elements) {
    CHECK(text.contains("warning: " + warning.text + "\n"));
  }
}

TEST_CASE("equal results have no warning, results of nothing no ratio") {
  const LoadResult closed = closed_loop_result(), nothing;
  CHECK_FALSE(compare_text({"a", closed}, {"b", closed}).contains("warning"));
  const std::string text = compare_text({"a", nothing}, {"b", closed});
  CHECK(text.contains("\np50                                    -               90.05us         -\n"));
  CHECK(text.contains("\nrequests                               0                 50000         -\n"));
}
