// Framing: bytes in, complete lines out, whatever the packets were.
#include "reactord/line_reader.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "support/loopback.hpp"

using reactord::Conn;
using reactord::ErrorCode;
using reactord::LineReader;
using reactord::LineSplitter;
using reactord::Task;
using reactord::trim_space;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using Found = LineSplitter::Found;
using Lines = std::vector<std::string>;

namespace {

// All lines of `text` as a connection would deliver them: pieces of `step` bytes, then end of file.
Lines split(std::string_view text, std::size_t step, std::size_t max_line = 64) {
  LineSplitter splitter(max_line);
  Lines lines;
  std::string held;
  for (std::size_t begin = 0; begin < text.size(); begin += step) {
    held += text.substr(begin, step);
    std::string_view rest = held, line;
    while (true) {
      const bool ready = splitter.ready(rest);
      const Found found = splitter.next(rest, line);
      CHECK(ready == (found != Found::none));
      if (found == Found::too_long) {
        lines.push_back("too long");
        return lines;
      }
      if (found == Found::none) break;
      lines.emplace_back(line);
    }
    held = std::string(rest);
  }
  if (!held.empty()) lines.emplace_back(LineSplitter::last(held));
  return lines;
}

// Every line until the end, then the text of the error that ended it.
Task<Lines> read_all(Conn& conn, std::size_t max_line) {
  LineReader reader(conn, max_line);
  Lines lines;
  while (true) {
    auto line = co_await reader.read_line();
    if (!line) {
      lines.push_back("error: " + line.error().reason());
      break;
    }
    lines.emplace_back(*line);
  }
  co_return lines;
}

Task<> trickle(test::ConnStage& scene, std::string_view bytes, std::size_t step) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    co_await test::send_all(scene.reactor, scene.peer, piece);
    co_await scene.reactor.next_turn();
  }
  scene.peer.finish();
}

}  // namespace

TEST_CASE("[130][131][132][134] lines end in a newline, with one carriage return before it") {
  struct Row {
    std::string_view text;
    Lines lines;
  };
  const Row table[] = {
      {"", {}},
      {"a\nb\r\n", {"a", "b"}},
      {"\n", {""}},
      {"\r\n", {""}},
      {"\n\n", {"", ""}},
      {"a\r\r\n", {"a\r"}},
      {"a\rb\n", {"a\rb"}},
      {"\r", {""}},
      {"x\r", {"x"}},
      {"x\r\r", {"x\r"}},
      {"tail", {"tail"}},
      {"a\ntail", {"a", "tail"}},
      {"\n\r", {"", ""}},
      {"a\0b\n"sv, {std::string("a\0b", 3)}},
      {"\xc2\xa0\n\xff\n", {"\xc2\xa0", "\xff"}},
  };
  for (const Row& row : table) {
    for (const std::size_t step : {1U, 3U, 7U, 1000U}) {
      CAPTURE(row.text);
      CAPTURE(step);
      CHECK(split(row.text, step) == row.lines);
    }
  }
}

TEST_CASE("[133] a line fills at most max_line, its newline included") {
  const std::string fits(63, 'x'), too_long(64, 'x');
  for (const std::size_t step : {1U, 3U, 7U, 1000U}) {
    CAPTURE(step);
    CHECK(split(fits + "\n", step) == Lines{fits});
    CHECK(split(fits + "\n" + fits + "\n", step) == Lines{fits, fits});
    CHECK(split(fits, step) == Lines{fits});
    CHECK(split(too_long + "\n", step) == Lines{"too long"});
    CHECK(split(too_long, step) == Lines{"too long"});
    CHECK(split("short\n" + too_long + "\nnever\n", step) == Lines{"short", "too long"});
    CHECK(split(fits.substr(1) + "\r\n", step) == Lines{fits.substr(1)});
    CHECK(split(fits + "\r\n", step) == Lines{"too long"});
  }
  LineSplitter splitter;
  CHECK(splitter.max_line() == 65536);
  const std::string huge(1'000'000, 'h');
  CHECK(split(huge + "\n", 10'000, huge.size() + 1) == Lines{huge});
  CHECK(split(huge + "\n", 10'000, huge.size()) == Lines{"too long"});
}

TEST_CASE("[135] a thousand blank lines are a thousand lines") {
  for (const std::size_t step : {1U, 3U, 7U, 10'000U})
    CHECK(split(std::string(1000, '\n'), step) == Lines(1000));
}

TEST_CASE("trim_space takes ASCII space only, from both ends only") {
  CHECK(trim_space(" \t\n\v\f\ra b\r\f\v\n\t ") == "a b");
  CHECK(trim_space("").empty());
  CHECK(trim_space(" \t ").empty());
  CHECK(trim_space("\xc2\xa0") == "\xc2\xa0");
  CHECK(trim_space("\0 "sv) == "\0"sv);
}

TEST_CASE("[134] a reader gives the same lines however the bytes are cut") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    scene.reactor.spawn(trickle(scene, "a\nb\r\n\n\na\rb\nx\r", 1));
    auto lines = co_await read_all(scene.conn, 64);
    CHECK(lines == Lines{"a", "b", "", "", "a\rb", "x", "error: EOF"});
  });
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    const std::string text = std::string(1000, '\n') + "tail";
    scene.reactor.spawn(trickle(scene, text, 7));
    auto lines = co_await read_all(scene.conn, 64);
    Lines expected(1000);
    expected.insert(expected.end(), {"tail", "error: EOF"});
    CHECK(lines == expected);
  });
}

TEST_CASE("end of file stays end of file") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    LineReader reader(scene.conn);
    scene.peer.send("tail");
    scene.peer.finish();
    auto tail = co_await reader.read_line();
    REQUIRE(tail.has_value());
    CHECK(*tail == "tail");
    for (int round = 0; round < 3; ++round) {
      auto end = co_await reader.read_line();
      REQUIRE_FALSE(end.has_value());
      CHECK(end.error().is_eof());
    }
  });
}

TEST_CASE("a line that is too long is an error, again and again, in bounded memory") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    LineReader reader(scene.conn, 1024);
    const std::string flood(50'000, 'x');
    scene.peer.send("short\n");
    scene.peer.send(flood);
    auto first = co_await reader.read_line();
    REQUIRE(first.has_value());
    CHECK(*first == "short");
    for (int round = 0; round < 3; ++round) {
      auto line = co_await reader.read_line();
      REQUIRE_FALSE(line.has_value());
      CHECK(line.error() == ErrorCode::line_too_long);
      CHECK(scene.reactor.buffers().bytes_in_use() <= 256 * 1024);
    }
  });
}

TEST_CASE("[133] a line of max_line - 1 bytes passes through a connection") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    static const std::string longest(LineSplitter::default_max_line - 1, 'y');
    static const std::string text = longest + '\n' + longest + "z\n";
    scene.reactor.spawn(trickle(scene, text, 10'000));
    auto lines = co_await read_all(scene.conn, LineSplitter::default_max_line);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == longest);
    CHECK(lines[1] == "error: line too long");
  });
}

TEST_CASE("[136] what was received before an error is delivered before the error") {
  test::DescriptorCheck descriptors;
  test::ConnStage scene(test::Transport::tcp);
  scene.run([](test::ConnStage& on) -> Task<> {
    LineReader reader(on.conn);
    co_await test::send_all(on.reactor, on.peer, "one\ntwo\nhalf");
    auto one = co_await reader.read_line();
    REQUIRE(one.has_value());
    on.peer.reset();
    auto two = co_await reader.read_line();
    REQUIRE(two.has_value());
    CHECK(*two == "two");
    auto end = co_await reader.read_line();
    REQUIRE_FALSE(end.has_value());
    CHECK(end.error().is_reset());
  });
}

TEST_CASE("a deadline ends the wait for a line, and loses nothing of it") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    LineReader reader(scene.conn);
    co_await test::send_all(scene.reactor, scene.peer, "ha");
    auto set = scene.conn.set_read_deadline(scene.reactor.now() + 5s);
    CHECK(set.has_value());
    const auto before = scene.reactor.now();
    auto line = co_await reader.read_line();
    REQUIRE_FALSE(line.has_value());
    CHECK(line.error().timeout());
    CHECK(scene.reactor.now() - before >= 5s);
    CHECK(scene.reactor.buffers().bytes_in_use() <= 1024);  // half a line sleeps in little room
    set = scene.conn.set_read_deadline(reactord::Time::never());
    scene.peer.send("lf\n");
    auto whole = co_await reader.read_line();
    REQUIRE(whole.has_value());
    CHECK(*whole == "half");
  });
}

TEST_CASE("an idle reader owns no buffer") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    LineReader reader(scene.conn);
    scene.peer.send("line\n");
    auto line = co_await reader.read_line();
    CHECK(line.has_value());
    auto set = scene.conn.set_read_deadline(scene.reactor.now() + 1s);
    CHECK(set.has_value());
    auto none = co_await reader.read_line();
    CHECK_FALSE(none.has_value());
    CHECK(scene.reactor.buffers().bytes_in_use() == 0);
  });
}

TEST_CASE("next_line gives what read_line would, of what has been received, and nothing else") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    LineReader reader(scene.conn, 16);
    CHECK_FALSE(reader.next_line().has_value());
    co_await test::send_all(scene.reactor, scene.peer, "one\ntwo\r\n\n\0\rx\nhalf"sv);
    CHECK_FALSE(reader.next_line().has_value());  // it receives nothing
    auto first = co_await reader.read_line();
    REQUIRE(first.has_value());
    CHECK(*first == "one");
    CHECK(reader.next_line() == "two");
    CHECK(reader.next_line() == "");
    CHECK(reader.next_line() == "\0\rx"sv);
    CHECK_FALSE(reader.next_line().has_value());
    CHECK_FALSE(reader.next_line().has_value());
    CHECK(reader.buffered() == "half");
    co_await test::send_all(scene.reactor, scene.peer, " of it\n1234567890123456\nnever\n");
    auto half = co_await reader.read_line();
    REQUIRE(half.has_value());
    CHECK(*half == "half of it");
    CHECK_FALSE(reader.next_line().has_value());
    auto too_long = co_await reader.read_line();
    REQUIRE_FALSE(too_long.has_value());
    CHECK(too_long.error() == ErrorCode::line_too_long);
    CHECK_FALSE(reader.next_line().has_value());
  });
}

TEST_CASE("next_line leaves the last line, which has no end, to read_line") {
  test::over_each_transport([](test::ConnStage& scene) -> Task<> {
    LineReader reader(scene.conn);
    co_await test::send_all(scene.reactor, scene.peer, "one\ntail");
    scene.peer.finish();
    auto one = co_await reader.read_line();
    REQUIRE(one.has_value());
    CHECK_FALSE(reader.next_line().has_value());
    auto tail = co_await reader.read_line();
    REQUIRE(tail.has_value());
    CHECK(*tail == "tail");
    CHECK_FALSE(reader.next_line().has_value());
  });
}
