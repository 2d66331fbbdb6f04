// The descriptors that a program has from the moment on when launch() returns.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/child_pipe.hpp"
#include "base/launch.hpp"
#include "base/system_child.hpp"

using reactord::ChildPipe;
using reactord::FileDescriptor;

namespace {

// The number for a process that runs.
std::ptrdiff_t descriptors_of(pid_t pid) {
  std::error_code failure;
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid) + "/fd", failure);
  REQUIRE_FALSE(failure);
  return std::distance(begin(entries), end(entries));
}

}  // namespace

TEST_CASE("a program holds no file of ours open once launch() has returned, also before it has begun") {
  // execve(2) takes time to close so many, and this process goes on meanwhile.
  std::vector<FileDescriptor> open;
  for (int count = 0; count < 900; ++count) {
    FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.is_open()) break;
    open.push_back(std::move(null));
  }
  REQUIRE(open.size() > 100);
  for (int spare = 0; spare < 20; ++spare) open.pop_back();
  auto pipe = ChildPipe::to_child();
  REQUIRE(pipe.has_value());
  for (int time = 0; time < 20; ++time) {
    const int null = open.back().get();
    reactord::Launch launch;
    launch.command = {"/bin/sleep", "1000"};
    launch.input = pipe->theirs.get();
    launch.output = launch.errors = null;
    auto launched = reactord::launch(launch);
    REQUIRE(launched.has_value());
    CHECK(descriptors_of(launched->pid) <= 3 + 1);  // its own loader may just have one file open
    reactord::system::signal_group(launched->pid, SIGKILL);
    siginfo_t ended;
    CHECK(reactord::system::reap_child(launched->pidfd.get(), ended) == 0);
  }
}
