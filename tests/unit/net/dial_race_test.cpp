// The race of a dial among the addresses of a name: who wins, when the next one starts, what becomes of the losers.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "reactord/dial.hpp"
#include "support/dial_stage.hpp"
#include "support/loopback.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::DialOptions;
using reactord::Duration;
using reactord::Listener;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;
using namespace test::dialling;

namespace {

Task<> accept_into(Listener& listener, Outcome& outcome) {
  auto conn = co_await listener.accept();
  outcome.emplace(std::move(conn));
}

}  // namespace

TEST_CASE("[94] the first address to answer wins") {
  DialStage stage;
  const Listener listener = stage.listen(), other = stage.listen();
  const Silent silent;
  const Refusing refusing, refusing_too;
  const Address good = listener.local_addr();
  struct Row {
    std::vector<Address> addresses;
    Duration takes;
    std::string answer;
  };
  const std::string refused = "dial tcp " + refusing.address.text() + ": connect: connection refused";
  for (const Row& row :
       {Row{{good, other.local_addr()}, 0s, ""}, Row{{silent.address, good}, 250ms, ""},
        Row{{refusing.address, good}, 0s, ""}, Row{{silent.address, refusing.address, good}, 250ms, ""},
        Row{{refusing.address, refusing_too.address}, 0s, refused},
        Row{{}, 0s, "dial tcp: address name: no suitable address found"},
        Row{std::vector<Address>(1000, refusing.address), 0s, refused}}) {
    CAPTURE(row.addresses.size());
    FakeResolver resolver(row.addresses);
    test::run(stage.reactor, turns(stage.reactor, 1));  // what was let go is closed
    const Time start = stage.reactor.now();
    const auto conn = stage.dial("tcp", "name:80", {.resolver = &resolver});
    CHECK(stage.reactor.now() - start == row.takes);
    CHECK((conn ? "" : conn.error().text()) == row.answer);
    if (conn) CHECK(conn->remote_addr() == good);
  }
}

TEST_CASE("[95] attempt_delay is kept, and less than zero means one after the other") {
  struct Row {
    Duration delay;
    std::vector<Duration> begun;
  };
  for (const Row& row : {Row{100ms, {0ms, 100ms, 200ms}}, Row{2s, {0s, 2s, 4s}}, Row{-1ns, {0s, 10s, 20s}}}) {
    DialStage stage;
    const Silent silent;
    Begun begun(stage.reactor);
    FakeResolver resolver(std::vector<Address>(3, silent.address));
    const auto text = stage.failure(
        "tcp", "name:80",
        {.timeout = 30s, .attempt_delay = row.delay, .resolver = &resolver, .before_connect = begun.hook()});
    CHECK(text == "dial tcp " + silent.address.text() + ": i/o timeout");
    CHECK(begun.at == row.begun);
    CHECK(stage.reactor.now() - begun.start == 30s);
  }
}

TEST_CASE("[95] one after the other goes on at once after a refusal") {
  DialStage stage;
  const Listener listener = stage.listen();
  const Refusing refusing;
  const Silent silent;
  Begun begun(stage.reactor);
  FakeResolver resolver({refusing.address, silent.address, listener.local_addr()});
  const auto conn = stage.dial(
      "tcp", "name:80",
      {.timeout = 21s, .attempt_delay = -1s, .resolver = &resolver, .before_connect = begun.hook()});
  CHECK(conn.has_value());
  CHECK(begun.at == std::vector<Duration>{0s, 0s, 10500ms});
}

TEST_CASE("[95] only so many attempts at once") {
  DialStage stage;
  const Silent silent;
  Begun begun(stage.reactor);
  FakeResolver resolver(std::vector<Address>(20, silent.address));
  const auto text = stage.failure(
      "tcp", "name:80",
      {.timeout = 10s, .attempt_delay = 1ms, .resolver = &resolver, .before_connect = begun.hook()});
  CHECK(text.ends_with("i/o timeout"));
  CHECK(begun.at.size() == DialOptions::attempts_at_once);
}

TEST_CASE("[95] families take turns") {
  const auto ip4 = [](std::uint16_t port) { return Address::loopback(false, port); };
  const auto ip6 = [](std::uint16_t port) { return Address::loopback(true, port); };
  using List = std::vector<Address>;
  CHECK(reactord::interleave({}) == List{});
  CHECK(reactord::interleave({ip6(1), ip6(2), ip6(3), ip4(4), ip4(5)}) ==
        List{ip6(1), ip4(4), ip6(2), ip4(5), ip6(3)});
  CHECK(reactord::interleave({ip4(1), ip6(2), ip6(3), ip6(4)}) == List{ip4(1), ip6(2), ip6(3), ip6(4)});
  CHECK(reactord::interleave({ip4(1), ip4(2)}) == List{ip4(1), ip4(2)});
}

TEST_CASE("[96][97] the loser of the race is closed and sends nothing") {
  DialStage stage;
  Listener one = stage.listen(), two = stage.listen();
  FakeResolver resolver({one.local_addr(), two.local_addr()});
  Begun begun(stage.reactor);
  const auto conn = stage.dial("tcp", "name:80",
                               {.attempt_delay = 0s, .resolver = &resolver, .before_connect = begun.hook()});
  REQUIRE(conn.has_value());
  REQUIRE(begun.at.size() == 2);  // both were under way in the same turn
  test::run(stage.reactor, turns(stage.reactor, 2));
  CHECK(stage.reactor.open_descriptors() == 3);
  Listener& lost = conn->remote_addr() == one.local_addr() ? two : one;
  Outcome accepted;
  test::run(stage.reactor, accept_into(lost, accepted));
  REQUIRE((accepted && accepted->has_value()));
  static constexpr auto read = [](Conn& from) -> Task<> {
    char byte = 0;
    auto count = co_await from.read({&byte, 1});
    REQUIRE_FALSE(count.has_value());
    CHECK(count.error().is_eof());
  };
  test::run(stage.reactor, read(**accepted));
}

TEST_CASE("[96][97] a loser still under way leaves no descriptor") {
  DialStage stage;
  const Listener listener = stage.listen();
  const Silent silent;
  const std::size_t before = test::open_descriptors();
  FakeResolver resolver({silent.address, silent.address, listener.local_addr()});
  const auto conn = stage.dial("tcp", "name:80", {.resolver = &resolver});
  REQUIRE(conn.has_value());
  test::run(stage.reactor, turns(stage.reactor, 2));
  CHECK(test::open_descriptors() == before + 1);
  CHECK(stage.reactor.timers().next_time().is_never());
}

TEST_CASE("[98] of several failures the first is told") {
  DialStage stage;
  const Refusing refusing;
  const Silent silent;
  FakeResolver resolver({silent.address, refusing.address});
  CHECK(stage.failure("tcp", "name:80", {.timeout = 1s, .resolver = &resolver}) ==
        "dial tcp " + refusing.address.text() + ": connect: connection refused");
}
