// Transports of the user's: what the library asks of them, and when, beyond what the conformance suite sees.
#include "reactord/transport.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/checked_transport.hpp"
#include "conformance/record_transport.hpp"
#include "conformance/scene.hpp"
#include "reactord/server.hpp"
#include "support/no_memory.hpp"
#include "support/served.hpp"

namespace {

using reactord::Conn;
using reactord::ConnPair;
using reactord::EndCause;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Readiness;
using reactord::Task;
using reactord::Time;
using reactord::TransportListener;
using reactord::VirtualClock;
using test::conformance::CheckedTransport;
using test::conformance::in_records;
using test::conformance::Outcome;
using test::conformance::read_exactly;
using test::conformance::read_once;
using test::conformance::Received;
using test::conformance::turns;
using test::conformance::write_from;
using namespace std::chrono_literals;
namespace readiness = reactord::readiness;

// What a Scripted transport is asked, and what it answers next. It outlives the transport.
struct Script {
  std::vector<std::string> calls;
  std::string input;
  std::string output;
  std::size_t room = ~std::size_t{0};  // for output
  bool ended = false;                  // behind the input
  int shut_result = 0;
  ssize_t send_failure = 0;
  std::size_t unsent = 0;
  std::size_t notifies_within = 0;  // so many receives notify from within
  TransportListener* listener = nullptr;
  bool deleted = false;
};

class Scripted final : public reactord::Transport {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  ~Scripted() override { script_.deleted = true; }

 private:
  void attach(TransportListener& listener) noexcept override { script_.listener = &listener; }
  ssize_t receive(std::span<char> into) noexcept override {
    script_.calls.emplace_back("receive");
    if (script_.notifies_within > 0) {
      --script_.notifies_within;
      script_.listener->notify(readiness::readable | readiness::writable);
    }
    if (script_.input.empty()) return script_.ended ? 0 : -EAGAIN;
    const std::size_t count = script_.input.copy(into.data(), std::min(into.size(), 3UZ));
    script_.input.erase(0, count);
    return static_cast<ssize_t>(count);
  }
  ssize_t send(std::string_view bytes) noexcept override {
    script_.calls.emplace_back("send");
    if (script_.send_failure != 0) return script_.send_failure;
    const std::size_t count = std::min(bytes.size(), script_.room);
    if (count == 0) return -EAGAIN;
    script_.room -= count;
    script_.output += bytes.substr(0, count);
    return static_cast<ssize_t>(count);
  }
  int shut_write() noexcept override {
    script_.calls.emplace_back("shut_write");
    return script_.shut_result;
  }
  void close() noexcept override { script_.calls.emplace_back("close"); }
  void abort() noexcept override { script_.calls.emplace_back("abort"); }
  std::size_t unsent() const noexcept override { return script_.unsent; }
  reactord::Network network() const noexcept override { return reactord::Network::pipe; }
  reactord::Address local_addr() const override { return reactord::Address::pipe(); }
  reactord::Address remote_addr() const override { return reactord::Address::pipe(); }

  Script& script_;
};

struct Stage {
  Script script;
  VirtualClock clock;
  Reactor reactor{clock};
  Conn conn = make();

  Conn make() {
    auto below = std::make_unique<Scripted>(script);
    auto made = reactord::make_conn(reactor, std::make_unique<CheckedTransport>(std::move(below)));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  std::size_t count(std::string_view call) const {
    return static_cast<std::size_t>(std::ranges::count(script.calls, call));
  }
};

Task<> finish(Conn& conn, std::optional<reactord::Result<void>>& ended) {
  auto result = co_await conn.finish();
  ended.emplace(std::move(result));
}

Task<> read_to_the_end(Conn& conn, Received& received, bool& ended) {
  Task<> reading = test::conformance::read_until_failure(conn, received);
  co_await std::move(reading);
  ended = true;
}

using Ended = std::optional<reactord::Result<void>>;

Task<> read_six(Stage& stage) {
  stage.script.input = "abcdef";
  auto bytes = co_await read_exactly(stage.conn, 6);
  CHECK(bytes == "abcdef");
  CHECK(stage.count("receive") == 2);  // three bytes each, and no -EAGAIN between
}

Task<> ask_once(Stage& stage) {
  Outcome read;
  stage.reactor.spawn(read_once(stage.conn, read));
  co_await turns(stage.reactor, 5);
  CHECK(stage.count("receive") == 1);
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(stage.count("receive") == 1);
  stage.script.input = "x";
  stage.script.listener->notify(readiness::readable);
  CHECK_FALSE(read.is_done());  // not from within the call
  co_await turns(stage.reactor, 5);
  CHECK(read.is_ok());
}

Task<> notify_from_within(Stage& stage) {
  Outcome read;
  stage.script.notifies_within = 3;
  stage.reactor.spawn(read_once(stage.conn, read));
  co_await turns(stage.reactor, 10);
  CHECK(stage.count("receive") == 4);  // each notify is an invitation to one more
  CHECK(stage.conn.set_read_deadline(Time::past()).has_value());
  co_await turns(stage.reactor, 2);
  CHECK(read.timed_out());
}

Task<> close_when_there_is_room(Stage& stage) {
  stage.script.room = 3;
  stage.script.shut_result = -EAGAIN;
  Outcome written;
  Ended ended;
  Task<> writing = write_from(stage.conn, "last words", written);
  co_await std::move(writing);
  stage.reactor.spawn(finish(stage.conn, ended));
  co_await turns(stage.reactor, 5);
  CHECK(stage.script.output == "las");
  CHECK(stage.count("shut_write") == 0);
  stage.script.room = 100;
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(stage.script.output == "last words");
  CHECK(stage.count("shut_write") == 1);
  CHECK(stage.count("close") == 0);
  stage.script.shut_result = 0;
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(stage.count("shut_write") == 2);
  CHECK(stage.count("close") == 1);
  REQUIRE(ended.has_value());
  CHECK(ended->has_value());
}

Task<> close_after_the_end(Stage& stage) {
  stage.script.ended = true;
  stage.script.shut_result = -EAGAIN;
  Outcome read;
  Ended ended;
  Task<> reading = read_once(stage.conn, read);
  co_await std::move(reading);
  CHECK(read.is_eof());
  stage.reactor.spawn(finish(stage.conn, ended));
  co_await turns(stage.reactor, 5);
  CHECK_FALSE(ended.has_value());
  stage.script.shut_result = 0;
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(ended.has_value());
  CHECK(stage.script.calls == std::vector<std::string>{"receive", "shut_write", "shut_write", "close"});
}

Task<> close_in_vain(Stage& stage, reactord::Duration& took) {
  stage.script.shut_result = -EAGAIN;
  Ended ended;
  const Time start = stage.reactor.now();
  Task<> finishing = finish(stage.conn, ended);
  co_await std::move(finishing);
  took = stage.reactor.now() - start;
  REQUIRE(ended.has_value());
  REQUIRE_FALSE(ended->has_value());
  CHECK(ended->error().timeout());
}

Task<> close_slowly(Stage& stage, reactord::Duration& took) {
  stage.script.shut_result = -EAGAIN;
  stage.script.unsent = 1000;
  Ended ended;
  const Time start = stage.reactor.now();
  stage.reactor.spawn(finish(stage.conn, ended));
  for (int minute = 0; minute < 6; ++minute) {
    auto slept = co_await stage.reactor.sleep(20s);
    CHECK(slept.has_value());
    CHECK_FALSE(ended.has_value());
    --stage.script.unsent;
  }
  const auto has_ended = [&] { return ended.has_value(); };
  while (!has_ended()) {
    auto slept = co_await stage.reactor.sleep(1s);
    CHECK(slept.has_value());
  }
  took = stage.reactor.now() - start;
}

// What the test itself needs, it has before.
Task<> exchange_without_memory(ConnPair& pair, std::size_t after, std::size_t& refused) {
  const std::string bytes(20'000, 'm');
  Received received;
  received.bytes.reserve(bytes.size());
  bool ended = false;
  Reactor& reactor = pair.first.reactor();
  reactor.spawn(read_to_the_end(pair.second, received, ended));
  co_await turns(reactor, 2);
  {
    const test::NoMemory refuse(after);
    auto written = co_await pair.first.write(bytes);
    for (int turn = 0; turn < 10; ++turn) co_await reactor.next_turn();
    refused = refuse.refused();
  }
  const auto is_told = [&] { return ended || received.bytes.size() == bytes.size(); };
  for (int turn = 0; turn < 10 && !is_told(); ++turn) co_await reactor.next_turn();
  if (!is_told()) {  // then the writer is
    auto more = co_await pair.first.write("x");
    CHECK_FALSE(more.has_value());
  }
  pair.first.abort();
  pair.second.abort();
  const auto has_ended = [&] { return ended; };
  co_await test::until(reactor, has_ended);
  CHECK(bytes.starts_with(received.bytes));
  if (refused == 0) CHECK(received.bytes.size() == bytes.size());
}

Task<> end_that_fails(Stage& stage) {
  stage.script.shut_result = -EPIPE;
  Ended ended;
  Task<> finishing = finish(stage.conn, ended);
  co_await std::move(finishing);
  REQUIRE(ended.has_value());
  REQUIRE_FALSE(ended->has_value());
  CHECK(ended->error().system_errno() == EPIPE);
}

Task<> send_that_fails(Stage& stage) {
  stage.script.send_failure = -EPROTO;
  Outcome written, again;
  Task<> writing = write_from(stage.conn, test::conformance::flood(), written);
  co_await std::move(writing);
  REQUIRE(written.has_failed());
  CHECK(written.result->error().system_errno() == EPROTO);
  Task<> more = write_from(stage.conn, "x", again);
  co_await std::move(more);
  CHECK(again.has_failed());
}

Task<> read_cut_off(Conn& raw, Conn& reader, std::string_view bytes, int failure, std::string_view expected) {
  Received received;
  bool ended = false;
  raw.reactor().spawn(read_to_the_end(reader, received, ended));
  for (std::size_t index = 0; index < bytes.size(); ++index) {  // one at a time
    auto written = co_await raw.write(bytes.substr(index, 1));
    CHECK(written.has_value());
    co_await turns(raw.reactor(), 2);
  }
  CHECK(raw.close().has_value());
  const auto has_ended = [&] { return ended; };
  co_await test::until(raw.reactor(), has_ended);
  CHECK(received.bytes == expected);
  REQUIRE(received.outcome.has_failed());
  CHECK(received.outcome.result->error().system_errno() == failure);
}

// "ab" in a record, by its first places in the stream.
std::string record_of_ab() {
  return {'\0', '\2', '\1', static_cast<char>('a' ^ 13),
          static_cast<char>('b' ^ static_cast<char>(167 + 13))};
}

void check_cut_off(std::string_view bytes, int failure, std::string_view expected) {
  VirtualClock clock;
  Reactor reactor(clock);
  auto [raw, below] = reactord::buffered_pipe(reactor);
  Conn reader = in_records(std::move(below));
  test::run(reactor, read_cut_off(raw, reader, bytes, failure, expected));
}

Task<> change_the_protocol(Conn& client, Conn plain) {
  auto ready = co_await plain.write("ready\n");
  CHECK(ready.has_value());
  Conn secret = in_records(std::move(plain));
  auto written = co_await secret.write("secret");
  CHECK(written.has_value());
  auto words = co_await read_exactly(client, 6);
  CHECK(words == "ready\n");
  Conn its = in_records(std::move(client));
  auto bytes = co_await read_exactly(its, 6);
  CHECK(bytes == "secret");
}

Task<> ask_lines(Conn& client, test::Served& served) {
  auto sent = co_await client.write("one\nbig\nthree\n");
  CHECK(sent.has_value());
  const std::size_t expected = 8 + 10'001 + 10;
  auto answers = co_await read_exactly(client, expected);
  CHECK(answers.starts_with("got one\nBBB"));
  CHECK(answers.ends_with("B\ngot three\n"));
  served.server.drain(10s);
  Outcome end;
  Task<> reading = read_once(client, end);
  co_await std::move(reading);
  CHECK(end.is_eof());
  CHECK(client.close().has_value());
}

}  // namespace

TEST_CASE("transport: a short receive is no end of what there is") {
  Stage stage;
  test::run(stage.reactor, read_six(stage));
}

TEST_CASE("transport: after -EAGAIN it is asked once more when it has told, and not before") {
  Stage stage;
  test::run(stage.reactor, ask_once(stage));
}

TEST_CASE("transport: a notify from within receive() calls nothing back, and is not lost") {
  Stage stage;
  test::run(stage.reactor, notify_from_within(stage));
}

TEST_CASE("transport: close() waits for what was written, then for the end, each until there is room") {
  Stage stage;
  test::run(stage.reactor, close_when_there_is_room(stage));
}

TEST_CASE(
    "transport: an end that can't go out is given up as unsent bytes are, and the transport is broken off") {
  Stage stage;
  reactord::Duration took{0};
  test::run(stage.reactor, close_in_vain(stage, took));
  CHECK(took >= Conn::send_timeout);
  CHECK(took <= Conn::send_timeout + 100ms);
  CHECK(stage.script.calls.back() == "abort");
}

TEST_CASE("transport: as long as fewer bytes are unsent below, a close goes on") {
  Stage stage;
  reactord::Duration took{0};
  test::run(stage.reactor, close_slowly(stage, took));
  CHECK(took >= 120s + Conn::send_timeout - 20s);
  CHECK(took <= 120s + 2 * Conn::send_timeout);
}

TEST_CASE("transport: make_conn without memory is an error, and the transport is gone") {
  VirtualClock clock;
  Reactor reactor(clock);
  std::size_t refused = 1;
  for (std::size_t after = 0; refused > 0; ++after) {
    Script script;
    {
      auto transport = std::make_unique<Scripted>(script);
      test::NoMemory refuse(after);
      auto made = reactord::make_conn(reactor, std::move(transport));
      refuse.end();
      refused = refuse.refused();
      if (!made) CHECK(made.error().system_errno() == ENOMEM);
      if (!made) CHECK(script.deleted);
      CHECK((made || refused > 0));
    }
    reactor.shutdown();
    CHECK(script.deleted);
  }
}

TEST_CASE("transport: memory that runs out in a layer, or below, ends the connection and nothing else") {
  std::size_t refused = 1;
  for (std::size_t after = 0; refused > 0; ++after) {
    CAPTURE(after);
    VirtualClock clock;
    Reactor reactor(clock);
    auto pair = in_records(reactord::buffered_pipe(reactor));
    test::run(reactor, exchange_without_memory(pair, after, refused));
  }
}

TEST_CASE("transport: close() sends our end also where the peer's has come") {
  Stage stage;
  test::run(stage.reactor, close_after_the_end(stage));
}

TEST_CASE("transport: what shut_write() says of a failure is what finish() says") {
  Stage stage;
  test::run(stage.reactor, end_that_fails(stage));
  CHECK(stage.script.calls.back() == "abort");
}

TEST_CASE("transport: a send that fails ends writing") {
  Stage stage;
  test::run(stage.reactor, send_that_fails(stage));
}

TEST_CASE("transport: abort() of a connection is the transport's, and none of its calls follows") {
  Stage stage;
  stage.conn.abort();
  stage.conn.abort();
  CHECK(stage.script.calls == std::vector<std::string>{"abort"});
  stage.script.listener->notify(readiness::readable | readiness::writable);
  CHECK(stage.conn.unread() == 0);
  CHECK(stage.conn.unsent() == 0);
  CHECK(stage.conn.local_addr().text().size() > 0);
}

TEST_CASE("transport: the end of the Reactor ends it with a read pending") {
  Script script;
  Outcome read;
  {
    VirtualClock clock;
    Reactor reactor(clock);
    auto made = reactord::make_conn(reactor, std::make_unique<Scripted>(script));
    REQUIRE(made.has_value());
    reactor.spawn(read_once(*made, read));
    reactor.shutdown();
    CHECK(read.is_closed());
  }
  CHECK(script.calls.back() == "abort");
  CHECK(script.deleted);
}

TEST_CASE("transport: the end of the Reactor ends a stack of them") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  auto pair = in_records(in_records(reactord::buffered_pipe(reactor)));
  Outcome read;
  reactor.spawn(read_once(pair.first, read));
  reactor.shutdown();
  CHECK(read.has_failed());
}

TEST_CASE("transport: a stream that stops without its end was cut off, however its bytes come") {
  check_cut_off("", ECONNRESET, "");
  check_cut_off(record_of_ab(), ECONNRESET, "ab");
  check_cut_off(record_of_ab() + '\0', ECONNRESET, "ab");
  check_cut_off(record_of_ab() + std::string("\0\0\3", 3), EPROTO, "ab");
}

TEST_CASE("as_transport: what was written before goes out before") {
  VirtualClock clock;
  Reactor reactor(clock);
  auto [client, plain] = reactord::buffered_pipe(reactor);
  test::run(reactor, change_the_protocol(client, std::move(plain)));
}

TEST_CASE("as_transport: a Server serves lines over it, and drains it") {
  test::Served served;
  auto [client, conn] = in_records(reactord::buffered_pipe(served.reactor));
  served.server.serve(std::move(conn), served.handler);
  served.run(ask_lines(client, served));
  CHECK(served.server.ended(EndCause::drained) + served.server.ended(EndCause::eof) == 1);
}
