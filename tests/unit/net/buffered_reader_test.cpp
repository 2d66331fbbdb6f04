// BufferedReader: lines, counted bytes and delimiters from one buffer, whatever the packets were.
#include "reactord/buffered_reader.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/record_transport.hpp"
#include "reactord/pipe.hpp"
#include "reactord/transport.hpp"
#include "support/loopback.hpp"
#include "support/server_stage.hpp"

using reactord::Buffer;
using reactord::BufferedReader;
using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::ErrorCode;
using reactord::Limits;
using reactord::LineSplitter;
using reactord::Reactor;
using reactord::StreamHandler;
using reactord::Task;
using reactord::Time;
using test::ServerStage;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

// A reader at one end of a pipe, the test at the other.
struct Piped {
  test::DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  Reactor reactor{clock};
  reactord::ConnPair pair = reactord::buffered_pipe(reactor);
  Conn& conn = pair.first;
  Conn& peer = pair.second;
};

void over_pipe(Task<> (*body)(Piped& on)) {
  Piped on;
  test::run(on.reactor, body(on));
}

Task<> send(Conn& conn, std::string_view bytes) {
  auto sent = co_await conn.write(bytes);
  CHECK(sent.has_value());
}

// One piece a turn, then the end.
Task<> trickle(Conn& conn, std::string_view bytes, std::size_t step) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    auto sent = co_await conn.write(piece);
    CHECK(sent.has_value());
    co_await conn.reactor().next_turn();
    co_await conn.reactor().next_turn();
  }
  CHECK(conn.close_write().has_value());
}

// A message of all that a reader can be asked for, in order, then eof.
Task<> read_message(BufferedReader& reader, std::size_t body) {
  auto line = co_await reader.read_line();
  CHECK(line == "first line");
  auto word = co_await reader.read_until(' ');
  CHECK(word == "word ");
  auto looked_at = co_await reader.peek(3);
  CHECK(looked_at == "123");
  CHECK(reader.buffered().starts_with("123"));
  auto counted = co_await reader.read_exactly(6);
  CHECK(counted == "123456");
  auto empty = co_await reader.read_line();
  CHECK(empty == "");
  std::string collected;
  while (collected.size() < body) {
    auto some = co_await reader.read_some(body - collected.size());
    REQUIRE(some.has_value());
    CHECK_FALSE(some->empty());
    collected += *some;
  }
  CHECK((collected == std::string(body, 'b')));
  auto tail = co_await reader.read_line();
  CHECK(tail == "tail");
  for (int round = 0; round < 2; ++round) {
    auto after = co_await reader.read_exactly(1);
    REQUIRE_FALSE(after.has_value());
    CHECK(after.error().is_eof());
  }
}

std::string message(std::size_t body) {
  return "first line\r\nword 123456\n" + std::string(body, 'b') + "tail";
}

}  // namespace

TEST_CASE("a BufferedReader gives lines, bytes and delimited bytes the same, however the bytes are cut") {
  for (const std::size_t step : {1UZ, 3UZ, 7UZ, 100'000UZ}) {
    CAPTURE(step);
    const std::size_t body = step < 100 ? 100 : 90'000;
    Piped on;
    static constexpr auto read = [](Conn& conn, std::size_t count) -> Task<> {
      BufferedReader reader(conn);
      co_await read_message(reader, count);
    };
    const std::string text = message(body);
    on.reactor.spawn(trickle(on.peer, text, step));
    test::run(on.reactor, read(on.conn, body));
    CHECK(on.reactor.buffers().bytes_in_use() == 0);
  }
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    static const std::string text = message(5000);
    BufferedReader reader(scene.conn);
    scene.peer.send(text);
    scene.peer.finish();
    co_await read_message(reader, 5000);
  });
}

TEST_CASE("an end amid what was asked for is unexpected, prints as Go prints it, and takes nothing") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await send(on.peer, "abc");
    CHECK(on.peer.close_write().has_value());
    for (int round = 0; round < 2; ++round) {
      auto four = co_await reader.read_exactly(4);
      REQUIRE_FALSE(four.has_value());
      CHECK(four.error() == ErrorCode::unexpected_eof);
      CHECK(four.error().text() == "unexpected EOF");
      CHECK_FALSE(four.error().is_eof());
      CHECK_FALSE(four.error().temporary());
      auto until = co_await reader.read_until('\n');
      REQUIRE_FALSE(until.has_value());
      CHECK(until.error() == ErrorCode::unexpected_eof);
      auto looked_at = co_await reader.peek(4);
      REQUIRE_FALSE(looked_at.has_value());
      CHECK(looked_at.error() == ErrorCode::unexpected_eof);
    }
    CHECK(reader.buffered() == "abc");
    auto three = co_await reader.read_exactly(3);
    CHECK(three == "abc");
    auto some = co_await reader.read_some();
    REQUIRE_FALSE(some.has_value());
    CHECK(some.error().text() == "EOF");
  });
}

TEST_CASE("a deadline and a cancel end a read of bytes, and lose none of them") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await send(on.peer, "abcd");
    CHECK(on.conn.set_read_deadline(on.reactor.now() + 5s).has_value());
    auto late = co_await reader.read_exactly(6);
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().timeout());
    CHECK(reader.buffered() == "abcd");
    auto still_late = co_await reader.read_line();
    REQUIRE_FALSE(still_late.has_value());
    CHECK(still_late.error().timeout());
    auto at_once = co_await reader.read_until('b');  // what is there is given, whatever the deadline
    CHECK(at_once == "ab");
    CHECK(on.conn.set_read_deadline(Time::never()).has_value());
    Context context(on.reactor);
    on.conn.set_context(&context);
    context.cancel();
    auto cancelled = co_await reader.read_until('\n');
    REQUIRE_FALSE(cancelled.has_value());
    CHECK(cancelled.error().is_cancelled());
    on.conn.set_context(nullptr);
    co_await send(on.peer, "ef\n");
    auto line = co_await reader.read_line();  // the time before was that of bytes: the line begins with them
    CHECK(line == "cdef");
  });
}

TEST_CASE("a line that was begun may be taken as bytes, and the next line is found all the same") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await send(on.peer, "0123456789");
    CHECK(on.conn.set_read_deadline(on.reactor.now() + 1s).has_value());
    auto late = co_await reader.read_line();  // ten bytes are known to hold no newline
    CHECK_FALSE(late.has_value());
    auto bytes = co_await reader.read_exactly(8);
    CHECK(bytes == "01234567");
    CHECK(on.conn.set_read_deadline(Time::never()).has_value());
    co_await send(on.peer, "\na\n");
    auto line = co_await reader.read_line();
    CHECK(line == "89");
    auto next = co_await reader.read_line();
    CHECK(next == "a");
  });
}

TEST_CASE("a BufferedReader is bounded: more than max_bytes is buffer full, and stays there to be taken") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn, 1024, 10);
    CHECK(reader.max_line() == 1024);
    CHECK(reader.max_bytes() == 10);
    co_await send(on.peer, "0123456789-rest");
    auto eleven = co_await reader.read_exactly(11);  // whether they have come or not
    REQUIRE_FALSE(eleven.has_value());
    CHECK(eleven.error() == ErrorCode::buffer_full);
    CHECK(eleven.error().text() == "buffer full");
    auto looked_at = co_await reader.peek(11);
    REQUIRE_FALSE(looked_at.has_value());
    CHECK(looked_at.error() == ErrorCode::buffer_full);
    auto last = co_await reader.read_until('9');
    CHECK(last == "0123456789");
    auto rest = co_await reader.read_until('t');
    CHECK(rest == "-rest");
    co_await send(on.peer, "no such byte in the next ten\n");
    for (int round = 0; round < 2; ++round) {
      auto too_far = co_await reader.read_until('\n');
      REQUIRE_FALSE(too_far.has_value());
      CHECK(too_far.error() == ErrorCode::buffer_full);
    }
    auto some = co_await reader.read_some(100);
    CHECK(some == "no such byte in the next ten\n");
  });
}

TEST_CASE("odd arguments of a BufferedReader are taken as the nearest possible ones, or give nothing") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader least(on.conn, 0, 0);
    CHECK(least.max_line() == LineSplitter::least_max_line);
    CHECK(least.max_bytes() == 1);
    BufferedReader most(on.conn, ~std::size_t{0}, ~std::size_t{0});
    CHECK(most.max_line() == LineSplitter::most_max_line);
    CHECK(most.max_bytes() == BufferedReader::most_max_bytes);
    auto nothing = co_await least.read_exactly(0);
    CHECK(nothing == "");
    nothing = co_await least.peek(0);
    CHECK(nothing == "");
    nothing = co_await least.read_some(0);
    CHECK(nothing == "");
    auto too_many = co_await most.read_exactly(~std::size_t{0});
    REQUIRE_FALSE(too_many.has_value());
    CHECK(too_many.error() == ErrorCode::buffer_full);
    co_await send(on.peer, "x");
    auto one = co_await least.read_until('x');
    CHECK(one == "x");
    CHECK(on.conn.close().has_value());
    nothing = co_await least.read_exactly(0);
    CHECK(nothing == "");
    auto closed = co_await least.read_exactly(1);
    REQUIRE_FALSE(closed.has_value());
    CHECK(closed.error().is_closed());
  });
}

TEST_CASE("what was received is given although the connection is closed, and a second read is busy") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await send(on.peer, "abcd");
    auto one = co_await reader.read_exactly(1);
    CHECK(one == "a");
    static constexpr auto read_all = [](BufferedReader& by, bool& ended) -> Task<> {
      auto ten = co_await by.read_exactly(10);
      REQUIRE_FALSE(ten.has_value());
      CHECK(ten.error().is_closed());
      ended = true;
    };
    bool ended = false;
    on.reactor.spawn(read_all(reader, ended));
    co_await on.reactor.next_turn();
    auto busy = co_await reader.read_exactly(9);
    REQUIRE_FALSE(busy.has_value());
    CHECK(busy.error() == ErrorCode::busy);
    CHECK(on.conn.close().has_value());
    co_await test::until(on.reactor, [&] { return ended; });
    auto rest = co_await reader.read_exactly(3);
    CHECK(rest == "bcd");
  });
}

TEST_CASE("peek keeps what it gives, and its view is valid until the next call") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await send(on.peer, "SSH-2.0\r\nrest");
    for (int round = 0; round < 3; ++round) {
      auto head = co_await reader.peek(3);
      REQUIRE(head.has_value());
      co_await on.reactor.next_turn();
      CHECK(*head == "SSH");
    }
    auto line = co_await reader.read_line();
    CHECK(line == "SSH-2.0");
    CHECK(reader.buffered() == "rest");
  });
}

TEST_CASE("take_rest hands over what was received and not taken, and the reader goes on without it") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await send(on.peer, "CONNECT\nhello from");
    auto line = co_await reader.read_line();
    CHECK(line == "CONNECT");
    {
      const Buffer rest = reader.take_rest();
      CHECK(rest.view() == "hello from");
      CHECK(reader.buffered().empty());
      CHECK(reader.take_rest().empty());
    }
    CHECK(on.reactor.buffers().bytes_in_use() == 0);
    co_await send(on.peer, "bytes\nmore\n");
    auto next = co_await reader.read_line();
    CHECK(next == "bytes");
    auto last = co_await reader.read_line();
    CHECK(last == "more");
    CHECK(reader.take_rest().empty());
  });
}

// The client begins its records without waiting for an answer: they lie behind the line, in the reader.
TEST_CASE("bytes behind STARTTLS go to the layer that is put above, and none of them is taken for a line") {
  over_pipe([](Piped& on) -> Task<> {
    static constexpr auto in_records = [](Conn conn, Buffer rest) {
      Reactor& reactor = conn.reactor();
      auto below = reactord::as_transport(std::move(conn), std::move(rest));
      auto made = reactord::make_conn(reactor,
                                      std::make_unique<test::conformance::RecordTransport>(std::move(below)));
      REQUIRE(made.has_value());
      return std::move(*made);
    };
    co_await send(on.peer, "STARTTLS\n");
    Conn client = in_records(std::move(on.peer), {});
    co_await send(client, "secret\nand ");
    for (int turn = 0; turn < 5; ++turn) co_await on.reactor.next_turn();
    BufferedReader plain(on.conn);
    auto line = co_await plain.read_line();
    CHECK(line == "STARTTLS");
    Buffer rest = plain.take_rest();
    CHECK(rest.size() > 7);
    Conn secure = in_records(std::move(on.conn), std::move(rest));
    BufferedReader lines(secure);
    auto secret = co_await lines.read_line();
    CHECK(secret == "secret");
    co_await send(client, "more\n");
    auto more = co_await lines.read_line();
    CHECK(more == "and more");
  });
}

TEST_CASE("an idle BufferedReader owns no storage, and steady reads allocate none") {
  over_pipe([](Piped& on) -> Task<> {
    BufferedReader reader(on.conn);
    for (int round = 0; round < 100; ++round) {
      co_await send(on.peer, "12345678line\n");
      auto bytes = co_await reader.read_exactly(8);
      CHECK(bytes == "12345678");
      auto line = co_await reader.read_line();
      CHECK(line == "line");
      const std::size_t idle = on.reactor.buffers().bytes_idle();
      CHECK(reader.buffered().empty());
      if (round > 0) CHECK(on.reactor.buffers().bytes_in_use() + idle <= 2 * 64 * 1024 + 512);
    }
    CHECK(on.conn.set_read_deadline(on.reactor.now() + 1s).has_value());
    auto none = co_await reader.read_exactly(1);
    CHECK_FALSE(none.has_value());
    CHECK(on.reactor.buffers().bytes_in_use() == 0);
  });
}

TEST_CASE("a reset is told by a read of bytes behind those that came before it") {
  test::ConnStage scene(test::Transport::tcp);
  static constexpr auto body = [](test::ConnStage& on) -> Task<> {
    BufferedReader reader(on.conn);
    co_await test::send_all(on.reactor, on.peer, "12345");
    auto two = co_await reader.read_exactly(2);
    CHECK(two == "12");
    on.peer.reset();
    auto four = co_await reader.read_exactly(4);
    REQUIRE_FALSE(four.has_value());
    CHECK(four.error().is_reset());
    auto three = co_await reader.read_exactly(3);
    CHECK(three == "345");
  };
  test::run(scene.reactor, body(scene));
}
