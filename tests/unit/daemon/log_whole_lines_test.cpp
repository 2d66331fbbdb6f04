// Every line of the log is written whole, or counted: on a file that can't grow, and in a turn with very many of them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "daemon/log.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Log;
using reactord::LogLevel;
using reactord::Reactor;
using reactord::Task;
using reactord::WatchHandle;

namespace {

// While it lives, no file of this process grows beyond so many bytes: write(2) then says EFBIG, as ENOSPC on a full disk.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

struct LogStage : test::Stage {
  LogStage() : file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    REQUIRE(file.get() >= 0);
    log = Log::open(reactor, file.get(), LogLevel::info);
  }
  static Task<> next(Reactor& on) { co_await on.next_turn(); }
  void turn() { test::run(reactor, next(reactor)); }
  void write(std::uint64_t number) {
    log->line(LogLevel::info, "line").add("number", number).add("filler", std::string(20, 'f'));
  }
  // Whole lines of ours, and all that reports tell of; every other line is a torn one, and ends all the same.
  struct Counts {
    std::uint64_t whole = 0, torn = 0, reported = 0, reports = 0;
  };
  Counts counts() const {
    Counts counts;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      const std::size_t report = line.find("event=log-lines-dropped count=");
      CHECK(line.find("time=", 1) == line.npos);  // never two in one
      if (report != line.npos) {
        counts.reported += std::stoull(line.substr(report + 30));
        ++counts.reports;
      } else {
        ++(line.ends_with("filler=ffffffffffffffffffff") ? counts.whole : counts.torn);
      }
    }
    return counts;
  }

  test::TemporaryDirectory directory;
  std::string path = directory.path("log");
  test::Descriptor file;
  WatchHandle<Log> log;
};

}  // namespace

TEST_CASE("what a full disk refuses is counted, and a torn line is not glued to the next one") {
  LogStage stage;
  std::uint64_t lines = 0;
  {
    const FileLimit limit(1000);
    for (int turns = 0; turns < 5; ++turns) {
      for (int count = 0; count < 30; ++count) stage.write(lines++);
      stage.turn();
    }
  }
  stage.write(lines++);
  stage.turn();
  stage.turn();
  const LogStage::Counts counts = stage.counts();
  CHECK(counts.torn == 1);
  CHECK(counts.whole + counts.reported == lines);
  CHECK(counts.whole < 20);
  CHECK(stage.log->counts().written == counts.whole + counts.reports);
  CHECK(stage.log->counts().dropped == counts.reported);
}

TEST_CASE("a count whose report was refused is told by the next one") {
  LogStage stage;
  std::uint64_t lines = 0;
  const auto write = [&] {
    stage.write(lines++);
    stage.turn();
    stage.turn();
  };
  {
    const FileLimit limit(0);
    write();
    write();
  }
  {
    const FileLimit limit(100);  // a line, and not the report that follows it
    write();
  }
  write();
  const LogStage::Counts counts = stage.counts();
  CHECK(counts.whole == 2);
  CHECK(counts.whole + counts.reported == lines);
  CHECK(stage.log->counts().written == counts.whole + counts.reports);
  CHECK(stage.log->counts().dropped == counts.reported + 1);  // a report was lost, too
}

TEST_CASE("a turn with more lines than may wait writes them all where the file takes them") {
  LogStage stage;
  constexpr std::uint64_t lines = 10'000;  // about three times what may wait
  for (std::uint64_t number = 0; number < lines; ++number) stage.write(number);
  stage.turn();
  const LogStage::Counts counts = stage.counts();
  CHECK(counts.whole == lines);
  CHECK(counts.reported == 0);
  CHECK(stage.log->counts().written == lines);
  CHECK(stage.log->counts().dropped == 0);
}
