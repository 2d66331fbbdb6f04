// The followers of the log: what they are given, under journald too, and that what the log drops is not.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "daemon/log.hpp"
#include "support/process.hpp"
#include "support/stage.hpp"

using namespace reactord;
using namespace std::string_view_literals;

namespace {

struct Follower final : LogFollower {
  void on_line(LogLevel level, std::string_view time, std::string_view text) noexcept override {
    seen += std::to_string(static_cast<int>(level)) + " " + std::string(text) + "\n";
    last_time = time;
  }
  void on_line_lost() noexcept override { ++lost; }
  std::string seen, last_time;
  int lost = 0;
};

// Both ends of a pipe; the reader does not wait.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    reader = test::Descriptor(ends[0]);
    writer = test::Descriptor(ends[1]);
    REQUIRE(::fcntl(reader.get(), F_SETFL, O_NONBLOCK) == 0);
  }
  std::string read() const {
    std::string text(128 * 1024, '\0');
    text.resize(
        static_cast<std::size_t>(std::max<ssize_t>(::read(reader.get(), text.data(), text.size()), 0)));
    return text;
  }
  test::Descriptor reader, writer;
};

bool is_time(std::string_view text) {
  return text.size() == "2026-01-31T12:00:00.000Z"sv.size() && text[4] == '-' && text[10] == 'T' &&
         text.ends_with('Z');
}

}  // namespace

TEST_CASE("a follower is given each line that the log takes while it follows") {
  test::Stage stage;
  const Pipe pipe;
  Follower one, two;
  const WatchHandle<Log> log = Log::open(stage.reactor, pipe.writer.get(), LogLevel::info);
  log->line(LogLevel::info, "before");
  log->follow(one);
  log->line(LogLevel::info, "first").add("text", "a event=b");
  CHECK(is_time(one.last_time));
  log->line(LogLevel::debug, "not-made");
  log->follow(two);
  try {
    auto line = log->line(LogLevel::warn, "broken-off");
    throw 7;
  } catch (int) {
  }
  log->line(LogLevel::error, "second");
  log->answer("third");
  Log::leave(one);
  log->line(LogLevel::info, "fourth");
  Log::leave(two);
  log->line(LogLevel::info, "behind");
  CHECK(one.seen == "2 event=first text=\"a event=b\"\n0 event=second\n2 event=third\n");
  CHECK(two.seen == "0 event=second\n2 event=third\n2 event=fourth\n");
  log->flush();
  CHECK(pipe.read().find("time=" + two.last_time + " level=info event=fourth\n") != std::string::npos);
}

TEST_CASE("a line that the log drops for want of room is not followed") {
  test::Stage stage;
  const Pipe pipe;
  Follower follower;
  std::size_t written = 0;
  constexpr std::size_t made = 10'000;
  {
    const WatchHandle<Log> log = Log::open(stage.reactor, pipe.writer.get(), LogLevel::info);
    log->follow(follower);
    const std::string text(100, 'x');
    for (std::size_t line = 0; line < made; ++line) log->line(LogLevel::info, "flood").add("text", text);
    Log::leave(follower);
    for (std::string piece; !(piece = pipe.read()).empty(); log->flush())
      written += static_cast<std::size_t>(std::ranges::count(piece, '\n'));
  }
  const auto followed = static_cast<std::size_t>(std::ranges::count(follower.seen, '\n'));
  CHECK(followed < made / 2);
  CHECK(written == followed + 1);  // and how many were dropped
  CHECK(follower.lost == 0);
}

TEST_CASE("under the journal a follower is told time and level all the same") {
  test::Stage stage;
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const test::Descriptor ours(ends[0]), journal(ends[1]);
  struct stat file {};
  REQUIRE(::fstat(ours.get(), &file) == 0);
  const std::string stream = std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
  REQUIRE(::setenv("JOURNAL_STREAM", stream.c_str(), 1) == 0);
  const WatchHandle<Log> log = Log::open(stage.reactor, ours.get(), LogLevel::debug);
  REQUIRE(::unsetenv("JOURNAL_STREAM") == 0);
  Follower follower;
  log->follow(follower);
  log->line(LogLevel::debug, "told").add("a", "b");
  Log::leave(follower);
  CHECK(follower.seen == "3 event=told a=b\n");
  CHECK(is_time(follower.last_time));
}
