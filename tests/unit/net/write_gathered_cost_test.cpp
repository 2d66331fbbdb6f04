// What a write of very many parts costs: work linear in the parts, and no more than a named share of a turn, whether the
// parts have bytes or not.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reactord/pipe.hpp"
#include "support/cost.hpp"
#include "support/loopback.hpp"

using reactord::Conn;
using reactord::Reactor;
using reactord::Task;
using test::Peer;
using test::Transport;
using namespace std::chrono_literals;

namespace {

// What each turn of the loop sees of a write that goes on.
struct Progress {
  bool done = false;
  std::uint64_t turns = 0;
  std::size_t most_in_a_turn = 0;  // parts that left the front
};

Task<> write_parts(Conn& conn, std::vector<std::string_view>& parts, Progress& progress,
                   std::size_t expected) {
  auto written = co_await conn.write_gathered(parts);
  REQUIRE(written.has_value());
  CHECK(*written == expected);
  progress.done = true;
}

// Parts that have left the front are empty and point nowhere.
std::size_t front_of(const std::vector<std::string_view>& parts, std::size_t from) {
  while (from < parts.size() && parts[from].data() == nullptr) ++from;
  return from;
}

Task<> watch(Reactor& reactor, const std::vector<std::string_view>& parts, Progress& progress) {
  co_await reactor.next_turn();  // the write begins in one turn, and may go on in this one before us
  std::size_t before = front_of(parts, 0);
  while (!progress.done) {
    co_await reactor.next_turn();
    const std::size_t front = front_of(parts, before);
    progress.most_in_a_turn = std::max(progress.most_in_a_turn, front - before);
    before = front;
    ++progress.turns;
  }
}

Task<> read_all(Reactor& reactor, Peer& peer, std::string& received, std::size_t count) {
  while (received.size() < count) {
    received += peer.receive();
    co_await reactor.next_turn();
  }
}

// One byte in every `spacing`-th part.
Progress write_over(Transport transport, std::size_t count, std::size_t spacing) {
  static const std::string text = "abcdefghijklmnopqrstuvwxyz";
  Reactor reactor;
  test::Link link = test::connect(reactor, transport);
  std::vector<std::string_view> parts(count, std::string_view(text).substr(0, 0));
  std::string expected, received;
  for (std::size_t part = 0; part < count; part += spacing) {
    parts[part] = std::string_view(text).substr(part % text.size(), 1);
    expected += parts[part];
  }
  Progress progress;
  reactor.spawn(watch(reactor, parts, progress));
  reactor.spawn(read_all(reactor, link.peer, received, expected.size()));
  test::run(reactor, write_parts(link.conn, parts, progress, expected.size()));
  CHECK(received == expected);
  return progress;
}

}  // namespace

TEST_CASE("write_gathered: 200,000 parts take their share of each turn, and no more") {
  constexpr std::size_t count = 200'000;
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    for (const std::size_t spacing : {std::size_t{1}, std::size_t{2}, std::size_t{100}, count}) {
      CAPTURE(spacing);
      const Progress progress = write_over(transport, count, spacing);
      // A send may be the one that passes the limit; it looks at a thousand parts at most.
      CHECK(progress.most_in_a_turn <= Conn::parts_per_turn + 1024);
      CHECK(progress.turns >= count / (Conn::parts_per_turn + 1024));
    }
  }
}

TEST_CASE("write_gathered: 400,000 parts cost no more for each than 20,000 do") {
  const auto cost = [](std::size_t count) {
    return test::cost_of([count] { write_over(Transport::tcp, count, 1); });
  };
  // Twenty times as many: a walk over all of them for each send would cost four hundred times as much.
  CHECK(cost(400'000) < 100 * cost(20'000));
}

TEST_CASE("write_gathered: parts over a pipe, empty ones among them, arrive whole") {
  for (const auto make : {&reactord::pipe, &reactord::buffered_pipe}) {
    for (const std::size_t spacing : {std::size_t{1}, std::size_t{3}, std::size_t{5000}}) {
      reactord::VirtualClock clock;
      Reactor reactor(clock);
      reactord::ConnPair ends = make(reactor);
      std::vector<std::string_view> parts(200'000);
      std::string expected;
      for (std::size_t part = spacing - 1; part < parts.size(); part += spacing) {
        parts[part] = part % 2 == 0 ? "x" : "yz";
        expected += parts[part];
      }
      static constexpr auto read = [](Conn& from, std::string& into) -> Task<> {
        std::string room(10'000, '\0');
        while (true) {
          auto count = co_await from.read(std::span(room));
          if (!count) break;
          into.append(room, 0, *count);
        }
      };
      static constexpr auto write = [](Conn& to, std::vector<std::string_view>& from,
                                       std::size_t size) -> Task<> {
        auto written = co_await to.write_gathered(from);
        CHECK((written && *written == size));
        CHECK(to.close().has_value());
      };
      std::string received;
      reactor.spawn(read(ends.second, received));
      test::run(reactor, write(ends.first, parts, expected.size()));
      CHECK(received == expected);
    }
  }
}

TEST_CASE("write_gathered: what a failed write leaves in the parts is what was not handed on") {
  reactord::VirtualClock clock;
  Reactor reactor(clock);
  test::Link link = test::connect(reactor, Transport::tcp, {.receive_buffer = 4096});
  const std::string megabyte(1'000'000, 'm');
  std::vector<std::string_view> parts;
  for (int part = 0; part < 50; ++part) {
    parts.push_back(megabyte);
    parts.emplace_back();
  }
  static constexpr auto write = [](Conn& conn, std::vector<std::string_view>& from) -> Task<> {
    CHECK(conn.set_write_deadline(conn.reactor().now() + 1s).has_value());
    auto operation = conn.write_gathered(from);
    auto written = co_await operation;
    CHECK_FALSE(written.has_value());
    std::size_t left = 0;
    for (const std::string_view part : from) left += part.size();
    CHECK(operation.taken_over() + left == 50'000'000);
  };
  test::run(reactor, write(link.conn, parts));
}
