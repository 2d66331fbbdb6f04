// Scales of plots: their ends, their marks, and where a value stands.
#include "load/report/plot_axis.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace reactord;
using namespace reactord::load;

namespace {

std::string labels(const PlotAxis& axis) {
  std::string text;
  for (const PlotMark& mark : axis.marks) {
    if (!mark.label.empty()) text += (text.empty() ? "" : " ") + mark.label;
  }
  return text;
}

}  // namespace

TEST_CASE("an axis of counts begins at 0 and has round marks") {
  CHECK(labels(count_axis(0)) == "0 1");
  CHECK(labels(count_axis(1)) == "0 1");
  CHECK(labels(count_axis(10)) == "0 2 4 6 8 10");
  CHECK(labels(count_axis(11)) == "0 5 10 15");
  CHECK(labels(count_axis(60)) == "0 20 40 60");
  CHECK(labels(count_axis(1000)) == "0 200 400 600 800 1k");
  CHECK(labels(count_axis(123'456)) == "0 50k 100k 150k");
  for (double highest = 1; highest < 1e19; highest *= 1.37) {
    CAPTURE(highest);
    const PlotAxis axis = count_axis(highest);
    CHECK(axis.high >= highest * 0.999999);
    CHECK(axis.high <= highest * 2 + 1);
    CHECK(axis.marks.size() >= 2);
    CHECK(axis.marks.size() <= 7);
  }
}

TEST_CASE("an axis of latencies is logarithmic, between round numbers") {
  CHECK(labels(latency_axis(150e3, 5e6)) == "100us 200us 500us 1ms 2ms 5ms");
  CHECK(labels(latency_axis(6e3, 12e6)) == "10us 100us 1ms 10ms");
  CHECK(labels(latency_axis(90e3, 90e3)) == "50us 100us");
  CHECK(labels(latency_axis(2e9, 100e9)) == "2s 5s 10s 20s 50s 100s");
  CHECK(labels(latency_axis(0, 1)) == "1ns 2ns");
  for (double shortest = 1; shortest < 1e19; shortest *= 7.3) {
    for (double longest = shortest; longest < 2e19; longest *= 13.7) {
      CAPTURE(shortest);
      CAPTURE(longest);
      const PlotAxis axis = latency_axis(shortest, longest);
      CHECK(axis.low <= shortest * 1.000001);
      CHECK(axis.high >= longest * 0.999999);
      CHECK_FALSE(labels(axis).empty());
    }
  }
}

TEST_CASE("an axis of shares goes as far as the answers tell") {
  CHECK(labels(quantile_axis(0)) == "0% 50% 90% 99%");
  CHECK(labels(quantile_axis(5000)) == "0% 50% 90% 99% 99.9%");
  CHECK(labels(quantile_axis(1e12)) == "0% 50% 90% 99% 99.9% 99.99% 99.999% 99.9999%");
}

TEST_CASE("a value stands in proportion between the ends, one beyond them at the end") {
  PlotAxis axis = count_axis(100);
  axis.from = 300;
  axis.to = 100;
  CHECK(axis.place_of(0) == 300);
  CHECK(axis.place_of(25) == 250);
  CHECK(axis.place_of(100) == 100);
  CHECK(axis.place_of(1000) == 100);
  CHECK(axis.place_of(-1) == 300);
  PlotAxis logarithmic = latency_axis(1e3, 1e7);
  logarithmic.from = 0;
  logarithmic.to = 4;
  CHECK(logarithmic.place_of(1e3) == doctest::Approx(0));
  CHECK(logarithmic.place_of(1e4) == doctest::Approx(1));
  CHECK(logarithmic.place_of(1e6) == doctest::Approx(3));
  CHECK(logarithmic.place_of(0) == doctest::Approx(0));
}
