// SortedConnections: the greatest of many, in pieces.
#include "daemon/sorted_connections.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace reactord;

namespace {

OpenConnection numbered(std::uint64_t number, const Address& remote) {
  return {.number = number,
          .protocol = "a protocol with a long name",
          .remote = remote,
          .state = ConnectionState::sending,
          .age = 1s,
          .silent = 2s,
          .lines = 3,
          .bytes_read = 4,
          .bytes_written = 5,
          .buffered = 6,
          .unsent = 7};
}

std::vector<std::uint64_t> numbers_of(const SortedConnections& sorted) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t at = 0; at < sorted.size(); ++at) numbers.push_back(sorted.at(at).number);
  return numbers;
}

}  // namespace

TEST_CASE("the greatest come first, and of equal ones the first accepted") {
  std::mt19937 random(7);
  struct Value {
    std::uint64_t value, number;
  };
  std::vector<Value> values;
  for (std::uint64_t number = 1; number <= 1000; ++number) values.push_back({random() % 50, number});
  for (const std::size_t most : {0UL, 1UL, 2UL, 10UL, 999UL, 1000UL, 5000UL}) {
    SortedConnections sorted(most, values.size());
    for (const Value& one : values) sorted.add(one.value, numbered(one.number, Address::loopback(false, 1)));
    CHECK(sorted.seen() == 1000);
    while (sorted.sort(7)) continue;
    std::vector<Value> expected = values;
    std::ranges::sort(expected, [](const Value& left, const Value& right) {
      return left.value != right.value ? left.value > right.value : left.number < right.number;
    });
    expected.resize(std::min(most, expected.size()));
    std::vector<std::uint64_t> numbers;
    for (const Value& one : expected) numbers.push_back(one.number);
    CHECK(numbers_of(sorted) == numbers);
  }
}

TEST_CASE("so many steps are taken at once as are asked for") {
  SortedConnections sorted(100, 100);
  for (std::uint64_t number = 1; number <= 100; ++number) sorted.add(number, numbered(number, Address()));
  int calls = 1;
  while (sorted.sort(10)) ++calls;
  CHECK(calls == 10);
}

TEST_CASE("a connection is kept as it was, with its name and its address") {
  SortedConnections sorted(1, 2);
  {
    const auto path = Address::parse("unix:/run/a/path/of/some/length.sock");
    REQUIRE(path.has_value());
    sorted.add(1, numbered(8, Address()));
    sorted.add(2, numbered(9, *path));
  }
  CHECK_FALSE(sorted.sort(1));
  const OpenConnection one = sorted.at(0);
  CHECK(one.number == 9);
  CHECK(one.protocol == "a protocol with a long name");
  CHECK(one.remote.text() == "/run/a/path/of/some/length.sock");
  CHECK(one.state == ConnectionState::sending);
  CHECK((one.age == 1s && one.silent == 2s));
  CHECK((one.lines == 3 && one.bytes_read == 4 && one.bytes_written == 5 && one.buffered == 6 &&
         one.unsent == 7));
}
