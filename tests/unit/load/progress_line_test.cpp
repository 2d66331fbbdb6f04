// The line that a load run shows of itself once a second.
#include "load/crew/progress_line.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace reactord;
using namespace reactord::load;

namespace {

Progress usual() {
  return {.second = {.requests = 12'345,
                     .errors = 0,
                     .p50 = 200'000,
                     .p99 = 1'230'000,
                     .max = 5'000'000,
                     .open_connections = 100},
          .errors = 2,
          .connections_wanted = 100,
          .left = 7s,
          .phase = Progress::Phase::measuring};
}

std::string with_left(Duration left) {
  Progress progress = usual();
  progress.left = left;
  const std::string line = progress_line(progress);
  return line.substr(line.rfind("  ") + 2);
}

}  // namespace

TEST_CASE("a progress line has rate, latencies, errors, connections and the time left") {
  CHECK(progress_line(usual()) == "  12345/s  p50 200.00us  p99   1.23ms  errors 2  open 100/100  7s left");
  Progress warming_up = usual();
  warming_up.phase = Progress::Phase::warming_up;
  CHECK(progress_line(warming_up) ==
        "  12345/s  p50 200.00us  p99   1.23ms  errors 2  open 100/100  7s warm-up");
  warming_up.second.p50 = warming_up.second.p99 = warming_up.second.max = 0;  // which it does not measure
  CHECK(progress_line(warming_up) ==
        "  12345/s  p50        -  p99        -  errors 2  open 100/100  7s warm-up");
  Progress opening = usual();
  opening.phase = Progress::Phase::opening;
  CHECK(progress_line(opening) == "opening connections  errors 2  open 100/100");
}

TEST_CASE("a second without an answer has no latency") {
  Progress silent = usual();
  silent.second = {};
  CHECK(progress_line(silent) == "      0/s  p50        -  p99        -  errors 2  open 0/100  7s left");
}

TEST_CASE("the time left is rounded up to seconds") {
  CHECK(with_left(-5s) == "0s left");
  CHECK(with_left(0s) == "0s left");
  CHECK(with_left(1ns) == "1s left");
  CHECK(with_left(6001ms) == "7s left");
  CHECK(with_left(99s) == "99s left");
  CHECK(with_left(100s) == "1m40s left");
  CHECK(with_left(2h) == "2h0m left");
  CHECK(with_left(Duration::max()) == ">99h left");
}

TEST_CASE("large counts are shortened where the line would be too long with all digits") {
  Progress large = usual();
  large.second.requests = 1'234'567;
  large.second.open_connections = large.connections_wanted = 50'000;
  CHECK(progress_line(large) == "1234567/s  p50 200.00us  p99   1.23ms  errors 2  open 50000/50000  7s left");
  large.errors = 9'999'999;
  CHECK(progress_line(large) == "1.2M/s  p50 200.00us  p99   1.23ms  errors 9.9M  open 50k/50k  7s left");
}

TEST_CASE("a progress line fits 79 columns, whatever its numbers") {
  std::size_t longest = 0;
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t number = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    for (const std::uint64_t latency :
         {number, std::uint64_t{3'599'990'000'000}, std::uint64_t{999'990'000}}) {
      for (const Duration left : {Duration::max(), Duration(3'599'999s), Duration(5999s)}) {
        const std::string line = progress_line({.second = {.requests = number,
                                                           .errors = number,
                                                           .p50 = latency,
                                                           .p99 = latency,
                                                           .max = latency,
                                                           .open_connections = number},
                                                .errors = number,
                                                .connections_wanted = number,
                                                .left = left,
                                                .phase = Progress::Phase::warming_up});
        CAPTURE(line);
        CHECK(line.size() <= 79);
        longest = std::max(longest, line.size());
      }
    }
  }
  CHECK(longest > 70);
}
