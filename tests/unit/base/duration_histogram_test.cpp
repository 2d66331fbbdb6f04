// The histogram of durations: where its parts begin and end, and what it says of all of them.
#include "base/duration_histogram.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

#include "base/log_linear.hpp"

using reactord::Duration;
using reactord::DurationHistogram;
using reactord::LogLinear;
using namespace std::chrono_literals;

namespace {

using Part = std::pair<Duration, std::uint64_t>;

std::vector<Part> parts_of(const DurationHistogram& histogram) {
  std::vector<Part> parts;
  histogram.for_each([&](Duration upper_end, std::uint64_t count) { parts.emplace_back(upper_end, count); });
  return parts;
}

Duration upper_end_of(Duration duration) {
  DurationHistogram histogram;
  histogram.record(duration);
  const std::vector<Part> parts = parts_of(histogram);
  REQUIRE(parts.size() == 1);
  CHECK(parts.front().second == 1);
  CHECK(histogram.at(0.5) == parts.front().first);
  return parts.front().first;
}

constexpr Duration nanoseconds(std::uint64_t count) { return Duration(static_cast<Duration::rep>(count)); }
constexpr Duration beyond = nanoseconds(DurationHistogram::beyond);

}  // namespace

TEST_CASE("a duration is counted in the part that ends at it or behind it") {
  struct Row {
    Duration duration, upper_end;
  };
  const Row rows[] = {
      {0ns, 0ns},
      {-1ns, 0ns},
      {Duration::min(), 0ns},
      {1ns, 1ns},
      {7ns, 7ns},
      {8ns, 8ns},
      {15ns, 15ns},
      {16ns, 17ns},
      {17ns, 17ns},
      {18ns, 19ns},
      {31ns, 31ns},
      {32ns, 35ns},
      {35ns, 35ns},
      {36ns, 39ns},
      {1023ns, 1023ns},
      {1024ns, 1151ns},
      {1151ns, 1151ns},
      {1152ns, 1279ns},
      {beyond - 1ns, beyond - 1ns},
      {beyond - nanoseconds(std::uint64_t{1} << 38), beyond - 1ns},
      {beyond - nanoseconds(std::uint64_t{1} << 38) - 1ns,
       beyond - nanoseconds(std::uint64_t{1} << 38) - 1ns},
      {beyond, Duration::max()},
      {Duration::max(), Duration::max()},
  };
  for (const Row& row : rows) {
    CAPTURE(row.duration.count());
    CHECK(upper_end_of(row.duration) == row.upper_end);
  }
  CHECK(beyond > 1h);
}

TEST_CASE("the end of a part is at most an eighth beyond what is in it") {
  for (unsigned power = 0; power < 42; ++power) {
    for (const std::int64_t beside : {-1, 0, 1}) {
      const Duration duration = nanoseconds(std::uint64_t{1} << power) + Duration(beside);
      const Duration upper_end = upper_end_of(duration);
      CAPTURE(duration.count());
      CHECK(upper_end >= duration);
      CHECK(upper_end - duration <= duration / 8);
    }
  }
}

TEST_CASE("parts follow each other without a gap, up to the largest number") {
  using Parts = LogLinear<DurationHistogram::precision_bits>;
  CHECK(Parts::lowest_of(0) == 0);
  for (std::size_t part = 0; part < Parts::all_parts; ++part) {
    CAPTURE(part);
    REQUIRE(Parts::part_of(Parts::lowest_of(part)) == part);
    REQUIRE(Parts::part_of(Parts::highest_of(part)) == part);
    if (part > 0) REQUIRE(Parts::lowest_of(part) == Parts::highest_of(part - 1) + 1);
  }
  CHECK(Parts::highest_of(Parts::all_parts - 1) == std::numeric_limits<std::uint64_t>::max());
  CHECK(Parts::part_of(std::uint64_t{1} << 63) == Parts::all_parts - Parts::parts_of_power);
}

TEST_CASE("count, sum and quantiles are those of all that was recorded") {
  DurationHistogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.sum() == 0ns);
  CHECK(histogram.at(0.5) == 0ns);
  CHECK(parts_of(histogram).empty());
  for (int i = 0; i < 90; ++i) histogram.record(10ns);
  for (int i = 0; i < 9; ++i) histogram.record(1000ns);
  histogram.record(-5s);
  CHECK(histogram.count() == 100);
  CHECK(histogram.sum() == 9900ns);
  CHECK(parts_of(histogram) == std::vector<Part>{{0ns, 1}, {10ns, 90}, {1023ns, 9}});
  struct Row {
    double quantile;
    Duration at;
  };
  const Row rows[] = {{-1, 0ns},    {0, 0ns},        {0.01, 0ns}, {0.011, 10ns}, {0.5, 10ns},
                      {0.91, 10ns}, {0.911, 1023ns}, {1, 1023ns}, {2, 1023ns}};
  for (const Row& row : rows) {
    CAPTURE(row.quantile);
    CHECK(histogram.at(row.quantile) == row.at);
  }
}

TEST_CASE("a sum that is too large stays at its largest value") {
  DurationHistogram histogram;
  histogram.record(Duration::max());
  CHECK(histogram.sum() == Duration::max());
  for (int i = 0; i < 3; ++i) histogram.record(Duration::max());
  CHECK(histogram.sum() == Duration::max());
  histogram.record(1s);
  CHECK(histogram.sum() == Duration::max());
  CHECK(histogram.count() == 5);
  CHECK(histogram.at(1) == Duration::max());
}
