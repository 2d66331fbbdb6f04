// Transports upon transports: a layer that is cut off, that has no memory, that a server serves over.
#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "conformance/record_transport.hpp"
#include "conformance/scene.hpp"
#include "reactord/server.hpp"
#include "reactord/transport.hpp"
#include "support/no_memory.hpp"
#include "support/scripted_transport.hpp"
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::ConnPair;
using reactord::EndCause;
using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;
using test::conformance::in_records;
using test::conformance::Outcome;
using test::conformance::read_exactly;
using test::conformance::read_once;
using test::conformance::Received;
using test::conformance::turns;
using namespace std::chrono_literals;
using namespace test::scripted;

namespace {

Task<> read_to_the_end(Conn& conn, Received& received, bool& ended) {
  Task<> reading = test::conformance::read_until_failure(conn, received);
  co_await std::move(reading);
  ended = true;
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

Task<> ask_lines(Conn& client, test::ServerStage& served) {
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
  test::ServerStage served;
  auto [client, conn] = in_records(reactord::buffered_pipe(served.reactor));
  served.server.serve(std::move(conn), served.handler);
  served.run(ask_lines(client, served));
  CHECK(served.server.ended(EndCause::drained) + served.server.ended(EndCause::eof) == 1);
}
