// Values of the load generator's options, and that a quantity is the same whoever reads it.
#include "load/options/option_values.hpp"

#include <doctest/doctest.h>

#include <string>

#include "daemon/values.hpp"
#include "load/script/script_values.hpp"

using namespace reactord;

namespace {

template <typename Value>
std::string refusal(const load::Parsed<Value>& parsed) {
  return parsed ? "was accepted" : parsed.error();
}

}  // namespace

TEST_CASE("a duration is the same in a setting of the daemon, an option of the load generator and a script") {
  for (const char* text : {"1ms", "1.5ms", "2500us", "0.1s", "1.5s", "90s", "1.5m", "2m", "0.5h", "24h"}) {
    CAPTURE(text);
    const auto setting = parse_duration(text);
    REQUIRE(setting.has_value());
    CHECK(load::parse_duration(text) == *setting);
    CHECK(load::script_duration(text) == *setting);
  }
  for (const char* text : {"", "s", "1", "1.s", ".5s", "1S", "1 s", "1e3s", "+1s", "-1s", "1sec", "99999h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
    CHECK_FALSE(load::parse_duration(text).has_value());
    CHECK_FALSE(load::script_duration(text).has_value());
  }
}

TEST_CASE("so are counts and sizes") {
  for (const char* text : {"1", "1000", "20k", "1M"}) {
    CAPTURE(text);
    const auto setting = parse_number(text, 1, 1'000'000);
    REQUIRE(setting.has_value());
    CHECK(load::parse_number(text, 1, 1'000'000) == *setting);
    CHECK(load::script_count(text, 1'000'000) == *setting);
  }
  for (const char* text : {"", "0", "1.5k", "1K", "2M", "-1", "1 k", "k"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text, 1, 1'000'000).has_value());
    CHECK_FALSE(load::parse_number(text, 1, 1'000'000).has_value());
    CHECK_FALSE(load::script_count(text, 1'000'000).has_value());
  }
  for (const char* text : {"1", "100B", "4KiB", "1MiB"}) {
    CAPTURE(text);
    const auto setting = parse_size(text);
    REQUIRE(setting.has_value());
    CHECK(load::script_size(text, 1 << 20) == *setting);
  }
}

TEST_CASE("what is wrong with an option's value is told with what would be right") {
  CHECK(load::parse_duration("0") == 0ns);
  CHECK(load::parse_duration("500us") == 500us);
  CHECK(refusal(load::parse_duration("soon")) == "soon: not a duration: write 500us, 10ms, 10s, 2m or 1h");
  CHECK(refusal(load::parse_duration("10")) == "10: needs a unit: ns, us, ms, s, m or h, as in 10s");
  CHECK(refusal(load::parse_duration("-1s")) == "-1s: must not be negative");
  CHECK(refusal(load::parse_duration("24.01h")) == "24.01h: too long: at most 24h");
  CHECK(refusal(load::parse_number("4k", 1, 256)) == "4k: must be a whole number from 1 to 256");
  CHECK(refusal(load::parse_number("many", 1, 256)) == "many: must be a whole number from 1 to 256");
}

TEST_CASE("a rate is from one a day to 100 million a second") {
  CHECK(load::parse_rate("2.5k/s") == 2500.0);
  CHECK(load::parse_rate("100M") == 100e6);
  CHECK(load::parse_rate("0.0000116") == 0.0000116);
  const std::string bounds = ": must be above 0, at least one a day (0.0000116), and at most 100M a second";
  for (const char* text : {"0", "0.0000115", "-1", "100.1M", "99999999999999999999999M"}) {
    CAPTURE(text);
    CHECK(refusal(load::parse_rate(text)) == text + bounds);
  }
  CHECK(refusal(load::parse_rate("fast")) ==
        "fast: not a rate: write so many a second, as in 5000, 50k or 1M");
}

TEST_CASE("a rate is written as it is read, with six digits") {
  struct Row {
    double rate;
    const char* text;
  };
  constexpr Row table[] = {{5000, "5000/s"},        {0.5, "0.5/s"},
                           {1e6, "1000000/s"},      {100e6, "100000000/s"},
                           {1234567, "1234570/s"},  {20000.0 / 3, "6666.67/s"},
                           {1015.625, "1015.62/s"}, {0.0000116, "0.0000116/s"}};
  for (const Row& row : table) {
    CAPTURE(row.rate);
    CHECK(load::rate_text(row.rate) == row.text);
    CHECK(load::parse_rate(load::rate_text(row.rate)).has_value());
  }
}
