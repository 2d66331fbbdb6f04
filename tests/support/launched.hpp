// The beginning of a test of launching: a Launch of a shell's commands, and a program that is run to its end.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "base/child_pipe.hpp"
#include "base/child_status.hpp"
#include "base/launch.hpp"
#include "base/system_child.hpp"
#include "support/process.hpp"

namespace test {

// Open before any test counts its descriptors.
inline const int null_device = ::open("/dev/null", O_RDWR | O_CLOEXEC);

// With PATH, and with nothing to read and nothing to write to.
inline reactord::Launch launch_of(std::vector<std::string> command) {
  reactord::Launch launch;
  launch.command = std::move(command);
  launch.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  launch.input = launch.output = launch.errors = null_device;
  return launch;
}
inline reactord::Launch shell(std::string commands) {
  return launch_of({"/bin/sh", "-c", std::move(commands)});
}

// Reads to the end, for patience.
inline std::string read_all(int fd) {
  constexpr auto most = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  std::string text;
  char bytes[4096];
  while (true) {
    REQUIRE(reactord::system::wait_until_readable(fd, most));
    const ssize_t count = ::read(fd, bytes, sizeof bytes);
    if (count <= 0) return text;  // of a terminal: EIO
    text.append(bytes, static_cast<std::size_t>(count));
  }
}

struct Ran {
  std::string output;
  std::string status;
};

// Waits for the program, and reaps it.
inline std::string end_of(const reactord::Launched& launched) {
  constexpr auto most = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  REQUIRE(reactord::system::wait_until_readable(launched.pidfd.get(), most));
  siginfo_t ended;
  REQUIRE(reactord::system::reap_child(launched.pidfd.get(), ended) == 0);
  return reactord::ChildStatus(ended).text();
}

// Runs it to its end, with its standard output in a pipe.
inline Ran run_program(reactord::Launch launch) {
  auto output = reactord::ChildPipe::from_child();
  REQUIRE(output.has_value());
  launch.output = output->theirs.get();
  auto launched = reactord::launch(launch);
  if (!launched) FAIL(launched.error().text());
  output->theirs.reset();
  Ran ran;
  ran.output = read_all(output->ours.get());
  ran.status = end_of(*launched);
  return ran;
}

}  // namespace test
