// A histogram drawn with the characters of a terminal.
#include "load/report/latency_chart.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using reactord::load::Histogram;
using reactord::load::latency_chart;

namespace {

std::vector<std::string> lines_of(const std::string& chart) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < chart.size();) {
    const std::size_t end = chart.find('\n', begin);
    lines.push_back(chart.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("a chart has a bar for each step of the scale, and a dot for a few") {
  Histogram histogram;
  histogram.record(100'000, 500);
  histogram.record(150'000, 1000);
  histogram.record(300'000, 3);
  CHECK(latency_chart(histogram, 8, 20) ==
        "    100.00us |##########          |  33.27%\n"
        "    125.00us |                    |   0.00%\n"
        "    160.00us |####################|  66.53%\n"
        "    200.00us |                    |   0.00%\n"
        "    250.00us |                    |   0.00%\n"
        "    315.00us |.                   |   0.20%\n");
}

TEST_CASE("a chart of nothing is empty, of one value one line, also of 0 and of the largest") {
  Histogram histogram;
  CHECK(latency_chart(histogram) == "");
  histogram.record(0);
  CHECK(lines_of(latency_chart(histogram)).size() == 1);
  Histogram largest;
  largest.record(~std::uint64_t{0});
  CHECK(lines_of(latency_chart(largest)).size() == 1);
  largest.record(0);
  for (const std::size_t rows : {1u, 2u, 5u, 16u, 30u}) {
    CAPTURE(rows);
    CHECK(lines_of(latency_chart(largest, rows)).size() <= rows);
  }
}

TEST_CASE("a chart keeps to its rows and columns, whatever the values") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    Histogram histogram;
    const unsigned narrow = static_cast<unsigned>(random() % 60);
    const std::uint64_t least = random() >> (random() % 64);
    for (int value = 0; value < 100; ++value)
      histogram.record(least + (random() >> (random() % 4 + narrow)) / 2);
    const auto lines = lines_of(latency_chart(histogram));
    CHECK(lines.size() <= 16);
    CHECK(lines.size() >= 1);
    std::size_t longest = 0;
    for (const std::string& line : lines) {
      CHECK(line.size() <= 79);
      longest = std::max(longest, static_cast<std::size_t>(std::count(line.begin(), line.end(), '#')));
    }
    CHECK(longest == 50);
  }
}
