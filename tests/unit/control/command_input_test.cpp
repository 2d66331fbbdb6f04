// Commands from standard input, and the output of their answers: pipes, files and what is wrong with them.
#include "control/command_input.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "base/system_pipes.hpp"
#include "base/system_process.hpp"
#include "control/output.hpp"
#include "support/process.hpp"

using reactord::control::CommandInput;
using reactord::control::Output;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(reactord::system::pipe(ends) == 0);
    reader = test::Descriptor(ends[0]);
    writer = test::Descriptor(ends[1]);
  }
  void put(std::string_view text) const {
    REQUIRE(::write(writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  test::Descriptor reader, writer;
};

std::string next(CommandInput& input) {
  const auto line = input.next();
  if (!line) return line.error().text();
  return line->value_or("(end)");
}

}  // namespace

TEST_SUITE("reactordctl input") {
  TEST_CASE("lines come one by one, the last without its end too") {
    Pipe pipe;
    CommandInput input(pipe.reader.get());
    pipe.put("stats\r\n\nkill 7\nlis");
    CHECK(next(input) == "stats");
    CHECK(next(input) == "");
    CHECK(next(input) == "kill 7");
    pipe.put("teners");
    pipe.writer.close();
    CHECK(next(input) == "listeners");
    CHECK(next(input) == "(end)");
    CHECK(next(input) == "(end)");
  }

  TEST_CASE("a line that is too long is an error") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("commands");
    test::write_file(path, "stats\n" + std::string(reactord::LineSplitter::default_max_line, 'x') + "\n");
    const test::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    CommandInput input(file.get());
    CHECK(next(input) == "stats");
    CHECK(input.next().error() == reactord::ErrorCode::line_too_long);
  }

  TEST_CASE("what can't be read is an error") {
    const test::TemporaryDirectory directory;
    const test::Descriptor folder(::open(directory.path("").c_str(), O_RDONLY | O_CLOEXEC));
    CommandInput input(folder.get());
    CHECK(input.next().error().system_errno() == EISDIR);
  }

  TEST_CASE("a terminal that somebody made nonblocking is waited for") {
    Pipe pipe;
    REQUIRE(reactord::system::make_nonblocking(pipe.reader.get()) == 0);
    pipe.put("stats\n");
    CommandInput input(pipe.reader.get());
    CHECK(next(input) == "stats");
    pipe.writer.close();
    CHECK(next(input) == "(end)");
  }
}

TEST_SUITE("reactordctl output") {
  TEST_CASE("bytes are collected until flush()") {
    Pipe pipe;
    Output output(pipe.writer.get());
    output.write("one\n");
    output.write("two\n");
    REQUIRE(reactord::system::make_nonblocking(pipe.reader.get()) == 0);
    char bytes[64];
    CHECK(::read(pipe.reader.get(), bytes, sizeof bytes) < 0);
    output.flush();
    CHECK(std::string(bytes, static_cast<std::size_t>(::read(pipe.reader.get(), bytes, sizeof bytes))) ==
          "one\ntwo\n");
    CHECK(output.failure() == 0);
  }

  TEST_CASE("a reader that is gone is no failure, a full disk is one") {
    reactord::system::block_signal(SIGPIPE);
    Pipe pipe;
    Output output(pipe.writer.get());
    pipe.reader.close();
    for (int i = 0; i < 3; ++i) output.write(std::string(Output::bytes_at_once, 'x'));
    CHECK(output.failure() == 0);
    const test::Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    Output disk(full.get());
    disk.write("x");
    CHECK(disk.failure() == 0);
    disk.flush();
    CHECK(disk.failure() == ENOSPC);
    disk.write("x");
    disk.flush();
    CHECK(disk.failure() == ENOSPC);
    // The signal that was raised for this thread goes with the test.
    CHECK(reactord::system::wait_for_signal({SIGPIPE}, std::chrono::seconds(0)) == SIGPIPE);
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGPIPE);
    ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  }
}
