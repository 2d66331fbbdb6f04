// copy() and relay(): what arrives, how it ends, and what waits meanwhile.
#include "reactord/relay.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/scene.hpp"
#include "conformance/socket_kinds.hpp"
#include "reactord/pipe.hpp"
#include "support/no_memory.hpp"

using reactord::Conn;
using reactord::ConnPair;
using reactord::Context;
using reactord::CopyResult;
using reactord::Duration;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::RelayOptions;
using reactord::RelayResult;
using reactord::Task;
using reactord::Time;
using test::conformance::flood;
using test::conformance::Outcome;
using test::conformance::random_bytes;
using test::conformance::read_exactly;
using test::conformance::read_once;
using test::conformance::read_until_failure;
using test::conformance::Received;
using test::conformance::SocketPair;
using test::conformance::Tcp4;
using test::conformance::turns;
using test::conformance::write_from;
using namespace std::chrono_literals;

namespace {

using Make = ConnPair (*)(Reactor& reactor);

// left and right are what the two peers have; the relay is between.
struct Stage {
  explicit Stage(Make make) : outer(make(reactor)), inner(make(reactor)) {}
  ~Stage() { abort_all(); }

  static Task<> relaying(Stage& on, RelayOptions options) {
    auto relayed = co_await relay(on.outer.second, on.inner.first, options);
    on.ended_at = on.reactor.now();
    on.result = std::move(relayed);
  }
  void begin(RelayOptions options = {}) { reactor.spawn(relaying(*this, options)); }
  void abort_all() noexcept {
    for (Conn* conn : {&outer.first, &outer.second, &inner.first, &inner.second}) conn->abort();
  }
  // Until the body has ended; a relay that goes on ends then.
  void run(Task<> body) { test::run(reactor, to_its_end(std::move(body))); }
  Task<> to_its_end(Task<> body) {
    co_await std::move(body);
    abort_all();
  }

  test::DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  Reactor reactor{clock};
  ConnPair outer, inner;
  Conn& left = outer.first;
  Conn& right = inner.second;
  std::optional<RelayResult> result;
  Time ended_at;
  std::deque<Outcome> outcomes;  // of what a body leaves under way
};

template <typename Body>
void over_each_kind(Body body) {
  for (const Make make :
       {Make{&reactord::pipe}, Make{&reactord::buffered_pipe}, Make{&SocketPair::make}, Make{&Tcp4::make}}) {
    Stage on(make);
    CAPTURE(std::string(reactord::to_string(on.left.network())));
    on.run(body(on));
  }
}

Task<> until_ended(Stage& on) {
  while (!on.result) co_await on.reactor.next_turn();
}

Task<> pass_time(Reactor& reactor, Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

Task<> send_and_finish(Conn& conn, std::string_view bytes) {
  auto sent = co_await conn.write(bytes);
  CHECK(sent.has_value());
  CHECK(conn.close_write().has_value());
}

Task<> exchange(Stage& on, std::string_view word) {
  Outcome& written = on.outcomes.emplace_back();
  on.reactor.spawn(write_from(on.left, word, written));
  auto there = co_await read_exactly(on.right, word.size());
  CHECK((there == word));
  on.reactor.spawn(write_from(on.right, word, written));
  auto back = co_await read_exactly(on.left, word.size());
  CHECK((back == word));
}

Task<> copy_into(Conn& from, Conn& to, std::optional<CopyResult>& result) {
  auto copied = co_await copy(from, to);
  result = std::move(copied);
}

}  // namespace

TEST_CASE("copy brings all bytes to the other connection, counts them, and ends neither") {
  over_each_kind([](Stage& on) -> Task<> {
    static const std::string bytes = random_bytes(1'000'003);
    std::optional<CopyResult> copied;
    on.reactor.spawn(copy_into(on.outer.second, on.inner.first, copied));
    on.reactor.spawn(send_and_finish(on.left, bytes));
    auto received = co_await read_exactly(on.right, bytes.size());
    CHECK((received == bytes));
    while (!copied) co_await on.reactor.next_turn();
    CHECK(copied->ended.has_value());
    CHECK(copied->bytes == bytes.size());
    Outcome& written = on.outcomes.emplace_back();
    on.reactor.spawn(write_from(on.inner.first, "still open", written));
    auto more = co_await read_exactly(on.right, 10);
    CHECK(more == "still open");
    on.reactor.spawn(write_from(on.outer.second, "this too", written));
    auto back = co_await read_exactly(on.left, 8);
    CHECK(back == "this too");
  });
}

TEST_CASE("copy tells which operation has failed, and how much had been copied") {
  over_each_kind([](Stage& on) -> Task<> {
    std::optional<CopyResult> copied;
    on.reactor.spawn(copy_into(on.outer.second, on.inner.first, copied));
    Outcome& written = on.outcomes.emplace_back();
    on.reactor.spawn(write_from(on.left, "12345", written));
    auto received = co_await read_exactly(on.right, 5);
    CHECK(received == "12345");
    CHECK(on.outer.second.set_read_deadline(on.reactor.now() + 1s).has_value());
    co_await pass_time(on.reactor, 2s);
    REQUIRE(copied.has_value());
    REQUIRE_FALSE(copied->ended.has_value());
    CHECK(copied->ended.error().timeout());
    CHECK(copied->ended.error().operation() == "read");
    CHECK(copied->bytes == 5);
    copied.reset();
    CHECK(on.outer.second.set_read_deadline(Time::never()).has_value());
    CHECK(on.inner.first.set_write_deadline(Time::past()).has_value());
    on.reactor.spawn(copy_into(on.outer.second, on.inner.first, copied));
    on.reactor.spawn(write_from(on.left, "6", written));
    while (!copied) co_await on.reactor.next_turn();
    REQUIRE_FALSE(copied->ended.has_value());
    CHECK(copied->ended.error().timeout());
    CHECK(copied->ended.error().operation() == "write");
    CHECK(copied->bytes == 0);
  });
}

TEST_CASE("relay passes bytes both ways, a half-close each way, and then has ended") {
  over_each_kind([](Stage& on) -> Task<> {
    static const std::string question = random_bytes(300'000), answer = random_bytes(500'001);
    on.begin({.idle_timeout = 1min});
    co_await exchange(on, "hello");
    on.reactor.spawn(send_and_finish(on.left, question));
    Received asked, answered;
    Task<> reading = read_until_failure(on.right, asked);
    co_await std::move(reading);
    CHECK((asked.bytes == question));
    CHECK(asked.outcome.is_eof());  // and the other direction goes on
    CHECK_FALSE(on.result.has_value());
    on.reactor.spawn(send_and_finish(on.right, answer));
    Task<> hearing = read_until_failure(on.left, answered);
    co_await std::move(hearing);
    CHECK((answered.bytes == answer));
    CHECK(answered.outcome.is_eof());
    co_await until_ended(on);
    CHECK(on.result->ended.has_value());
    CHECK(on.result->first_to_second == question.size() + 5);
    CHECK(on.result->second_to_first == answer.size() + 5);
  });
}

TEST_CASE("relay ends by its idle timeout, counted from the last byte either way, and leaves both open") {
  over_each_kind([](Stage& on) -> Task<> {
    on.begin({.idle_timeout = 10s});
    Outcome& written = on.outcomes.emplace_back();
    for (int round = 0; round < 5; ++round) {
      co_await pass_time(on.reactor, 7s);
      Conn& from = round % 2 == 0 ? on.left : on.right;
      Conn& to = round % 2 == 0 ? on.right : on.left;
      on.reactor.spawn(write_from(from, "x", written));
      auto heard = co_await read_exactly(to, 1);
      CHECK(heard == "x");
    }
    CHECK_FALSE(on.result.has_value());
    const Time last = on.reactor.now();
    co_await pass_time(on.reactor, 20s);
    REQUIRE(on.result.has_value());
    REQUIRE_FALSE(on.result->ended.has_value());
    CHECK(on.result->ended.error().timeout());
    CHECK(on.result->ended.error().operation() == "relay");
    CHECK(on.ended_at - last >= 10s);
    CHECK(on.ended_at - last <= 10s + 2ms);
    on.reactor.spawn(write_from(on.outer.second, "open", written));
    auto heard = co_await read_exactly(on.left, 4);
    CHECK(heard == "open");
  });
}

TEST_CASE("relay ends by its Context, and by one that is done before it begins") {
  over_each_kind([](Stage& on) -> Task<> {
    Context context(on.reactor);
    on.begin({.context = &context});
    co_await exchange(on, "hello");
    context.cancel();
    CHECK_FALSE(on.result.has_value());
    co_await until_ended(on);
    REQUIRE_FALSE(on.result->ended.has_value());
    CHECK(on.result->ended.error().is_cancelled());
    CHECK(on.result->first_to_second == 5);
    on.result.reset();
    on.begin({.context = &context});
    co_await until_ended(on);
    CHECK_FALSE(on.result->ended.has_value());
    on.result.reset();
    Context timed(on.reactor);
    Context deadline(timed, on.reactor.now() + 1s);
    on.begin({.context = &deadline});
    co_await pass_time(on.reactor, 2s);
    REQUIRE(on.result.has_value());
    REQUIRE_FALSE(on.result->ended.has_value());
    CHECK(on.result->ended.error().timeout());
    on.begin();  // nothing of it is left: the connections are as usable as before
    co_await exchange(on, "again");
  });
}

TEST_CASE("relay holds no more than the watermark for a peer that does not read, and none while idle") {
  for (const Make make : {Make{&reactord::buffered_pipe}, Make{&SocketPair::make}}) {
    Stage on(make);
    static constexpr auto body = [](Stage& stage) -> Task<> {
      stage.begin();
      Outcome& written = stage.outcomes.emplace_back();
      stage.reactor.spawn(write_from(stage.left, flood(), written));
      std::size_t most = 0;
      for (int turn = 0; turn < 2000; ++turn) {
        co_await stage.reactor.next_turn();
        most = std::max(most, stage.inner.first.unsent());
      }
      CHECK_FALSE(written.is_done());
      CHECK(most > 0);
      CHECK(most <= Conn::high_watermark);
      // Ours, and what the writer on the left has taken over.
      CHECK(stage.reactor.buffers().bytes_in_use() <= 2 * Conn::high_watermark);
      const std::uint64_t before = stage.reactor.turns();
      co_await pass_time(stage.reactor, 1min);
      CHECK(stage.reactor.turns() - before < 20);  // it waits, and does not spin
      auto all = co_await read_exactly(stage.right, flood().size());
      CHECK((all == flood()));
      co_await pass_time(stage.reactor, 1s);
      CHECK(stage.reactor.buffers().bytes_in_use() == 0);
    };
    on.run(body(on));
  }
}

TEST_CASE("relay passes a reset on as a reset, whichever side breaks") {
  for (const bool is_left : {true, false}) {
    CAPTURE(is_left);
    Stage on(&Tcp4::make);
    static constexpr auto body = [](Stage& stage, bool left) -> Task<> {
      stage.begin();
      co_await exchange(stage, "hello");
      Outcome& read = stage.outcomes.emplace_back();
      stage.reactor.spawn(read_once(left ? stage.right : stage.left, read));
      co_await turns(stage.reactor, 2);
      (left ? stage.left : stage.right).reset();
      while (!read.is_done()) co_await stage.reactor.next_turn();
      REQUIRE(read.has_failed());
      CHECK_FALSE(read.is_eof());
      CHECK(read.result->error().is_reset());
      co_await until_ended(stage);
      REQUIRE_FALSE(stage.result->ended.has_value());
      CHECK(stage.result->ended.error().is_reset());
      CHECK(stage.result->first_to_second == 5);
      CHECK(stage.result->second_to_first == 5);
    };
    on.run(body(on, is_left));
  }
}

TEST_CASE("relay passes on that a peer takes no more, although it had ended its own direction") {
  over_each_kind([](Stage& on) -> Task<> {
    on.begin();
    CHECK(on.right.close_write().has_value());
    Outcome& end = on.outcomes.emplace_back();
    Outcome& written = on.outcomes.emplace_back();
    Task<> reading = read_once(on.left, end);
    co_await std::move(reading);
    CHECK(end.is_eof());
    on.right.reset();
    while (!on.result) {
      written.result.reset();
      on.reactor.spawn(write_from(on.left, "more", written));
      co_await turns(on.reactor, 4);
      if (!written.is_done()) break;
    }
    co_await until_ended(on);
    CHECK_FALSE(on.result->ended.has_value());
  });
}

TEST_CASE("relay ends where somebody closes one of its connections, and leaves the other") {
  over_each_kind([](Stage& on) -> Task<> {
    on.begin();
    co_await exchange(on, "hello");
    CHECK(on.outer.second.close().has_value());
    co_await until_ended(on);
    REQUIRE_FALSE(on.result->ended.has_value());
    CHECK(on.result->ended.error().is_closed());
    Outcome& written = on.outcomes.emplace_back();
    on.reactor.spawn(write_from(on.inner.first, "open", written));
    auto heard = co_await read_exactly(on.right, 4);
    CAPTURE(written.text());
    CHECK(heard == "open");
  });
}

TEST_CASE("relay ends with its Reactor") {
  for (const Make make : {Make{&reactord::pipe}, Make{&Tcp4::make}}) {
    Stage on(make);
    on.begin({.idle_timeout = 1h});
    static constexpr auto body = [](Stage& stage) -> Task<> {
      co_await exchange(stage, "hello");
      stage.reactor.stop();
    };
    on.reactor.spawn(body(on));
    CHECK(on.reactor.run().has_value());
    CHECK(on.reactor.live_tasks() > 0);
    on.reactor.shutdown();
    CHECK(on.reactor.live_tasks() == 0);
    REQUIRE(on.result.has_value());
    CHECK_FALSE(on.result->ended.has_value());
  }
}

TEST_CASE("relay of a connection that is closed already, and with itself, fails and returns") {
  over_each_kind([](Stage& on) -> Task<> {
    CHECK(on.inner.first.close().has_value());
    on.begin();
    co_await until_ended(on);
    CHECK_FALSE(on.result->ended.has_value());
  });
  Stage on(&reactord::buffered_pipe);
  static constexpr auto body = [](Stage& stage) -> Task<> {
    auto relayed = co_await relay(stage.outer.second, stage.outer.second);  // a second read is busy
    REQUIRE_FALSE(relayed.ended.has_value());
    CHECK(relayed.ended.error() == ErrorCode::busy);
  };
  on.run(body(on));
}

TEST_CASE("relay without memory for its frames ends, and nothing is left of it") {
  for (std::size_t allocation = 0; allocation < 12; ++allocation) {
    CAPTURE(allocation);
    Stage on(&reactord::buffered_pipe);
    static constexpr auto body = [](Stage& stage, std::size_t after) -> Task<> {
      bool threw = false;
      CHECK(stage.left.close_write().has_value());
      CHECK(stage.right.close_write().has_value());
      try {
        test::NoMemory refuse(after);
        auto relayed = co_await relay(stage.outer.second, stage.inner.first);
      } catch (const std::bad_alloc&) {
        threw = true;  // its own frame, or the Context's place
      }
      co_await turns(stage.reactor, 3);
      CHECK((threw || stage.reactor.live_tasks() == 1));
    };
    on.run(body(on, allocation));
  }
}
