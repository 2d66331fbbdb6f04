// How durations, sizes and counts are written for people.
#include "load/result/units.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace reactord;
using namespace reactord::load;

TEST_CASE("a measured time has two decimals and the unit that leaves one to three digits") {
  struct Row {
    double nanoseconds;
    const char* text;
  };
  constexpr Row table[] = {
      {0, "0ns"},          {-5, "0ns"},           {1, "1ns"},          {999.4, "999ns"},
      {999.6, "1.00us"},   {1000, "1.00us"},      {250e3, "250.00us"}, {999'994, "999.99us"},
      {999'996, "1.00ms"}, {1'234'567, "1.23ms"}, {4.56e9, "4.56s"},   {59.994e9, "59.99s"},
      {59.996e9, "1.00m"}, {150e9, "2.50m"},      {4500e9, "1.25h"},   {360000e9, "100.00h"}};
  for (const Row& row : table) {
    CAPTURE(row.nanoseconds);
    CHECK(measured_time_text(row.nanoseconds) == row.text);
  }
  CHECK(measured_time_text(std::numeric_limits<std::uint64_t>::max()) == "5124095.58h");
  CHECK(measured_time_text(std::numeric_limits<double>::quiet_NaN()) == "0ns");
}

TEST_CASE("a size has units of 1024") {
  CHECK(bytes_text(0) == "0.00B");
  CHECK(bytes_text(-1) == "0.00B");
  CHECK(bytes_text(512) == "512.00B");
  CHECK(bytes_text(1023.999) == "1.00KB");
  CHECK(bytes_text(1024) == "1.00KB");
  CHECK(bytes_text(12'345'678) == "11.77MB");
  CHECK(bytes_text(18446744073709551615.0) == "16.00EB");
}

TEST_CASE("a short count keeps three digits before the point") {
  CHECK(short_count_text(0) == "0");
  CHECK(short_count_text(999) == "999");
  CHECK(short_count_text(999.9) == "1.00k");
  CHECK(short_count_text(56'200) == "56.20k");
  CHECK(short_count_text(1e6) == "1.00M");
  CHECK(short_count_text(18446744073709551615.0) == "18.45E");
}

TEST_CASE("numbers, shares and columns") {
  CHECK(fixed_text(0.5, 2) == "0.50");
  CHECK(fixed_text(1e300, 2).size() == 304);
  CHECK(percent_text(0.12345) == "12.35%");
  CHECK(right_aligned("ab", 4) == "  ab");
  CHECK(left_aligned("ab", 4) == "ab  ");
  CHECK(right_aligned("abcde", 4) == "abcde");
  CHECK(left_aligned("abcde", 4) == "abcde");
}
