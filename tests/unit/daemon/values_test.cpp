// Values: what is written for a setting, and of what is wrong in it, what would be right.
#include "daemon/values.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace reactord;

namespace {

template <typename Value>
std::string refusal(const Parsed<Value>& parsed) {
  return parsed ? "was accepted" : parsed.error();
}

std::string count(const char* text, OverLimit usual = OverLimit::reject) {
  const auto limit = parse_count_limit(text, usual);
  if (!limit) return limit.error();
  return std::to_string(limit->most) + (limit->then == OverLimit::defer ? " defer" : " reject");
}

std::string rate(const char* text, OverLimit usual = OverLimit::reject) {
  const auto limit = parse_rate(text, usual);
  if (!limit) return limit.error();
  return std::to_string(limit->per_second) + " " + std::to_string(limit->burst) +
         (limit->then == OverLimit::defer ? " defer" : " reject");
}

}  // namespace

TEST_CASE("durations take a unit") {
  struct Row {
    const char* text;
    Duration duration;
  };
  constexpr Row table[] = {{"500ms", 500ms}, {"30s", 30s},    {"2m", 2min},       {"1h", 1h},
                           {"0", 0ns},       {"0s", 0ns},     {"87600h", 87600h}, {"007s", 7s},
                           {"1.5s", 1500ms}, {"0.5h", 30min}, {"1000us", 1ms},    {"1.5ms", 1500us}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto duration = parse_duration(row.text);
    REQUIRE(duration.has_value());
    CHECK(*duration == row.duration);
  }
  for (const char* wrong : {"", "s", "30", "1.5", "1.s", ".5s", "30 s", "30sec", "s30", " 30s", "+30s",
                            "-0x1s", "30S", "87601h", "99999999999999999999s", "-1s", "0x"}) {
    CAPTURE(wrong);
    const auto duration = parse_duration(wrong);
    REQUIRE_FALSE(duration.has_value());
    CHECK(duration.error().starts_with(std::string(wrong) + ": "));
  }
}

TEST_CASE("a duration finer than the timers is refused, with the least there is") {
  for (const char* wrong : {"500us", "0.5ms", "999999ns", "0.0001s"}) {
    CAPTURE(wrong);
    CHECK(refusal(parse_duration(wrong)) == std::string(wrong) + ": too short, at least 1ms, or 0");
  }
  CHECK(refusal(parse_duration("-1s")) == "-1s: must not be negative");
  CHECK(refusal(parse_duration("1.5")) == "1.5: write a number and a unit, as in 500ms, 30s, 2m, 1h");
  CHECK(refusal(parse_duration("87600.5h")) == "87600.5h: too long, at most ten years (87600h)");
}

TEST_CASE("sizes are bytes, or powers of 1024 with an i in their unit") {
  struct Row {
    const char* text;
    std::size_t bytes;
  };
  constexpr Row table[] = {{"0", 0},
                           {"1", 1},
                           {"4096", 4096},
                           {"4096B", 4096},
                           {"64KiB", 65536},
                           {"1MiB", 1048576},
                           {"2GiB", 2147483648},
                           {"1024GiB", 1099511627776},
                           {"1099511627776", 1099511627776}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto size = parse_size(row.text);
    REQUIRE(size.has_value());
    CHECK(*size == row.bytes);
  }
  for (const char* wrong :
       {"", "B", "KiB", "-1", "+1", "1.5MiB", "64 KiB", " 1", "1 ", "0x10", "1KiBs", "1TiB"}) {
    CAPTURE(wrong);
    CHECK(refusal(parse_size(wrong)) ==
          std::string(wrong) + ": write a number of bytes, as in 4096, 64KiB, 1MiB");
  }
  for (const char* large : {"1025GiB", "99999999999999999999", "18446744073709551615KiB"}) {
    CAPTURE(large);
    CHECK(refusal(parse_size(large)) == std::string(large) + ": too large, at most 1024GiB");
  }
}

TEST_CASE("a unit that means a thousand to some and 1024 to others is refused, with what to write") {
  CHECK(refusal(parse_size("64kB")) == "64kB: write 64KiB (1KiB is 1024 bytes), or the number of bytes");
  CHECK(refusal(parse_size("64K")) == "64K: write 64KiB (1KiB is 1024 bytes), or the number of bytes");
  CHECK(refusal(parse_size("1MB")) == "1MB: write 1MiB (1KiB is 1024 bytes), or the number of bytes");
  CHECK(refusal(parse_size("2g")) == "2g: write 2GiB (1KiB is 1024 bytes), or the number of bytes");
  CHECK(refusal(parse_size("2mib")) == "2mib: write 2MiB (1KiB is 1024 bytes), or the number of bytes");
}

TEST_CASE("numbers and percentages have bounds") {
  CHECK(*parse_number("1", 1, 128) == 1);
  CHECK(*parse_number("128", 1, 128) == 128);
  CHECK(*parse_number("2k", 1, 1'000'000) == 2000);
  CHECK(refusal(parse_number("1k", 1, 128)) == "1k: write a number from 1 to 128");
  for (const char* wrong : {"", "0", "129", "-1", "1.0", "1 ", "99999999999999999999", "64b"}) {
    CAPTURE(wrong);
    CHECK(refusal(parse_number(wrong, 1, 128)) == std::string(wrong) + ": write a number from 1 to 128");
  }
  CHECK(*parse_percentage("10%", 90) == 10);
  CHECK(*parse_percentage("90%", 90) == 90);
  CHECK(*parse_percentage("0", 90) == 0);
  for (const char* wrong : {"", "%", "10", "91%", "10%%", "-1%", "1.5%", "10 %"}) {
    CAPTURE(wrong);
    CHECK(refusal(parse_percentage(wrong, 90)) ==
          std::string(wrong) + ": write a percentage from 0% to 90%, as in 10%");
  }
}

TEST_CASE("a count says what becomes of one too many, or it is the usual") {
  CHECK(count("1000") == "1000 reject");
  CHECK(count("1000", OverLimit::defer) == "1000 defer");
  CHECK(count("1000,defer") == "1000 defer");
  CHECK(count("1000,reject", OverLimit::defer) == "1000 reject");
  CHECK(count("0") == "0 reject");
  CHECK(count("20k,defer") == "20000 defer");
  CHECK(count("1M") == "1000000 reject");
  for (const char* wrong : {"", "many", "-1", "1K", "1.5k", ",reject", "1000 ,defer", "reject"}) {
    CAPTURE(wrong);
    CHECK(count(wrong) ==
          std::string(wrong) +
              ": write a number, and ,defer or ,reject after it if you like, as in 1000,reject");
  }
  CHECK(count("1,wait") == "1,wait: unknown \"wait\": after the comma write defer or reject");
  CHECK(count("1,") == "1,: unknown \"\": after the comma write defer or reject");
  CHECK(count("1,defer,reject") ==
        "1,defer,reject: unknown \"defer,reject\": after the comma write defer or reject");
  CHECK(count("1001M") == "1001M: too many, at most 1000000000");
  CHECK(count("1000000001") == "1000000001: too many, at most 1000000000");
}

TEST_CASE("a rate is per second, with a burst and what becomes of one too many") {
  CHECK(rate("100/s") == "100 0 reject");
  CHECK(rate("100/s", OverLimit::defer) == "100 0 defer");
  CHECK(rate("100/s,burst=500") == "100 500 reject");
  CHECK(rate("100/s,burst=500,defer") == "100 500 defer");
  CHECK(rate("100/s,defer,burst=500") == "100 500 defer");
  CHECK(rate("20k/s,burst=2k") == "20000 2000 reject");
  CHECK(rate("0") == "0 0 reject");
  CHECK(rate("0,defer") == "0 0 defer");
  for (const char* wrong : {"", "100", "/s", "100/m", "fast", "-1/s", "100/s burst=5", "1.5/s"}) {
    CAPTURE(wrong);
    CHECK(rate(wrong) ==
          std::string(wrong) + ": write a number per second, as in 100/s or 100/s,burst=500,reject");
  }
  const std::string right = ": after a comma write burst=N, defer or reject, each once";
  CHECK(rate("1/s,wait") == "1/s,wait: unexpected \"wait\"" + right);
  CHECK(rate("1/s,") == "1/s,: unexpected \"\"" + right);
  CHECK(rate("1/s,defer,reject") == "1/s,defer,reject: unexpected \"reject\"" + right);
  CHECK(rate("1/s,burst=1,burst=2") == "1/s,burst=1,burst=2: unexpected \"burst=2\"" + right);
  CHECK(rate("1/s,burst=0") == "1/s,burst=0: burst=0: write a number from 1 to 1000000000");
  CHECK(rate("4294967296/s") == "4294967296/s: too many, at most 1000000000");
}

TEST_CASE("long lines are dealt with in one of three ways") {
  CHECK(*parse_long_lines("close") == LongLine::close);
  CHECK(*parse_long_lines("truncate") == LongLine::truncate);
  CHECK(*parse_long_lines("discard") == LongLine::discard);
  CHECK(refusal(parse_long_lines("discrad")) == "discrad: unknown way \"discrad\", did you mean discard?");
  CHECK(refusal(parse_long_lines("")) == ": unknown way \"\", known: close truncate discard");
}
