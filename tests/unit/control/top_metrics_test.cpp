// The reader of the text that Prometheus takes, and quantiles of histograms.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "control/histogram.hpp"
#include "control/metric_samples.hpp"

using reactord::control::counted_between;
using reactord::control::Histogram;
using reactord::control::MetricSample;
using reactord::control::quantile_of;
using reactord::control::read_metrics;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<MetricSample> taken(std::string_view text) {
  auto samples = read_metrics(text);
  if (!samples) FAIL(samples.error());
  return *samples;
}

std::string refusal(std::string_view text) {
  const auto samples = read_metrics(text);
  return samples ? "was accepted" : samples.error();
}

// "12", ">12" beyond the last bound, "-" for none.
std::string shown(const Histogram& histogram, double quantile) {
  const auto found = quantile_of(histogram, quantile);
  if (!found) return "-";
  std::string text = (found->is_beyond ? ">" : "") + std::to_string(found->value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

TEST_SUITE("reactordctl top: metrics") {
  TEST_CASE("names, labels and values are read, comments and times left out") {
    const auto samples = taken(
        "# HELP reactord_lines_total Lines.\n# TYPE reactord_lines_total counter\n"
        "reactord_lines_total 9120\n"
        "\n"
        "  a:b_1 { le = \"0.5\" , path=\"C:\\\\x\\n\\\"y\\\"\", } 1.5e3 1700000000000  \n"
        "empty{} -2\r\n"
        "last{x=\"\"} +Inf");
    REQUIRE(samples.size() == 4);
    CHECK(samples[0].name == "reactord_lines_total");
    CHECK(samples[0].labels.empty());
    CHECK(samples[0].value == 9120);
    CHECK(samples[1].name == "a:b_1");
    CHECK(*samples[1].label("le") == "0.5");
    CHECK(*samples[1].label("path") == "C:\\x\n\"y\"");
    CHECK(samples[1].label("other") == nullptr);
    CHECK(samples[1].value == 1500);
    CHECK(samples[2].value == -2);
    CHECK(samples[3].label("x")->empty());
    CHECK(samples[3].value == infinity);
    CHECK(taken("").empty());
    CHECK(taken("# EOF").empty());
  }

  TEST_CASE("a value is any number that Go writes") {
    CHECK(taken("a 18446744073709551615")[0].value == 18446744073709551615.0);
    CHECK(taken("a 1e-06")[0].value == 1e-6);
    CHECK(taken("a -Inf")[0].value == -infinity);
    CHECK(std::isnan(taken("a NaN")[0].value));
    for (const char* wrong : {"a", "a x", "a 1x", "a 0x10", "a nan", "a inf", "a 1e", "a --1", "a ,"}) {
      INFO(wrong);
      CHECK(refusal(wrong) == "line 1: a number is expected");
    }
  }

  TEST_CASE("what is no sample is told with its line") {
    struct Row {
      const char *text, *refusal;
    };
    for (const Row& row :
         {Row{"1a 2", "line 1: a name is expected"}, Row{"ok 1\n{a=\"b\"} 2", "line 2: a name is expected"},
          Row{"a{b} 1", "line 1: = is expected behind the name of a label"},
          Row{"a{b=c} 1", "line 1: a label in quotes is expected"},
          Row{"a{b=\"c", "line 1: the quote behind a label is missing"},
          Row{"a{b=\"c\\", "line 1: the quote behind a label is missing"},
          Row{"a{b=\"\\x\"} 1", "line 1: an escape is expected"},
          Row{"a{b=\"c\"", "line 1: a comma or } is expected behind a label"},
          Row{"a{b=\"c\" d=\"e\"} 1", "line 1: a comma or } is expected behind a label"},
          Row{"a{", "line 1: a name is expected"},
          Row{"a 1 soon", "line 1: a time in milliseconds is expected, or nothing"},
          Row{"a 1 2 3", "line 1: a time in milliseconds is expected, or nothing"}}) {
      INFO(row.text);
      CHECK(refusal(row.text) == row.refusal);
    }
    std::string many;
    for (std::size_t at = 0; at <= reactord::control::most_metric_samples; ++at) many += "a 1\n";
    CHECK(refusal(many) == "line 100001: too many samples");
  }
}

TEST_SUITE("reactordctl top: histograms") {
  TEST_CASE("a quantile lies within its bucket, as in PromQL") {
    const Histogram usual{{0.001, 90}, {0.01, 98}, {0.1, 99}, {infinity, 100}};
    CHECK(shown(usual, 0) == "0");
    CHECK(shown(usual, 0.45) == "0.0005");
    CHECK(shown(usual, 0.9) == "0.001");
    CHECK(shown(usual, 0.95) == "0.006625");
    CHECK(shown(usual, 0.99) == "0.1");
    CHECK(shown(usual, 1) == ">0.1");
  }

  TEST_CASE("where nothing is known there is none") {
    CHECK(shown({}, 0.5) == "-");
    CHECK(shown({{infinity, 5}}, 0.5) == "-");
    CHECK(shown({{0.1, 5}, {1, 7}}, 0.5) == "-");
    CHECK(shown({{0.1, 0}, {infinity, 0}}, 0.5) == "-");
    CHECK(shown({{0.1, 0}, {infinity, std::nan("")}}, 0.5) == "-");
  }

  TEST_CASE("empty buckets, bounds below zero and counts that fall are taken as PromQL takes them") {
    CHECK(shown({{1, 0}, {2, 0}, {4, 8}, {infinity, 8}}, 0.5) == "3");
    CHECK(shown({{1, 0}, {2, 0}, {4, 8}, {infinity, 8}}, 0) == "0");
    CHECK(shown({{-1, 8}, {1, 8}, {infinity, 8}}, 0.5) == "-1");
    CHECK(shown({{1, 4}, {2, 3}, {4, 8}, {infinity, 8}}, 0.75) == "3");
    CHECK(shown({{1, 0}, {infinity, 8}}, 0.5) == ">1");
  }

  TEST_CASE("what was counted between two is their difference") {
    const Histogram before{{1, 5}, {infinity, 9}}, after{{1, 7}, {infinity, 19}};
    const auto counted = counted_between(before, after);
    REQUIRE(counted.has_value());
    CHECK(counted->front().count == 2);
    CHECK(counted->back().count == 10);
    CHECK_FALSE(counted_between(after, before).has_value());
    CHECK_FALSE(counted_between(after, {}).has_value());
    CHECK_FALSE(counted_between({}, after).has_value());
    CHECK(counted_between({}, {})->empty());
    // Buckets that were empty before, and some that are left out now.
    const auto sparse =
        counted_between({{2, 5}, {8, 6}, {infinity, 9}}, {{1, 0}, {2, 7}, {4, 8}, {infinity, 19}});
    REQUIRE(sparse.has_value());
    CHECK((*sparse)[0].count == 0);
    CHECK((*sparse)[1].count == 2);
    CHECK((*sparse)[2].count == 3);
    CHECK((*sparse)[3].count == 10);
  }
}
