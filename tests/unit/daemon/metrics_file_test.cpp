// MetricsFile: what a reader of the file sees, and that trouble with it is told once.
#include "daemon/metrics_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/fake_control_host.hpp"
#include "support/process.hpp"
#include "support/server_stage.hpp"

using namespace reactord;
using namespace std::chrono_literals;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

struct Ends {
  Ends() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    reader = test::Descriptor(ends[0]);
    writer = test::Descriptor(ends[1]);
  }
  test::Descriptor reader, writer;
};

struct FileStage : test::ServerStage {
  std::string logged() const {
    log->flush();
    std::string text(65536, '\0');
    const ssize_t count = ::read(pipe.reader.get(), text.data(), text.size());
    text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return text;
  }
  bool is_there(const std::string& name) const { return std::filesystem::exists(directory.path(name)); }

  test::TemporaryDirectory directory;
  std::string path = directory.path("a.prom");
  Ends pipe;
  WatchHandle<Log> log = Log::open(reactor, pipe.writer.get(), LogLevel::info);
  test::FakeControlHost host{server};
  MetricsFile file{reactor, host, *log};
};

}  // namespace

TEST_CASE_FIXTURE(FileStage, "the file is written at once, and again after each interval") {
  run([](FileStage& stage) -> Task<> {
    stage.file.follow(stage.path);
    co_await test::pass(stage.reactor, 1ms);
    CHECK(has(text_of(stage.path), "\nreactord_stalls_total 0\n"));
    CHECK_FALSE(stage.is_there("a.prom.tmp"));
    struct stat status {};
    REQUIRE(::stat(stage.path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0600U) == 0600U);
    stage.host.daemon_facts.stalls = 7;
    co_await test::pass(stage.reactor, MetricsFile::interval - 10ms);
    CHECK(has(text_of(stage.path), "\nreactord_stalls_total 0\n"));
    co_await test::pass(stage.reactor, 20ms);
    CHECK(has(text_of(stage.path), "\nreactord_stalls_total 7\n"));
    CHECK(stage.logged().empty());
    Task<> stopping = MetricsFile::stop(stage.file);
    co_await std::move(stopping);
    CHECK_FALSE(stage.is_there("a.prom"));
  });
}

TEST_CASE_FIXTURE(FileStage, "another path takes its place, and none ends it until there is one again") {
  run([](FileStage& stage) -> Task<> {
    const std::string other = stage.directory.path("b.prom");
    stage.file.follow(stage.path);
    co_await test::pass(stage.reactor, 1ms);
    stage.file.follow(other);
    co_await test::pass(stage.reactor, 1ms);
    CHECK_FALSE(stage.is_there("a.prom"));
    CHECK(stage.is_there("b.prom"));
    stage.file.follow("");
    co_await test::pass(stage.reactor, 1h);
    CHECK_FALSE(stage.is_there("b.prom"));
    stage.file.follow(stage.path);
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.is_there("a.prom"));
    Task<> stopping = MetricsFile::stop(stage.file);
    co_await std::move(stopping);
  });
}

TEST_CASE_FIXTURE(FileStage, "a failure is told once, another one too, and its end") {
  run([](FileStage& stage) -> Task<> {
    const std::string folder = stage.directory.path("folder");
    stage.file.follow(folder + "/a.prom");
    co_await test::pass(stage.reactor, 10 * MetricsFile::interval);
    CHECK(has(stage.logged(), "level=error event=metrics-file-failed file=" + folder +
                                  "/a.prom error=\"no such file or directory\"\n"));
    std::ofstream(folder) << "no folder";
    co_await test::pass(stage.reactor, 10 * MetricsFile::interval);
    const std::string second = stage.logged();
    CHECK(has(second, "error=\"not a directory\"\n"));
    CHECK(second.find('\n') == second.size() - 1);
    std::filesystem::remove(folder);
    std::filesystem::create_directory(folder);
    co_await test::pass(stage.reactor, 2 * MetricsFile::interval);
    const std::string third = stage.logged();
    CHECK(has(third, "event=metrics-file-written"));
    CHECK(third.find('\n') == third.size() - 1);
    Task<> stopping = MetricsFile::stop(stage.file);
    co_await std::move(stopping);
    CHECK(std::filesystem::is_empty(folder));
    std::filesystem::remove(folder);
  });
}

TEST_CASE_FIXTURE(FileStage,
                  "a pipe or a link in the place of the new file is neither waited for nor followed") {
  run([](FileStage& stage) -> Task<> {
    const std::string temporary = stage.path + ".tmp", target = stage.directory.path("target");
    REQUIRE(::mkfifo(temporary.c_str(), 0600) == 0);
    stage.file.follow(stage.path);
    co_await test::pass(stage.reactor, 1ms);
    CHECK(has(stage.logged(), "event=metrics-file-failed"));
    std::filesystem::remove(temporary);
    REQUIRE(::symlink(target.c_str(), temporary.c_str()) == 0);
    co_await test::pass(stage.reactor, MetricsFile::interval);
    CHECK(has(stage.logged(), "event=metrics-file-failed"));
    CHECK_FALSE(stage.is_there("target"));
    std::filesystem::remove(temporary);
    Task<> stopping = MetricsFile::stop(stage.file);
    co_await std::move(stopping);
  });
}

TEST_CASE_FIXTURE(FileStage, "without a path nothing runs, and the end waits for nothing") {
  run([](FileStage& stage) -> Task<> {
    stage.file.follow("");
    CHECK(stage.reactor.live_tasks() == 1);
    Task<> stopping = MetricsFile::stop(stage.file);
    co_await std::move(stopping);
    stage.file.follow(stage.path);  // too late
    co_await test::pass(stage.reactor, 1ms);
    CHECK_FALSE(stage.is_there("a.prom"));
  });
}

TEST_CASE("an end without a stop ends the task") {
  FileStage stage;
  {
    MetricsFile file(stage.reactor, stage.host, *stage.log);
    file.follow(stage.path);
  }
  CHECK(stage.reactor.live_tasks() == 0);
}
