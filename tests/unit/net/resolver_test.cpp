// Resolver::system(): names to addresses, beside the loop; and that giving up leaves nothing behind.
#include "reactord/resolver.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "reactord/dial.hpp"
#include "support/loopback.hpp"

using reactord::Address;
using reactord::Context;
using reactord::ErrorCode;
using reactord::Network;
using reactord::Reactor;
using reactord::Resolver;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

using Found = std::optional<Result<std::vector<Address>>>;

Task<> resolve_into(Context& context, Network network, std::string host, Found& found) {
  auto result = co_await Resolver::system().resolve(context, network, std::move(host), 80);
  found.emplace(std::move(result));
}

struct ResolverStage {
  test::DescriptorCheck descriptors;
  Reactor reactor;
  Context context{reactor};

  Found resolve(Network network, const std::string& host) {
    Found found;
    test::run(reactor, resolve_into(context, network, host, found));
    REQUIRE(found.has_value());
    return found;
  }
};

// Waits at its end until the C library's threads, which end after a second without work, are gone: the descriptors of
// lookups that nobody waits for would disturb the counts of other tests.
struct NoThreadLeft {
  NoThreadLeft() = default;
  NoThreadLeft(const NoThreadLeft&) = delete;
  ~NoThreadLeft() {
    while (count() > 1) std::this_thread::sleep_for(5ms);
  }
  static std::size_t count() {
    const std::filesystem::directory_iterator entries("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
};

}  // namespace

TEST_CASE("the system resolver knows localhost, and the loop turns meanwhile") {
  ResolverStage stage;
  Found found;
  int turns = 0;
  stage.reactor.spawn(resolve_into(stage.context, Network::tcp, "localhost", found));
  test::run(
      stage.reactor,
      [](Reactor& on, const Found& until, int& count) -> Task<> {
        while (!until) {
          ++count;
          co_await on.next_turn();
        }
      },
      found, turns);
  REQUIRE((found && found->has_value()));
  CHECK(turns > 1);
  const std::vector<Address>& addresses = **found;
  REQUIRE_FALSE(addresses.empty());
  for (std::size_t index = 0; index < addresses.size(); ++index) {
    CHECK(addresses[index].is_loopback());
    CHECK(addresses[index].port() == 80);
    for (std::size_t other = 0; other < index; ++other) CHECK_FALSE(addresses[index] == addresses[other]);
  }
}

TEST_CASE("the system resolver keeps to the family") {
  ResolverStage stage;
  const Found found = stage.resolve(Network::tcp4, "localhost");
  REQUIRE(found->has_value());
  for (const Address& address : **found) CHECK(address.kind() == Address::Kind::ip4);
}

TEST_CASE("what can be no name is not looked up by the resolver") {
  ResolverStage stage;
  for (const std::string& host : {std::string("1.2"), std::string("16909060"), std::string("1.2.3.4.5"),
                                  std::string(), std::string("localhost\0", 10), std::string("...")}) {
    const Found found = stage.resolve(Network::tcp, host);
    REQUIRE_FALSE(found->has_value());
    CHECK(found->error() == ErrorCode::lookup_failed);
    CHECK(found->error().text() == "lookup " + host + ": no such host");
  }
}

TEST_CASE("a name that the resolver cannot find is said so") {
  ResolverStage stage;
  const Found found = stage.resolve(Network::tcp, "nosuch.invalid");
  REQUIRE_FALSE(found->has_value());
  CHECK(found->error() == ErrorCode::lookup_failed);
  CHECK(found->error().text().starts_with("lookup nosuch.invalid: "));
}

TEST_CASE("the resolver looks nothing up for a context that is done") {
  ResolverStage stage;
  Context late(stage.context, Time::past());
  Found found;
  test::run(stage.reactor, resolve_into(late, Network::tcp, "localhost", found));
  REQUIRE((found && !found->has_value()));
  CHECK(found->error() == ErrorCode::deadline_exceeded);
  CHECK(found->error().text() == "lookup localhost: i/o timeout");
}

TEST_CASE("a lookup that nobody waits for any more ends by itself in the resolver") {
  const test::DescriptorCheck descriptors;
  const NoThreadLeft threads;
  static constexpr auto cancel = [](Context& context, int after) -> Task<> {
    for (; after > 0; --after) co_await context.reactor().next_turn();
    context.cancel();
  };
  for (int round = 0; round < 50; ++round) {
    Reactor reactor;
    Context context(reactor);
    Found found;
    reactor.spawn(resolve_into(context, Network::tcp, "localhost", found));
    test::run(reactor, cancel(context, round));
    REQUIRE(found.has_value());
    if (!*found) CHECK(found->error().text() == "lookup localhost: operation was canceled");
  }
}

TEST_CASE("shutdown of the reactor during a lookup leaves the resolver in peace") {
  const test::DescriptorCheck descriptors;
  const NoThreadLeft threads;
  static constexpr auto stop = [](Reactor& on, int after) -> Task<> {
    for (; after > 0; --after) co_await on.next_turn();
    on.stop();
  };
  for (int round = 0; round < 50; ++round) {
    Found found;
    Reactor reactor;
    Context context(reactor);
    reactor.spawn(resolve_into(context, Network::tcp, "localhost", found));
    reactor.spawn(stop(reactor, round));
    REQUIRE(reactor.run().has_value());
    reactor.shutdown();
    REQUIRE(found.has_value());
    if (!*found) CHECK(found->error().is_cancelled());
    CHECK(reactor.live_tasks() == 0);
  }
}

TEST_CASE("dial resolves localhost with the system resolver") {
  ResolverStage stage;
  auto listener = reactord::listen(stage.reactor, "tcp", ":0");
  REQUIRE(listener.has_value());
  test::run(
      stage.reactor,
      [](Reactor& on, std::uint16_t port) -> Task<> {
        auto conn = co_await reactord::dial(on, "tcp", "localhost:" + std::to_string(port));
        REQUIRE(conn.has_value());
        CHECK(conn->remote_addr().is_loopback());
        conn->abort();
      },
      listener->local_addr().port());
}

TEST_CASE("dial tells what the system resolver said") {
  ResolverStage stage;
  test::run(stage.reactor, [](Reactor& on) -> Task<> {
    auto conn = co_await reactord::dial(on, "tcp", "nosuch.invalid:80");
    REQUIRE_FALSE(conn.has_value());
    CHECK(conn.error().text().starts_with("dial tcp: lookup nosuch.invalid: "));
  });
}
