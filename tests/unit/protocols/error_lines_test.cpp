#include "protocols/programs/error_lines.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/stage.hpp"

using reactord::ErrorLines;
using reactord::FileDescriptor;
using reactord::Task;
using namespace std::chrono_literals;

namespace {

struct ErrorLinesStage : test::Stage, reactord::ErrorLinesListener {
  ErrorLinesStage() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    FileDescriptor ours(ends[0]);
    theirs.reset(ends[1]);
    auto started = ErrorLines::start(reactor, std::move(ours), *this);
    REQUIRE(started.has_value());
    lines = std::move(*started);
  }

  void on_error_line(std::string_view line, bool is_cut) override {
    told.push_back(std::string(line) + (is_cut ? "|cut" : ""));
  }

  // As many of the bytes as the pipe takes.
  std::size_t says(std::string_view bytes) {
    const ssize_t count = ::write(theirs.get(), bytes.data(), bytes.size());
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }

  Task<> read() {  // what was said, if a turn's budget suffices
    for (int turn = 0; turn < 3; ++turn) co_await reactor.next_turn();
  }

  FileDescriptor theirs;
  std::vector<std::string> told;
  ErrorLines lines;
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("each line of standard error is told once it has ended, and the last one at the end") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    on.says("one\r\n\n\r\ntwo\nth");
    co_await on.read();
    CHECK(on.told == Told{"one", "two"});
    on.says("ree\na\rb\n");
    co_await on.read();
    CHECK(on.told == Told{"one", "two", "three", "a\rb"});
    on.says("unfinished");
    co_await on.read();
    CHECK(on.told.size() == 4);
    CHECK_FALSE(on.lines.has_ended());
    on.theirs.reset();
    co_await on.read();
    CHECK(on.told.back() == "unfinished");
    CHECK(on.told.size() == 5);
    CHECK(on.lines.has_ended());
    on.lines.finish();
    CHECK(on.told.size() == 5);
  });
}

TEST_CASE("a long line is told when it is too long, once, and the line behind it is whole") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    const std::string longest(ErrorLines::longest_line, 'x');
    on.says(longest + "\n");
    co_await on.read();
    CHECK(on.told == Told{longest});
    on.told.clear();
    on.says(longest);
    co_await on.read();
    CHECK(on.told.empty());
    on.says("y");
    co_await on.read();
    CHECK(on.told == Told{longest + "|cut"});
    on.says(std::string(10'000, 'y') + "\nnext\n");
    co_await on.read();
    CHECK(on.told == Told{longest + "|cut", "next"});
    on.says(std::string(3000, 'z'));
    on.theirs.reset();
    co_await on.read();
    CHECK(on.told.size() == 3);
    CHECK(on.told.back() == std::string(ErrorLines::longest_line, 'z') + "|cut");
  });
}

TEST_CASE("lines beyond so many a second are counted, and the number is told when the second is over") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    std::string flood;
    for (unsigned line = 0; line < ErrorLines::lines_per_second + 523; ++line) flood += "a\n";
    CHECK(on.says(flood) == flood.size());
    co_await on.read();
    CHECK(on.told.size() == ErrorLines::lines_per_second);
    auto slept = co_await on.reactor.sleep(1001ms);
    CHECK(slept.has_value());
    REQUIRE(on.told.size() == ErrorLines::lines_per_second + 1);
    CHECK(on.told.back() == "… 523 lines left out");

    on.told.clear();
    on.says(flood);
    co_await on.read();
    CHECK(on.told.size() == ErrorLines::lines_per_second);
    on.theirs.reset();
    co_await on.read();
    CHECK(on.told.back() == "… 523 lines left out");
  });
}

TEST_CASE("a line of the next second is told behind the number of those left out before") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    for (unsigned line = 0; line <= ErrorLines::lines_per_second; ++line) on.says("a\n");
    co_await on.read();
    on.told.clear();
    on.clock.advance(2s);
    on.says("b\n");
    co_await on.read();
    CHECK(on.told == Told{"… 1 line left out", "b"});
  });
}

TEST_CASE("a flood takes a turn no more than its budget, and the writer never waits for the log") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    const std::string bytes(ErrorLines::bytes_per_turn, 'x');
    std::size_t said = 0;
    for (int turn = 0; turn < 100; ++turn) {
      said += on.says(bytes);
      co_await on.read();
    }
    CHECK(said == 100 * bytes.size());
    CHECK(on.told.size() == 1);
  });
}

TEST_CASE("finish tells what lies in the pipe, though somebody holds it open") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    on.says("last words\nand the rest");
    on.lines.finish();
    CHECK(on.told == Told{"last words", "and the rest"});
    CHECK(on.lines.has_ended());
    on.lines.finish();
    CHECK(on.told.size() == 2);
    co_await on.read();
    CHECK(on.reactor.open_descriptors() == 0);
  });
}

TEST_CASE("whoever lets go of the lines is told no more") {
  ErrorLinesStage stage;
  stage.run([](ErrorLinesStage& on) -> Task<> {
    for (unsigned line = 0; line < 2 * ErrorLines::lines_per_second; ++line) on.says("a\n");
    co_await on.read();
    on.told.clear();
    on.says("unheard\n");
    on.lines = ErrorLines();
    auto slept = co_await on.reactor.sleep(5s);
    CHECK(slept.has_value());
    CHECK(on.told.empty());
    CHECK(on.lines.has_ended());
    CHECK(on.reactor.open_descriptors() == 0);
  });
}
