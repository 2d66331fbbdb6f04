// SlowCalls: the last ones are kept, in order, and what can't be kept is not.
#include "daemon/slow_calls.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/no_memory.hpp"

using reactord::Address;
using reactord::SlowCalls;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

Time at(std::int64_t nanoseconds) { return Time::from_nanoseconds(nanoseconds); }

}  // namespace

TEST_CASE("slow calls: the newest comes first, and of too many the oldest go") {
  SlowCalls calls;
  CHECK(calls.size() == 0);
  for (std::uint64_t number = 1; number <= SlowCalls::most + 2; ++number) {
    calls.add({"line", nullptr, 1ms, number}, at(0));
    CHECK(calls.size() == std::min<std::size_t>(number, SlowCalls::most));
    CHECK(calls.newest(0).connection == number);
  }
  CHECK(calls.newest(1).connection == SlowCalls::most + 1);
  CHECK(calls.newest(SlowCalls::most - 1).connection == 3);
}

TEST_CASE("slow calls: each has its time, its length and its connection") {
  SlowCalls calls;
  const Address peer = *Address::parse("192.0.2.1:7");
  calls.add({"line", &peer, 250ms, 7}, at(5));
  const SlowCalls::Call& call = calls.newest(0);
  CHECK(call.ended == at(5));
  CHECK(call.took == 250ms);
  CHECK(call.protocol == "line");
  CHECK(call.peer == "192.0.2.1:7");
}

TEST_CASE("slow calls: one for which there is no memory is not kept, and the others stay") {
  SlowCalls calls;
  calls.add({"line", nullptr, 1ms, 1}, at(0));
  {
    const test::NoMemory none(0, test::NoMemory::all);
    calls.add({"a protocol whose name needs memory of its own", nullptr, 1ms, 2}, at(0));
  }
  REQUIRE(calls.size() == 1);
  CHECK(calls.newest(0).connection == 1);
}
