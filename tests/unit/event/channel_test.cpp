// Channel: what the suite of waits (waits_test.cpp) does not know of it.
#include "reactord/channel.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/running.hpp"

using reactord::Channel;
using reactord::Context;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
};

Task<> turns(Reactor& reactor, int count = 4) {
  for (int turn = 0; turn < count; ++turn) co_await reactor.next_turn();
}

Task<> send_numbers(Channel<int>& channel, int first, int count) {
  for (int number = first; number < first + count; ++number) {
    auto sent = co_await channel.send(number);
    CHECK(sent.has_value());
  }
}

Task<> receive_numbers(Channel<int>& channel, std::vector<int>& numbers, std::optional<ErrorCode>& end) {
  while (true) {
    auto number = co_await channel.receive();
    if (!number) {
      end = number.error().code();
      co_return;
    }
    numbers.push_back(*number);
  }
}

Task<> all_in_order(Stage& stage, std::size_t capacity) {
  Channel<int> channel(stage.reactor, capacity);
  std::vector<int> numbers;
  std::optional<ErrorCode> end;
  stage.reactor.spawn(receive_numbers(channel, numbers, end));
  co_await send_numbers(channel, 0, 1000);
  CHECK(channel.size() <= capacity);
  channel.close();
  channel.close();
  co_await turns(stage.reactor);
  CHECK(end == ErrorCode::eof);
  REQUIRE(numbers.size() == 1000);
  for (int number = 0; number < 1000; ++number) CHECK(numbers[static_cast<std::size_t>(number)] == number);
}

// Many on both sides: each item once, and nobody goes without.
Task<> shared_fairly(Stage& stage, std::size_t capacity) {
  constexpr int tasks = 4, each = 50;
  Channel<int> channel(stage.reactor, capacity);
  std::vector<int> numbers[tasks];
  std::optional<ErrorCode> ends[tasks];
  for (int task = 0; task < tasks; ++task)
    stage.reactor.spawn(receive_numbers(channel, numbers[task], ends[task]));
  for (int task = 0; task < tasks; ++task) stage.reactor.spawn(send_numbers(channel, task * each, each));
  co_await turns(stage.reactor, 500);
  channel.close();
  co_await turns(stage.reactor);
  std::vector<int> times(tasks * each);
  for (int task = 0; task < tasks; ++task) {
    CHECK(ends[task] == ErrorCode::eof);
    CHECK(numbers[task].size() >= each / 4);
    for (const int number : numbers[task]) ++times[static_cast<std::size_t>(number)];
  }
  for (const int count : times) CHECK(count == 1);
}

Task<> send_text(Channel<std::unique_ptr<std::string>>& channel, std::string text, reactord::WaitLimit limit,
                 std::string& taken_back, std::optional<ErrorCode>& failure) {
  auto sending = channel.send(std::make_unique<std::string>(std::move(text)), limit);
  auto sent = co_await sending;
  if (sent) co_return;
  failure = sent.error().code();
  const auto item = sending.take_back();
  REQUIRE(item != nullptr);
  taken_back = *item;
}

// A send that is cancelled, late or cut short by a close keeps its item; what lies in the channel is received.
Task<> failed_sends_keep_items(Stage& stage) {
  Channel<std::unique_ptr<std::string>> channel(stage.reactor, 1);
  Context context(stage.reactor);
  std::string back[4];
  std::optional<ErrorCode> failures[4];
  const reactord::Time soon = stage.reactor.now() + 1s;
  stage.reactor.spawn(send_text(channel, "stays", {}, back[0], failures[0]));
  stage.reactor.spawn(send_text(channel, "cancelled", context, back[1], failures[1]));
  stage.reactor.spawn(send_text(channel, "late", soon, back[2], failures[2]));
  stage.reactor.spawn(send_text(channel, "closed", {}, back[3], failures[3]));
  co_await turns(stage.reactor);
  context.cancel();
  stage.clock.advance(2s);
  co_await turns(stage.reactor);
  channel.close();
  co_await turns(stage.reactor);
  CHECK_FALSE(failures[0].has_value());
  CHECK(failures[1] == ErrorCode::cancelled);
  CHECK(back[1] == "cancelled");
  CHECK(failures[2] == ErrorCode::deadline_exceeded);
  CHECK(back[2] == "late");
  CHECK(failures[3] == ErrorCode::closed);
  CHECK(back[3] == "closed");
  auto left = co_await channel.receive();
  REQUIRE(left.has_value());
  CHECK(**left == "stays");
  auto nothing = co_await channel.receive();
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().is_eof());
}

Task<> send_on_closed(Stage& stage) {
  Channel<int> channel(stage.reactor, 1);
  channel.close();
  Context done(stage.reactor);
  done.cancel();
  auto sent = co_await channel.send(1);
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error() == ErrorCode::closed);
  CHECK(sent.error().text() == "send: the channel has been closed");
  auto cancelled = co_await channel.send(1, done);
  CHECK((!cancelled && cancelled.error() == ErrorCode::closed));  // closed beats cancelled, as on a Conn
  const auto tried = channel.try_send(1);
  CHECK((!tried && tried.error() == ErrorCode::closed));
  const auto received = channel.try_receive();
  CHECK((!received && received.error().is_eof()));
}

// The item was handed over; that the Context of the receive is done before it is resumed loses nothing.
Task<> handed_over_and_cancelled(Stage& stage) {
  Channel<int> channel(stage.reactor);
  Context context(stage.reactor);
  std::optional<Result<int>> received;
  stage.reactor.spawn([&]() -> Task<> {
    auto item = co_await channel.receive(context);
    received.emplace(std::move(item));
  });
  co_await turns(stage.reactor);
  auto sent = channel.try_send(7);
  CHECK((sent && *sent));
  context.cancel();
  channel.close();
  co_await turns(stage.reactor);
  REQUIRE(received.has_value());
  REQUIRE(received->has_value());
  CHECK(**received == 7);
}

Task<> cancelled_and_sent(Stage& stage) {
  Channel<int> channel(stage.reactor, 1);
  Context context(stage.reactor);
  std::optional<Result<int>> received;
  stage.reactor.spawn([&]() -> Task<> {
    auto item = co_await channel.receive(context);
    received.emplace(std::move(item));
  });
  co_await turns(stage.reactor);
  context.cancel();
  auto sent = co_await channel.send(7);
  CHECK(sent.has_value());
  co_await turns(stage.reactor);
  REQUIRE(received.has_value());
  CHECK_FALSE(received->has_value());
  const auto left = channel.try_receive();
  CHECK((left && *left == 7));
}

Task<> rendezvous(Stage& stage) {
  Channel<int> channel(stage.reactor);
  bool sent = false;
  CHECK_FALSE(*channel.try_send(1));  // nobody waits for it
  stage.reactor.spawn([&]() -> Task<> {
    auto result = co_await channel.send(2);
    sent = result.has_value();
  });
  co_await turns(stage.reactor);
  CHECK_FALSE(sent);
  CHECK(channel.size() == 0);
  auto item = co_await channel.receive();
  CHECK((item && *item == 2));
  co_await turns(stage.reactor);
  CHECK(sent);
}

Task<> try_both(Stage& stage) {
  Channel<std::unique_ptr<int>> channel(stage.reactor, 2);
  for (const int number : {1, 2}) CHECK(*channel.try_send(std::make_unique<int>(number)));
  auto third = std::make_unique<int>(3);
  CHECK_FALSE(*channel.try_send(std::move(third)));
  REQUIRE(third != nullptr);  // it did not fit, and is still ours
  CHECK(channel.size() == 2);
  auto first = channel.try_receive();
  REQUIRE((first && *first));
  CHECK(***first == 1);
  CHECK(*channel.try_send(std::move(third)));
  for (const int number : {2, 3}) {
    auto item = co_await channel.receive();
    REQUIRE(item.has_value());
    CHECK(**item == number);
  }
  const auto empty = channel.try_receive();
  CHECK((empty && !*empty));
}

// What lies in a channel that goes is destroyed with it.
Task<> items_go_with_it(Stage& stage) {
  auto owned = std::make_shared<int>(1);
  {
    Channel<std::shared_ptr<int>> channel(stage.reactor, 3);
    for (int item = 0; item < 3; ++item) CHECK(*channel.try_send(std::shared_ptr<int>(owned)));
    CHECK(owned.use_count() == 4);
    auto item = co_await channel.receive();
    REQUIRE(item.has_value());
    item->reset();
    CHECK(owned.use_count() == 3);
  }
  CHECK(owned.use_count() == 1);
}

template <typename... Arguments>
void run(Task<> (*body)(Stage& stage, Arguments...), Arguments... arguments) {
  Stage stage;
  test::run(stage.reactor, body(stage, arguments...));
}

}  // namespace

TEST_CASE("channel: every item arrives, in order, whatever its capacity") {
  for (const std::size_t capacity : {0U, 1U, 3U, 2000U}) run(all_in_order, capacity);
}

TEST_CASE("channel: many senders and receivers get each item once, and nobody goes without") {
  for (const std::size_t capacity : {0U, 1U}) run(shared_fairly, capacity);
}

TEST_CASE("channel: a send that fails keeps its item") { run(failed_sends_keep_items); }
TEST_CASE("channel: a send on a closed one is an error") { run(send_on_closed); }
TEST_CASE("channel: an item that was handed over is received, whatever ends in the same turn") {
  run(handed_over_and_cancelled);
}
TEST_CASE("channel: an item is not given to who was cancelled before") { run(cancelled_and_sent); }
TEST_CASE("channel: without capacity a send ends when its item is taken") { run(rendezvous); }
TEST_CASE("channel: trying to send and to receive never waits, and loses nothing") { run(try_both); }
TEST_CASE("channel: what is left in one that goes goes too") { run(items_go_with_it); }

TEST_CASE("channel: a shutdown ends a producer and a consumer that go on until a wait fails") {
  for (const std::size_t capacity : {0U, 4U}) {
    Stage stage;
    Channel<int> channel(stage.reactor, capacity);
    stage.reactor.spawn([&channel]() -> Task<> {
      while (true) {
        auto sent = co_await channel.send(1);
        if (!sent) co_return;
      }
    });
    std::vector<int> numbers;
    std::optional<ErrorCode> end;
    stage.reactor.spawn(receive_numbers(channel, numbers, end));
    stage.reactor.spawn([&stage]() -> Task<> {
      co_await turns(stage.reactor, 20);
      stage.reactor.shutdown();
    });
    REQUIRE(stage.reactor.run().has_value());
    CHECK(stage.reactor.live_tasks() == 0);
    CHECK(end == ErrorCode::cancelled);
    CHECK(numbers.size() > 5);
  }
}
