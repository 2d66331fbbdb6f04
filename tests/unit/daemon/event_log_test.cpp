// The lines of events, the bound on them, and the one timer behind it.
#include "daemon/event_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "support/loopback.hpp"
#include "support/process.hpp"

using namespace reactord;

namespace {

// Where lines go: a pipe, and the text after the time of each.
struct LogStage : test::Stage {
  LogStage() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    reader = test::Descriptor(ends[0]);
    writer = test::Descriptor(ends[1]);
  }

  std::string lines(Log& log) const {
    log.flush();
    std::string text, result;
    std::array<char, 4096> bytes{};
    for (ssize_t count; (count = ::read(reader.get(), bytes.data(), bytes.size())) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
      const std::size_t level = text.find("level=", begin);
      result += text.substr(level, text.find('\n', begin) + 1 - level);
    }
    return result;
  }

  test::Descriptor reader, writer;
  Address peer = *Address::parse("192.0.2.1:7");
};

Task<> sleep(Reactor& reactor, Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

ConnectionEnd end_of(const Address& peer, EndCause cause, std::string_view limit = "") {
  return {.number = 0,
          .protocol = "line",
          .remote = peer,
          .cause = cause,
          .error = 0,
          .limit = limit,
          .lines = 0,
          .bytes_read = 1,
          .bytes_written = 2,
          .duration = 3s};
}

}  // namespace

TEST_CASE("each event has its line") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  EventLog events(stage.reactor, *log, 100);
  events.closed(end_of(stage.peer, EndCause::eof));
  events.closed(end_of(stage.peer, EndCause::over_limit, "max-connections-per-address"));
  auto reset = end_of(stage.peer, EndCause::reset);
  reset.error = ECONNRESET;
  reset.lines = 4;
  events.closed(reset);
  events.limit_reached(
      {.limit = "max-connections", .action = "deferred", .protocol = "line", .remote = nullptr});
  events.limit_reached(
      {.limit = "max-line", .action = "truncated", .protocol = "line", .remote = &stage.peer});
  events.stalled({.protocol = "line", .remote = &stage.peer, .duration = 250ms});
  events.stalled({.protocol = "", .remote = nullptr, .duration = 1s});
  events.accept_paused(Error::from_errno(EMFILE, "accept4"), 5ms);
  events.listener_failed(Error::from_errno(EBADF, "accept4"));
  CHECK(
      stage.lines(*log) ==
      "level=info event=closed protocol=line peer=192.0.2.1:7 cause=eof in=1 out=2 seconds=3.000\n"
      "level=info event=closed protocol=line peer=192.0.2.1:7 cause=over-limit "
      "limit=max-connections-per-address in=1 out=2 seconds=3.000\n"
      "level=info event=closed protocol=line peer=192.0.2.1:7 cause=reset error=\"connection reset by peer\" "
      "lines=4 in=1 out=2 seconds=3.000\n"
      "level=warn event=limit limit=max-connections action=deferred protocol=line\n"
      "level=warn event=limit limit=max-line action=truncated protocol=line peer=192.0.2.1:7\n"
      "level=warn event=stall protocol=line peer=192.0.2.1:7 seconds=0.250\n"
      "level=warn event=stall seconds=1.000\n"
      "level=warn event=accept-paused error=\"accept4: too many open files\" retry=0.005\n"
      "level=error event=listener-failed error=\"accept4: bad file descriptor\"\n");
}

TEST_CASE(
    "what comes from a peer can turn no line around and hide nothing: its name, and the text of an "
    "exception") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  EventLog events(stage.reactor, *log, 100);
  const auto name = Address::parse(Network::unix_socket, "@\xff\xe2\x80\xae");
  REQUIRE(name.has_value());
  events.handler_failed({.protocol = "line",
                         .remote = *name,
                         .text = "\xc2\x9b"
                                 "2J\x1b[2J\xe2\x80\xa8"});
  CHECK(stage.lines(*log) ==
        "level=error event=handler-failed protocol=line peer=\"unix:@\\\\xff\\u202e\" "
        "error=\"\\u009b2J\\u001b[2J\\u2028\"\n");
}

TEST_CASE("what is left out is told a second later, and no timer runs before or after") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  EventLog events(stage.reactor, *log, 1);
  for (int count = 0; count < 10; ++count) events.closed(end_of(stage.peer, EndCause::eof));
  CHECK(stage.reactor.timers().size() == 0);
  for (int count = 0; count < 5; ++count) events.closed(end_of(stage.peer, EndCause::eof));
  events.closed(end_of(stage.peer, EndCause::idle));
  CHECK(stage.reactor.timers().size() == 1);
  stage.lines(*log);

  test::run(stage.reactor, sleep(stage.reactor, 999ms));
  CHECK(stage.lines(*log) == "");
  test::run(stage.reactor, sleep(stage.reactor, 2ms));
  CHECK(stage.lines(*log) == "level=info event=omitted kind=closed cause=eof count=5\n");
  CHECK(stage.reactor.timers().size() == 0);

  for (int count = 0; count < 4; ++count) events.closed(end_of(stage.peer, EndCause::eof));
  stage.lines(*log);
  test::run(stage.reactor, sleep(stage.reactor, 1001ms));
  CHECK(stage.lines(*log) == "level=info event=omitted kind=closed cause=eof count=3\n");
  CHECK(events.omitted() == 8);
}

TEST_CASE("a summary can be asked for, as at the end") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::info);
  EventLog events(stage.reactor, *log, 1);
  const LimitReached limit{
      .limit = "accept-rate", .action = "deferred", .protocol = "line", .remote = nullptr};
  for (int count = 0; count < 12; ++count) events.limit_reached(limit);
  stage.lines(*log);
  events.summarize();
  CHECK(stage.lines(*log) ==
        "level=warn event=omitted kind=limit limit=accept-rate action=deferred count=2\n");
  CHECK(stage.reactor.timers().size() == 0);
  events.summarize();
  CHECK(stage.lines(*log) == "");
}

TEST_CASE("what is below the log's level is not left out: nobody asked for it") {
  LogStage stage;
  const WatchHandle<Log> log = Log::open(stage.reactor, stage.writer.get(), LogLevel::warn);
  EventLog events(stage.reactor, *log, 1);
  for (int count = 0; count < 100; ++count) events.closed(end_of(stage.peer, EndCause::eof));
  CHECK(stage.reactor.timers().size() == 0);
  events.summarize();
  CHECK(stage.lines(*log) == "");
}
