// The histogram of the load generator, against the raw values it was given.
#include "load/result/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

using reactord::load::Histogram;

namespace {

using Samples = std::vector<std::uint64_t>;
using Random = std::mt19937_64;

constexpr std::uint64_t largest = ~std::uint64_t{0};

Samples samples_of(const std::string& distribution, std::size_t size, Random& random) {
  std::lognormal_distribution<double> lognormal(11, 1.5);
  std::exponential_distribution<double> exponential(1.0 / 250'000);
  Samples samples;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint64_t value = 42;
    if (distribution == "lognormal") value = static_cast<std::uint64_t>(lognormal(random));
    if (distribution == "exponential") value = static_cast<std::uint64_t>(exponential(random));
    if (distribution == "small") value = random() % 3000;
    if (distribution == "any size") value = random() >> (random() % 64);
    if (distribution == "two humps")
      value = i % 100 == 0 ? 40'000'000 + random() % 1000 : 80'000 + random() % 9000;
    if (distribution == "powers of two") value = (std::uint64_t{1} << (random() % 64)) - random() % 2;
    samples.push_back(value);
  }
  return samples;
}

Histogram histogram_of(const Samples& samples) {
  Histogram histogram;
  for (const std::uint64_t value : samples) histogram.record(value);
  return histogram;
}

// The least value that at least `parts` of a million of all do not exceed.
std::uint64_t exact(const Samples& sorted, std::uint64_t parts) {
  const std::size_t rank = (sorted.size() * parts + 999'999) / 1'000'000;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void check_quantiles(const Histogram& histogram, const Samples& sorted) {
  for (std::uint64_t parts :
       {0U, 1U, 10'000U, 70'000U, 100'000U, 250'000U, 290'000U, 500'000U, 570'000U, 750'000U, 900'000U,
        990'000U, 999'000U, 999'900U, 999'990U, 999'999U, 1'000'000U}) {
    CAPTURE(parts);
    const std::uint64_t right = exact(sorted, parts);
    const std::uint64_t told = histogram.at(static_cast<double>(parts) / 1'000'000);
    REQUIRE(told >= right);
    REQUIRE(told - right <= right / 1024);
  }
}

void check_equal(const Histogram& left, const Histogram& right) {
  CHECK(left.count() == right.count());
  CHECK(left.min() == right.min());
  CHECK(left.max() == right.max());
  CHECK(left.mean() == doctest::Approx(right.mean()));
  CHECK(left.standard_deviation() == doctest::Approx(right.standard_deviation()));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> of_left, of_right;
  left.for_each(
      [&](std::uint64_t low, std::uint64_t, std::uint64_t count) { of_left.emplace_back(low, count); });
  right.for_each(
      [&](std::uint64_t low, std::uint64_t, std::uint64_t count) { of_right.emplace_back(low, count); });
  CHECK(of_left == of_right);
}

}  // namespace

TEST_CASE("every quantile is the exact one, or less than one part in 1,024 above it") {
  Random random(1);
  for (const char* distribution :
       {"constant", "lognormal", "exponential", "small", "any size", "two humps", "powers of two"}) {
    for (const std::size_t size : {1u, 2u, 3u, 10u, 99u, 100u, 1000u, 50'000u}) {
      CAPTURE(distribution);
      CAPTURE(size);
      Samples samples = samples_of(distribution, size, random);
      const Histogram histogram = histogram_of(samples);
      std::sort(samples.begin(), samples.end());
      CHECK(histogram.count() == size);
      CHECK(histogram.min() == samples.front());
      CHECK(histogram.max() == samples.back());
      check_quantiles(histogram, samples);
    }
  }
}

TEST_CASE("mean and standard deviation are those of the values") {
  Random random(2);
  for (const char* distribution : {"constant", "lognormal", "exponential", "two humps"}) {
    CAPTURE(distribution);
    const Samples samples = samples_of(distribution, 10'000, random);
    const Histogram histogram = histogram_of(samples);
    double sum = 0, squares = 0;
    for (const std::uint64_t value : samples) sum += static_cast<double>(value);
    const double mean = sum / 10'000;
    for (const std::uint64_t value : samples) squares += std::pow(static_cast<double>(value) - mean, 2);
    CHECK(histogram.mean() == doctest::Approx(mean));
    CHECK(histogram.standard_deviation() == doctest::Approx(std::sqrt(squares / 10'000)));
  }
}

TEST_CASE("parts of a histogram follow each other without gap or overlap, and hold what was recorded") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, largest}) {
      const std::uint64_t value = (std::uint64_t{1} << bit) + offset;
      CAPTURE(value);
      Histogram histogram;
      histogram.record(value);
      unsigned parts = 0;
      histogram.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t count) {
        ++parts;
        CHECK(count == 1);
        CHECK(low <= value);
        CHECK(value <= high);
        CHECK(high - low <= value / 1024);
        Histogram next;
        next.record(high + 1);  // where this part ends, the next one begins
        next.for_each([&](std::uint64_t next_low, std::uint64_t, std::uint64_t) {
          CHECK(next_low == (high == largest ? 0 : high + 1));
        });
      });
      CHECK(parts == 1);
    }
  }
}

TEST_CASE("a merge is as if everything had been recorded in one") {
  Random random(3);
  const Samples first = samples_of("small", 1000, random), second = samples_of("lognormal", 5000, random);
  Samples both = first;
  both.insert(both.end(), second.begin(), second.end());
  const Histogram all = histogram_of(both);
  Histogram small_first = histogram_of(first), large_first = histogram_of(second);
  small_first.merge(histogram_of(second));
  large_first.merge(histogram_of(first));
  check_equal(small_first, all);
  check_equal(large_first, all);
  Histogram empty;
  empty.merge(all);
  check_equal(empty, all);
  empty.merge(Histogram{});
  check_equal(empty, all);
}

TEST_CASE("a count records as many") {
  Histogram one_by_one, at_once;
  for (int i = 0; i < 1000; ++i) one_by_one.record(12'345);
  at_once.record(12'345, 1000);
  at_once.record(99'999'999, 0);
  check_equal(at_once, one_by_one);
}

TEST_CASE("the smallest and the largest values are exact") {
  Histogram histogram;
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63, largest}) {
    Histogram one;
    one.record(value);
    CHECK(one.min() == value);
    CHECK(one.max() == value);
    for (const double quantile : {0.0, 0.5, 1.0}) CHECK(one.at(quantile) == value);
    histogram.record(value);
  }
  CHECK(histogram.min() == 0);
  CHECK(histogram.at(0) == 0);
  CHECK(histogram.at(0.25) == 0);
  CHECK(histogram.at(0.5) == 1);
  CHECK(histogram.at(0.75) >= std::uint64_t{1} << 63);
  CHECK(histogram.at(0.75) - (std::uint64_t{1} << 63) < std::uint64_t{1} << 53);
  CHECK(histogram.at(0.76) == largest);
  CHECK(histogram.at(7) == largest);
  CHECK(histogram.at(-1) == 0);
  const auto read = Histogram::from_text(histogram.to_text());
  REQUIRE(read);
  check_equal(*read, histogram);
}

TEST_CASE("an empty histogram tells zeros, also when it was cleared") {
  Histogram histogram;
  for (int round = 0; round < 2; ++round) {
    CHECK(histogram.count() == 0);
    CHECK(histogram.min() == 0);
    CHECK(histogram.max() == 0);
    CHECK(histogram.mean() == 0);
    CHECK(histogram.standard_deviation() == 0);
    CHECK(histogram.at(0.99) == 0);
    histogram.for_each([](std::uint64_t, std::uint64_t, std::uint64_t) { FAIL("nothing was recorded"); });
    CHECK(histogram.to_text() == "histogram1 0 0 0 0");
    histogram.record(7);
    histogram.clear();
  }
  const auto read = Histogram::from_text("histogram1 0 0 0 0");
  REQUIRE(read);
  CHECK(read->count() == 0);
  histogram.merge(*read);
  histogram.record(5);
  CHECK(histogram.min() == 5);
}

TEST_CASE("a histogram goes to text and back without loss") {
  Histogram three;
  for (const std::uint64_t value : {3U, 3U, 10U}) three.record(value);
  CHECK(three.to_text() == "histogram1 3 10 16 118 3:2 7");
  Random random(4);
  for (const char* distribution : {"constant", "lognormal", "any size", "two humps"}) {
    CAPTURE(distribution);
    const Histogram histogram = histogram_of(samples_of(distribution, 10'000, random));
    const auto read = Histogram::from_text(histogram.to_text());
    REQUIRE(read);
    check_equal(*read, histogram);
    CHECK(read->mean() == histogram.mean());
    CHECK(read->to_text() == histogram.to_text());
  }
}

TEST_CASE("a text that is no histogram is refused") {
  for (const char* wrong : {"",
                            "histogram",
                            "histogram1",
                            "histogram2 3 10 16 118 3:2 7",
                            "histogram1 3 10 16 118",
                            "histogram1 3 10 16 118 3:2 7 ",
                            "histogram1 3 10 16 118 3:2 7x",
                            "histogram1 3 10 16 118 3:2 8",
                            "histogram1 2 10 16 118 3:2 7",
                            "histogram1 3 10 16 118 3:0 7",
                            "histogram1 3 10 16 118 3: 7",
                            "histogram1 3 3 16 118 3:2 0",
                            "histogram1 3 10 -16 118 3:2 7",
                            "histogram1 3 10 nan 118 3:2 7",
                            "histogram1 3 10 16 inf 3:2 7",
                            "histogram1 10 3 16 118 3:2 7",
                            "histogram1  3 10 16 118 3:2 7",
                            "histogram1 0 0 1 0",
                            "histogram1 0 7 0 0",
                            "histogram1 3 10 16 118 3:18446744073709551615 7",
                            "histogram1 3 10 16 118 3:18446744073709551616 7",
                            "histogram1 3 10 16 118 3:2 -7",
                            "histogram1 0 18446744073709551615 0 0 0 56320",
                            "histogram1 3 10 16 118 3:2 18446744073709551615 8"}) {
    CAPTURE(wrong);
    CHECK_FALSE(Histogram::from_text(wrong).has_value());
  }
}

TEST_CASE("a histogram text that is cut or changed anywhere is refused or is one, never a fault") {
  Random random(5);
  const std::string text = histogram_of(samples_of("lognormal", 50, random)).to_text();
  for (std::size_t length = 0; length < text.size(); ++length)
    (void)Histogram::from_text(text.substr(0, length));
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = text;
    changed[random() % changed.size()] = " :0123456789.-e"[random() % 15];
    if (const auto read = Histogram::from_text(changed)) {
      CHECK(read->count() > 0);
      CHECK(read->at(0.5) <= read->max());
    }
  }
}
