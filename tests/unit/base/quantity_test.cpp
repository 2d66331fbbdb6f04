// Quantities: what is written with a unit, read and written again, whoever asks for it.
#include "base/quantity.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace reactord;

namespace {

constexpr Duration longest = std::chrono::hours(87600);
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("a duration is a number, perhaps with a fraction, and a unit") {
  struct Row {
    const char* text;
    Duration duration;
  };
  constexpr Row table[] = {{"0", 0ns},
                           {"0.0", 0ns},
                           {"0s", 0ns},
                           {"7ns", 7ns},
                           {"500us", 500us},
                           {"10ms", 10ms},
                           {"1.5s", 1500ms},
                           {"0.1s", 100ms},
                           {"0.25ms", 250us},
                           {"007s", 7s},
                           {"2m", 2min},
                           {"1.5m", 90s},
                           {"1h", 1h},
                           {"0.000000000001h", 4ns},
                           {"0.4ns", 0ns},
                           {"1.0000000004s", 1s},
                           {"87600h", longest},
                           {"87599.5h", longest - 30min},
                           {"315360000000000000ns", longest}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    CHECK(read_duration(row.text, longest) == row.duration);
  }
}

TEST_CASE("what is wrong with a duration is told apart") {
  using enum QuantityFault;
  struct Row {
    const char* text;
    QuantityFault fault;
  };
  constexpr Row table[] = {{"", no_number},
                           {"s", no_number},
                           {" 30s", no_number},
                           {"+30s", no_number},
                           {".5s", no_number},
                           {"-", no_number},
                           {"--1s", no_number},
                           {"nan", no_number},
                           {"30", wrong_unit},
                           {"0.5", wrong_unit},
                           {"30 s", wrong_unit},
                           {"30sec", wrong_unit},
                           {"30S", wrong_unit},
                           {"1.s", wrong_unit},
                           {"1.5.5s", wrong_unit},
                           {"1,5s", wrong_unit},
                           {"1e3s", wrong_unit},
                           {"0x1s", wrong_unit},
                           {"-0x1s", wrong_unit},
                           {"-1", wrong_unit},
                           {"-1s", negative},
                           {"-0.5h", negative},
                           {"-99999999999999999999h", negative},
                           {"87601h", too_large},
                           {"87600.0001h", too_large},
                           {"315360000000000000.9ns", too_large},
                           {"99999999999999999999s", too_large},
                           {"18446744073709551615h", too_large}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto read = read_duration(row.text, longest);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error() == row.fault);
  }
}

TEST_CASE("the longest duration of all can be read, and no longer one") {
  CHECK(read_duration("9223372036854775807ns", Duration::max()) == Duration::max());
  CHECK(read_duration("9223372036854775808ns", Duration::max()) == std::unexpected(QuantityFault::too_large));
  CHECK(read_duration("2562048h", Duration::max()) == std::unexpected(QuantityFault::too_large));
}

TEST_CASE("a size is whole bytes, or whole units of 1024") {
  CHECK(read_size("0", largest) == 0);
  CHECK(read_size("4096B", largest) == 4096);
  CHECK(read_size("64KiB", largest) == 65536);
  CHECK(read_size("3MiB", largest) == 3 * 1024 * 1024);
  CHECK(read_size("18446744073709551615", largest) == largest);
  CHECK(read_size("17179869183GiB", largest) == 17179869183ULL << 30);
  CHECK(read_size("17179869184GiB", largest) == std::unexpected(QuantityFault::too_large));
  CHECK(read_size("18446744073709551616", largest) == std::unexpected(QuantityFault::too_large));
  CHECK(read_size("1025", 1024) == std::unexpected(QuantityFault::too_large));
  for (const char* wrong : {"1.5MiB", "1.0", "64 KiB", "1 ", "0x10", "1KiBs", "64kB", "1TiB"}) {
    CAPTURE(wrong);
    CHECK(read_size(wrong, largest) == std::unexpected(QuantityFault::wrong_unit));
  }
  CHECK(read_size("KiB", largest) == std::unexpected(QuantityFault::no_number));
  CHECK(read_size("-1KiB", largest) == std::unexpected(QuantityFault::negative));
}

TEST_CASE("a count is whole, and may be in thousands or millions") {
  CHECK(read_count("0", largest) == 0);
  CHECK(read_count("1000", largest) == 1000);
  CHECK(read_count("20k", largest) == 20'000);
  CHECK(read_count("1M", largest) == 1'000'000);
  CHECK(read_count("18446744073709551615", largest) == largest);
  CHECK(read_count("18446744073709552k", largest) == std::unexpected(QuantityFault::too_large));
  CHECK(read_count("2k", 1999) == std::unexpected(QuantityFault::too_large));
  for (const char* wrong : {"1.5k", "1.0", "1K", "1m", "1kM", "1 k", "1k ", "64b", "1e3"}) {
    CAPTURE(wrong);
    CHECK(read_count(wrong, largest) == std::unexpected(QuantityFault::wrong_unit));
  }
  CHECK(read_count("k", largest) == std::unexpected(QuantityFault::no_number));
  CHECK(read_count("-1", largest) == std::unexpected(QuantityFault::negative));
}

TEST_CASE("a rate is so many a second, perhaps with a fraction") {
  CHECK(read_rate("5000") == 5000.0);
  CHECK(read_rate("5000/s") == 5000.0);
  CHECK(read_rate("2.5k/s") == 2500.0);
  CHECK(read_rate("1M") == 1e6);
  CHECK(read_rate("0.5") == 0.5);
  CHECK(read_rate("0") == 0.0);
  for (const char* wrong : {"5000 ", "5000/m", "1e3", "1kk", "1/sk", "1.", "0x1"}) {
    CAPTURE(wrong);
    CHECK(read_rate(wrong) == std::unexpected(QuantityFault::wrong_unit));
  }
  for (const char* wrong : {"", "k", "/s", "fast", "inf"}) {
    CAPTURE(wrong);
    CHECK(read_rate(wrong) == std::unexpected(QuantityFault::no_number));
  }
  CHECK(read_rate("-1") == std::unexpected(QuantityFault::negative));
  CHECK(read_rate(std::string(400, '9')) == std::unexpected(QuantityFault::too_large));
}

TEST_CASE("a duration is written as it is read") {
  struct Row {
    Duration duration;
    const char* text;
  };
  constexpr Row table[] = {{0ns, "0s"},
                           {7ns, "7ns"},
                           {20us, "20us"},
                           {1500ns, "1.5us"},
                           {1ms, "1ms"},
                           {100ms, "100ms"},
                           {10s, "10s"},
                           {1500ms, "1.5s"},
                           {60s, "1m"},
                           {90s, "90s"},
                           {2min, "2m"},
                           {10min, "10m"},
                           {90min, "90m"},
                           {1h, "1h"},
                           {25h, "25h"},
                           {61500ms, "61.5s"},
                           {3601s, "3601s"},
                           {1001us, "1.001ms"},
                           {1s + 1ns, "1.000000001s"},
                           {longest, "87600h"},
                           {Duration::max(), "9223372036.854775807s"}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    CHECK(duration_text(row.duration) == row.text);
    CHECK(read_duration(row.text, Duration::max()) == row.duration);
  }
  CHECK(duration_text(-1500ms) == "-1.5s");
  CHECK(duration_text(Duration::min()) == "-9223372036.854775808s");
}

TEST_CASE("a size is written with its largest whole unit") {
  CHECK(size_text(0) == "0");
  CHECK(size_text(1000) == "1000");
  CHECK(size_text(1024) == "1KiB");
  CHECK(size_text(1536) == "1536");
  CHECK(size_text(3 * 1024 * 1024) == "3MiB");
  CHECK(size_text(std::size_t{1024} * 1024 * 1024 * 1024) == "1024GiB");
}
