// EndedConnections: the last ones are kept, in order, and what can't be kept is not.
#include "daemon/ended_connections.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/no_memory.hpp"

using reactord::Address;
using reactord::ConnectionEnd;
using reactord::EndCause;
using reactord::EndedConnections;
using reactord::Time;

namespace {

const Address remote{};

ConnectionEnd end_of(std::uint64_t number, std::string_view protocol = "line") {
  return {.number = number,
          .protocol = protocol,
          .remote = remote,
          .cause = EndCause::eof,
          .error = 0,
          .limit = {},
          .lines = 0,
          .bytes_read = 0,
          .bytes_written = 0,
          .duration = {}};
}

}  // namespace

TEST_CASE("ended connections: the newest comes first, and of too many the oldest go") {
  EndedConnections ended;
  CHECK(ended.size() == 0);
  for (std::uint64_t number = 1; number <= EndedConnections::most + 2; ++number) {
    ended.add(end_of(number), Time());
    CHECK(ended.size() == std::min<std::size_t>(number, EndedConnections::most));
    CHECK(ended.newest(0).number == number);
    CHECK(ended.newest(ended.size() - 1).number == number - ended.size() + 1);
  }
}

TEST_CASE("ended connections: one for which there is no memory is not kept, and the others stay") {
  EndedConnections ended;
  ended.add(end_of(1), Time());
  {
    const test::NoMemory none(0, test::NoMemory::all);
    ended.add(end_of(2, "a protocol whose name needs memory of its own"), Time());
  }
  REQUIRE(ended.size() == 1);
  CHECK(ended.newest(0).number == 1);
}
