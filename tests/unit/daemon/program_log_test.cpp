// The lines of programs in the log.
#include "daemon/program_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "support/loopback.hpp"
#include "support/process.hpp"

using namespace reactord;

namespace {

struct LogStage : test::Stage {
  explicit LogStage(unsigned rate = 100) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    reader = test::Descriptor(ends[0]);
    writer = test::Descriptor(ends[1]);
    log = Log::open(reactor, writer.get(), LogLevel::info);
    events.emplace(reactor, *log, rate);
    programs.emplace(*events);
  }
  ~LogStage() override {
    programs.reset();
    events.reset();
    log.reset();
  }

  // Each from its level on.
  std::string lines() const {
    log->flush();
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
  WatchHandle<Log> log;
  std::optional<EventLog> events;
  std::optional<ProgramLog> programs;
};

constexpr ProgramProcess worker{.program = "upper", .pid = 711, .number = 2, .remote = nullptr};

}  // namespace

TEST_CASE("each event of a program has its line") {
  LogStage stage;
  const Address peer = *Address::parse("192.0.2.1:7");
  ProgramLog& log = *stage.programs;
  log.on_program_started(worker);
  log.on_program_said(worker, "it's \"all\" right\x1b[1m", true);
  log.on_program_silent(worker, "stdbuf -oL");
  log.on_program_gave_no_answer(worker, peer);
  log.on_program_ended(
      worker, {.status = "exit status 1", .reason = "", .lines = 12, .lost = 1, .lived = 3s, .pause = 100ms});
  log.on_program_not_started({.program = "upper", .pid = 0, .number = 2, .remote = nullptr},
                             Error::from_errno(ENOENT, "exec"), 200ms);
  const ProgramProcess of_peer{.program = "cgi", .pid = 712, .number = 0, .remote = &peer};
  log.on_program_started(of_peer);
  log.on_program_ended(
      of_peer, {.status = "exit status 0", .reason = "", .lines = 0, .lost = 0, .lived = 1s, .pause = 0s});
  CHECK(
      stage.lines() ==
      "level=info event=program-started program=upper worker=2 pid=711\n"
      "level=info event=program-said program=upper worker=2 pid=711 text=\"it's \\\"all\\\" "
      "right\\u001b[1m\" cut=yes\n"
      "level=warn event=program-silent program=upper worker=2 pid=711 hint=\"stdbuf -oL\"\n"
      "level=warn event=program-gave-no-answer program=upper worker=2 pid=711 peer=192.0.2.1:7\n"
      "level=warn event=program-ended program=upper worker=2 pid=711 status=\"exit status 1\" lines=12 "
      "lost=1 "
      "lived=3.000 next-in=0.100\n"
      "level=error event=program-not-started program=upper worker=2 error=\"exec: no such file or "
      "directory\" "
      "next-in=0.200\n"
      "level=info event=program-started program=cgi peer=192.0.2.1:7 pid=712\n"
      "level=info event=program-ended program=cgi peer=192.0.2.1:7 pid=712 status=\"exit status 0\" lines=0 "
      "lived=1.000\n");
  {
    auto line = stage.log->line(LogLevel::info, "counters");
    log.add_to(line);
  }
  CHECK(stage.lines() == "level=info event=counters processes=0 process-starts=2\n");
}

TEST_CASE("a program that says much is counted, and another one is still heard") {
  LogStage stage(1);
  for (int line = 0; line < 30; ++line) stage.programs->on_program_said(worker, "x", false);
  const ProgramProcess other{.program = "other", .pid = 1, .number = 1, .remote = nullptr};
  stage.programs->on_program_said(other, "y", false);
  stage.events->summarize();
  const std::string lines = stage.lines();
  CHECK(lines.find("program=other worker=1 pid=1 text=y\n") != std::string::npos);
  CHECK(lines.find("level=info event=omitted kind=program-said program=upper count=20\n") !=
        std::string::npos);
}

TEST_CASE("without a program the counters say nothing of any") {
  LogStage stage;
  {
    auto line = stage.log->line(LogLevel::info, "counters");
    stage.programs->add_to(line);
  }
  CHECK(stage.lines() == "level=info event=counters\n");
}
