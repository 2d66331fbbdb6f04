// Operations that would refer to what is gone when they are awaited: the compiler refuses them. All of these tests but the
// last have passed once this file compiles.
#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactord/context.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/pipe.hpp"
#include "reactord/signals.hpp"
#include "support/loopback.hpp"

using reactord::Buffer;
using reactord::Conn;
using reactord::Context;
using reactord::LineReader;
using reactord::Listener;
using reactord::Reactor;
using reactord::Signals;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using namespace std::chrono_literals;

namespace {

// What co_await looks for. The operand of `co_await operation;` is of the type Operation&, that of
// `co_await std::move(operation);` and of `co_await make();` of the type Operation.
template <typename Operand>
concept has_await_members = requires(Operand operand) {
  operand.await_ready();
};
template <typename Operand>
concept has_operator = requires(Operand operand) {
  operator co_await(static_cast<Operand>(operand));
};
template <typename Operation>
concept can_be_awaited_by_name = has_await_members<Operation&> || has_operator<Operation&>;
template <typename Operation>
concept can_be_moved_and_awaited = has_await_members<Operation&> || has_operator<Operation&&>;
template <typename Operation>
concept can_be_awaited_in_place = has_await_members<Operation> || requires(Operation (*make)()) {
  operator co_await(make());
};

template <typename... Parts>
using Write = decltype(std::declval<Conn&>().write(std::declval<Parts>()...));

template <typename Operation>
concept lives_by_itself = can_be_awaited_by_name<Operation> && can_be_awaited_in_place<Operation>;
template <typename Operation>
concept lives_in_its_statement = can_be_awaited_in_place<Operation> && !can_be_awaited_by_name<Operation> &&
                                 !can_be_moved_and_awaited<Operation>;

struct HasText {
  operator std::string_view() const { return text; }
  std::array<char, 4> bytes{};
  std::string_view text{bytes.data(), bytes.size()};
};

// ---- write: what has a name, what is a view, and literals, may be awaited at any time.
static_assert(lives_by_itself<Write<>>);
static_assert(lives_by_itself<Write<std::string&>>);
static_assert(lives_by_itself<Write<const std::string&, std::string_view, const char*>>);
static_assert(lives_by_itself<Write<const std::string_view, const char (&)[3], char (&)[3]>>);
static_assert(lives_by_itself<Write<HasText&>>);

// A temporary that owns its bytes is gone after its statement.
static_assert(lives_in_its_statement<Write<std::string>>);
static_assert(lives_in_its_statement<Write<const std::string>>);
static_assert(lives_in_its_statement<Write<HasText>>);
static_assert(lives_in_its_statement<Write<std::string&, std::string_view, std::string>>);
static_assert(!std::is_move_constructible_v<Write<std::string>>);

// ---- write_gathered and read: memory that can be named only.
template <typename Parts>
concept can_be_gathered = requires(Conn& conn, Parts parts) {
  conn.write_gathered(static_cast<Parts>(parts));
};
static_assert(can_be_gathered<std::vector<std::string_view>&>);
static_assert(can_be_gathered<std::span<std::string_view>>);
static_assert(!can_be_gathered<std::vector<std::string_view>>);
static_assert(!can_be_gathered<std::array<std::string_view, 2>>);
static_assert(!can_be_gathered<std::initializer_list<std::string_view>>);

template <typename Memory>
concept can_be_read_into = requires(Conn& conn, Memory memory) {
  conn.read(static_cast<Memory>(memory));
};
static_assert(can_be_read_into<std::string&>);
static_assert(can_be_read_into<std::array<char, 8>&>);
static_assert(can_be_read_into<Buffer&>);
static_assert(can_be_read_into<std::span<char>>);
static_assert(!can_be_read_into<std::string>);
static_assert(!can_be_read_into<std::vector<char>>);
static_assert(!can_be_read_into<std::array<char, 8>>);
static_assert(!can_be_read_into<Buffer>);

// ---- The object itself: no verb that returns an operation can be called on a temporary one.
template <typename Of>
concept reads = requires(Of of, std::span<char> into) {
  static_cast<Of>(of).read(into);
};
template <typename Of>
concept writes = requires(Of of) {
  static_cast<Of>(of).write("text");
};
template <typename Of>
concept gathers = requires(Of of, std::span<std::string_view> parts) {
  static_cast<Of>(of).write_gathered(parts);
};
template <typename Of>
concept flushes = requires(Of of) {
  static_cast<Of>(of).flush();
};
template <typename Of>
concept waits_writable = requires(Of of) {
  static_cast<Of>(of).wait_writable();
};
template <typename Of>
concept finishes = requires(Of of) {
  static_cast<Of>(of).finish();
};
template <typename Of>
concept reads_lines = requires(Of of) {
  static_cast<Of>(of).read_line();
};
template <typename Of>
concept accepts = requires(Of of) {
  static_cast<Of>(of).accept();
};
template <typename Of>
concept has_next = requires(Of of) {
  static_cast<Of>(of).next();
};
template <typename Of>
concept sleeps = requires(Of of) {
  static_cast<Of>(of).sleep(1s);
}
|| requires(Of of) { static_cast<Of>(of).sleep_until(Time::never()); };
template <typename Of>
concept is_done = requires(Of of) {
  static_cast<Of>(of).done();
};

static_assert(reads<Conn&> && writes<Conn&> && gathers<Conn&> && flushes<Conn&>);
static_assert(waits_writable<Conn&> && finishes<Conn&>);
static_assert(!reads<Conn&&> && !writes<Conn&&> && !gathers<Conn&&> && !flushes<Conn&&>);
static_assert(!waits_writable<Conn&&> && !finishes<Conn&&>);
static_assert(reads_lines<LineReader&> && !reads_lines<LineReader&&>);
static_assert(accepts<Listener&> && !accepts<Listener&&>);
static_assert(has_next<Signals&> && !has_next<Signals&&>);
static_assert(sleeps<Reactor&> && !sleeps<Reactor&&>);
static_assert(sleeps<Context&> && !sleeps<Context&&>);
static_assert(is_done<Context&> && !is_done<Context&&>);
static_assert(!std::is_constructible_v<LineReader, Conn>);
static_assert(std::is_constructible_v<LineReader, Conn&>);

Task<> write_temporaries(Conn conn) {
  for (int number = 0; number < 1000; ++number) {
    auto sent = co_await conn.write(std::string(100, 'x'), std::to_string(number), "\n");
    CHECK(sent.has_value());
  }
  // One that has to wait for the reader.
  auto sent = co_await conn.write(std::string(2 * Conn::high_watermark, 'y'), std::string("\n"));
  CHECK(sent == 2 * Conn::high_watermark + 1);
  const std::string named = "named";
  auto operation = conn.write(named, "\n");
  auto taken = co_await operation;
  CHECK(taken == 6);
  CHECK(operation.taken_over() == 6);
}

Task<> read_temporaries(Conn conn) {
  LineReader lines(conn, 4 * Conn::high_watermark);
  for (int number = 0; number < 1000; ++number) {
    auto line = co_await lines.read_line();
    REQUIRE(line.has_value());
    CHECK(*line == std::string(100, 'x') + std::to_string(number));
  }
  auto longest = co_await lines.read_line();
  REQUIRE(longest.has_value());
  CHECK(*longest == std::string(2 * Conn::high_watermark, 'y'));
  auto named = co_await lines.read_line();
  CHECK(named == "named");
  auto end = co_await lines.read_line();
  CHECK_FALSE(end.has_value());
}

Task<> read_while_moving(Conn first, bool& read_all) {
  LineReader lines(first);
  auto one = co_await lines.read_line();
  CHECK(one == "one");
  Conn second = std::move(first);
  auto two = co_await lines.read_line();
  CHECK(two == "two");
  auto third = std::make_unique<Conn>(std::move(second));
  auto three = co_await lines.read_line();
  CHECK(three == "three");
  auto end = co_await lines.read_line();
  CHECK_FALSE(end.has_value());
  read_all = true;
}

Task<> say(Reactor& reactor, Conn conn) {
  for (const char* line : {"one\n", "two\n", "three\n"}) {
    auto sent = co_await conn.write(line);
    CHECK(sent.has_value());
    for (int turn = 0; turn < 5; ++turn) co_await reactor.next_turn();
  }
}

}  // namespace

TEST_CASE("a write of temporaries arrives whole where it is awaited in its statement") {
  VirtualClock clock;
  Reactor reactor(clock);
  auto pair = reactord::pipe(reactor);
  SUBCASE("a pipe that keeps nothing") {}
  SUBCASE("one that has a buffer") { pair = reactord::buffered_pipe(reactor); }
  reactor.spawn(write_temporaries(std::move(pair.first)));
  reactor.spawn(read_temporaries(std::move(pair.second)));
  REQUIRE(reactor.run().has_value());
  CHECK(reactor.live_tasks() == 0);
}

TEST_CASE("a LineReader reads on when its Conn has moved") {
  VirtualClock clock;
  Reactor reactor(clock);
  auto pair = reactord::buffered_pipe(reactor);
  bool read_all = false;
  reactor.spawn(read_while_moving(std::move(pair.first), read_all));
  reactor.spawn(say(reactor, std::move(pair.second)));
  REQUIRE(reactor.run().has_value());
  CHECK(read_all);
  CHECK(reactor.live_tasks() == 0);
  CHECK(reactor.buffers().bytes_in_use() == 0);
}
