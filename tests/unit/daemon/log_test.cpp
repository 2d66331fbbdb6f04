// The log: logfmt, one write per turn, and never a wait for whoever reads it.
#include "daemon/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>

#include "support/loopback.hpp"
#include "support/no_descriptors.hpp"
#include "support/process.hpp"

using reactord::Log;
using reactord::LogLevel;
using reactord::Reactor;
using reactord::Task;
using reactord::WatchHandle;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

struct LogStage : test::Stage {
  LogStage() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    reader = test::Descriptor(ends[0]);
    writer = test::Descriptor(ends[1]);
    REQUIRE(::fcntl(reader.get(), F_SETFL, O_NONBLOCK) == 0);
  }

  std::string read() const {
    std::string text;
    std::array<char, 4096> bytes{};
    while (true) {
      const ssize_t count = ::read(reader.get(), bytes.data(), bytes.size());
      if (count <= 0) return text;
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }

  test::Descriptor reader, writer;
};

Task<> turn(Reactor& reactor) { co_await reactor.next_turn(); }
Task<> sleep(Reactor& reactor, reactord::Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

// What one value becomes after its key.
std::string written_as(std::string_view value) {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  log->line(LogLevel::info, "test").add("key", value);
  log->flush();
  const std::string text = stage.read();
  const std::size_t key = text.find(" key=");
  REQUIRE(key != std::string::npos);
  REQUIRE(text.ends_with('\n'));
  return text.substr(key + 5, text.size() - key - 6);
}

}  // namespace

TEST_CASE("a line is logfmt with the time first") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  log->line(LogLevel::warn, "closed")
      .add("peer", "127.0.0.1:1")
      .add("in", std::uint64_t{18446744073709551615U})
      .add_seconds("seconds", 1'234'567'890ns);
  test::run(stage.reactor, turn(stage.reactor));
  const std::string text = stage.read();
  CAPTURE(text);
  const std::string_view time = "time=2026-01-31T12:00:00.000Z";
  REQUIRE(text.size() > time.size());
  for (std::size_t index = 0; index < time.size(); ++index) {
    const bool is_digit = index > 4 && time[index] >= '0' && time[index] <= '9';
    if (is_digit) {
      CHECK((text[index] >= '0' && text[index] <= '9'));
    } else {
      CHECK(text[index] == time[index]);
    }
  }
  CHECK(text.substr(time.size()) ==
        " level=warn event=closed peer=127.0.0.1:1 in=18446744073709551615 seconds=1.235\n");
}

TEST_CASE("a value is quoted where logfmt needs it, and can forge no line") {
  CHECK(written_as("plain") == "plain");
  CHECK(written_as("[::1]:9090") == "[::1]:9090");
  CHECK(written_as("") == "\"\"");
  CHECK(written_as("two words") == "\"two words\"");
  CHECK(written_as("a=b") == "\"a=b\"");
  CHECK(written_as("say \"hi\"") == "\"say \\\"hi\\\"\"");
  CHECK(written_as("back\\slash") == "\"back\\\\slash\"");
  CHECK(written_as("one\ntwo") == "\"one\\ntwo\"");
  CHECK(written_as("\x1b[31m\t\r\x7f") == R"("\u001b[31m\t\r\u007f")");
  CHECK(written_as("nul\0!"sv) == R"("nul\u0000!")");
  CHECK(written_as("\xc3\xa4") == "\xc3\xa4");
}

// By a program that reads a terminal's output, or a person who reads the line: C1 controls are controls, and some
// characters turn the direction of what follows, are line ends, or are not there to be seen.
TEST_CASE("a value shows all that is in it: what would not be seen as what it is, is written out") {
  CHECK(written_as("\xc2\x9b"
                   "31m") == R"("\u009b31m")");    // CSI, the C1 form of ESC [
  CHECK(written_as("\xc2\x85") == R"("\u0085")");  // next line
  for (const auto& [text, escaped] : std::initializer_list<std::pair<const char*, const char*>>{
           {"\xe2\x80\xae", R"("\u202e")"},  // right-to-left override
           {"\xe2\x80\xaa", R"("\u202a")"},  // the others of its kind
           {"\xe2\x81\xa6", R"("\u2066")"},
           {"\xe2\x81\xa9", R"("\u2069")"},
           {"\xe2\x80\x8f", R"("\u200f")"},
           {"\xd8\x9c", R"("\u061c")"},
           {"\xe2\x80\xa8", R"("\u2028")"},  // line separator
           {"\xe2\x80\xa9", R"("\u2029")"},  // paragraph separator
           {"\xe2\x80\x8b", R"("\u200b")"},  // of no width
           {"\xef\xbb\xbf", R"("\ufeff")"},
           {"\xc2\xad", R"("\u00ad")"},                   // soft hyphen
           {"\xf3\xa0\x81\x81", R"("\udb40\udc41")"}}) {  // a tag, U+E0041, as JSON has it
    CAPTURE(escaped);
    CHECK(written_as(text) == escaped);
  }
  CHECK(written_as("\xe2\x82\xac\xf0\x9f\x99\x82") == "\xe2\x82\xac\xf0\x9f\x99\x82");
}

TEST_CASE("a value with bytes that are no UTF-8 is written in UTF-8 all the same, and shows them") {
  CHECK(written_as("\x9b"
                   "31m") == R"("\\x9b31m")");
  CHECK(written_as("\xff") == R"("\\xff")");
  CHECK(written_as("a\xc3") == R"("a\\xc3")");                  // half a character
  CHECK(written_as("\xc0\x8a") == R"("\\xc0\\x8a")");           // an overlong newline
  CHECK(written_as("\xed\xa0\x80") == R"("\\xed\\xa0\\x80")");  // a surrogate
  CHECK(written_as("\xf4\x90\x80\x80") == R"("\\xf4\\x90\\x80\\x80")");
}

TEST_CASE("what is below the level costs nothing and writes nothing") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::warn);
  CHECK(log->is_enabled(LogLevel::error));
  CHECK(log->is_enabled(LogLevel::warn));
  CHECK_FALSE(log->is_enabled(LogLevel::info));
  log->line(LogLevel::info, "unseen").add("key", "value");
  log->line(LogLevel::debug, "unseen");
  log->line(LogLevel::error, "seen");
  log->flush();
  const std::string text = stage.read();
  CHECK(text.find("unseen") == std::string::npos);
  CHECK(text.find(" level=error event=seen\n") != std::string::npos);
}

TEST_CASE("lines of a turn are written at its end, in order") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  log->line(LogLevel::info, "first");
  log->line(LogLevel::info, "second");
  CHECK(stage.read().empty());
  test::run(stage.reactor, turn(stage.reactor));
  const std::string text = stage.read();
  const std::size_t first = text.find("event=first\n"), second = text.find("event=second\n");
  CHECK(first != std::string::npos);
  CHECK(second != std::string::npos);
  CHECK(first < second);
}

TEST_CASE("a full pipe is not waited for: what does not fit is dropped, counted and reported") {
  LogStage stage;
  REQUIRE(::fcntl(stage.writer.get(), F_SETPIPE_SZ, 4096) >= 0);
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  const std::string filler(1000, 'f');
  constexpr unsigned lines = 1000;  // about four times what the queue holds
  for (unsigned count = 0; count < lines; ++count) {
    log->line(LogLevel::info, "line").add("number", std::uint64_t{count}).add("filler", filler);
  }
  test::run(stage.reactor, turn(stage.reactor));
  std::string text;
  for (int round = 0; round < 1000 && text.find("log-lines-dropped") == std::string::npos; ++round) {
    text += stage.read();
    test::run(stage.reactor, sleep(stage.reactor, Log::retry));
  }
  text += stage.read();
  unsigned written = 0;
  for (std::size_t at = 0; (at = text.find("event=line ", at)) != std::string::npos; ++at) ++written;
  CHECK(written > 0);
  CHECK(written < lines);
  CHECK(text.find("level=warn event=log-lines-dropped count=" + std::to_string(lines - written) + "\n") !=
        std::string::npos);
  CHECK(text.find(" number=" + std::to_string(written - 1) + " ") !=
        std::string::npos);                     // the oldest are kept
  CHECK(log->counts().written == written + 1);  // and the report
  CHECK(log->counts().dropped == lines - written);

  log->line(LogLevel::info, "afterwards");
  test::run(stage.reactor, turn(stage.reactor));
  CHECK(stage.read().ends_with("event=afterwards\n"));
}

TEST_CASE("the flags of the shared descriptor are left as they are") {
  LogStage stage;
  const int before = ::fcntl(stage.writer.get(), F_GETFL);
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  log->line(LogLevel::info, "line");
  log->flush();
  CHECK(::fcntl(stage.writer.get(), F_GETFL) == before);
  CHECK_FALSE(stage.read().empty());
}

TEST_CASE("a full pipe that can't be opened anew is not waited for either") {
  LogStage stage;
  REQUIRE(::fcntl(stage.writer.get(), F_SETPIPE_SZ, 4096) >= 0);
  test::NoDescriptors no_descriptors;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  no_descriptors.end();
  REQUIRE((::fcntl(stage.writer.get(), F_GETFL) & O_NONBLOCK) == 0);
  const std::string filler(500, 'f');
  for (unsigned count = 0; count < 100; ++count) {
    log->line(LogLevel::info, "line").add("number", std::uint64_t{count}).add("filler", filler);
  }
  test::run(stage.reactor, turn(stage.reactor));  // would never end
  std::string text;
  for (int round = 0; round < 100 && text.find("number=99") == std::string::npos; ++round) {
    text += stage.read();
    test::run(stage.reactor, sleep(stage.reactor, Log::retry));
  }
  text += stage.read();
  CHECK(std::ranges::count(text, '\n') == 100);
  CHECK((::fcntl(stage.writer.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a terminal that takes no more and can't be opened anew is not waited for either") {
  LogStage stage;
  int master = -1, slave = -1;
  REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
  const test::Descriptor screen(master), terminal(slave);
  test::NoDescriptors no_descriptors;
  const WatchHandle<Log> log = Log::open(stage.reactor, terminal.get(), LogLevel::info);
  no_descriptors.end();
  const std::string filler(1000, 'f');
  for (unsigned count = 0; count < 200; ++count) log->line(LogLevel::info, "line").add("filler", filler);
  test::run(stage.reactor, turn(stage.reactor));  // would never end
  CHECK((::fcntl(terminal.get(), F_GETFL) & O_NONBLOCK) == 0);
  std::array<char, 1024> bytes{};
  const ssize_t count = ::read(screen.get(), bytes.data(), bytes.size());
  REQUIRE(count > 5);
  CHECK(std::string_view(bytes.data(), 5) == "time=");
}

TEST_CASE("a reader that has gone is nobody's problem") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  REQUIRE(::sigaction(SIGPIPE, &ignore, &before) == 0);
  stage.reader.close();
  log->line(LogLevel::info, "unheard");
  test::run(stage.reactor, turn(stage.reactor));
  log->line(LogLevel::info, "unheard too");
  test::run(stage.reactor, turn(stage.reactor));
  ::sigaction(SIGPIPE, &before, nullptr);
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("under the journal a priority stands in the place of time and level") {
  LogStage stage;
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const test::Descriptor ours(ends[0]);
  test::Peer journal(ends[1]);
  struct stat file {};
  REQUIRE(::fstat(ours.get(), &file) == 0);
  const std::string stream = std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
  REQUIRE(::setenv("JOURNAL_STREAM", stream.c_str(), 1) == 0);
  const WatchHandle<Log> log = Log::open(stage.reactor, ours.get(), LogLevel::debug);
  const WatchHandle<Log> elsewhere = Log::open(stage.reactor, stage.writer.get(), LogLevel::debug);
  REQUIRE(::unsetenv("JOURNAL_STREAM") == 0);
  for (const auto level : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
    log->line(level, "told").add("a", "b");
  }
  elsewhere->line(LogLevel::info, "told");
  log->flush();
  elsewhere->flush();
  CHECK(journal.receive() == "<3>event=told a=b\n<4>event=told a=b\n<6>event=told a=b\n<7>event=told a=b\n");
  CHECK(stage.read().starts_with("time="));
}

TEST_CASE("what can still be written is written when the log is let go") {
  LogStage stage;
  {
    const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
    log->line(LogLevel::info, "last");
  }
  test::run(stage.reactor, turn(stage.reactor));
  CHECK(stage.read().ends_with("event=last\n"));
}
