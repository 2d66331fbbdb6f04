// launch: how long the loop is held up by the start of a program, in microseconds of the clock.
//
//     launch     prints a table in Markdown; takes no arguments; exits 1 where a start fails
//
// The process has as many descriptors and as much resident memory as its row says. Each way of starting is measured by
// itself, because the memory is slower for a while after fork(2). A start is measured until it returns; the program,
// /bin/true, has ended and is reaped before the next one. On a busy machine the priority of real time shows the cost alone:
// chrt -f 10 build/release/bench/launch.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/launch.hpp"
#include "base/launch_reserve.hpp"
#include "base/system_child.hpp"
#include "base/system_process.hpp"

namespace {

using reactord::FileDescriptor;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t rounds = 301;
constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "launch: %s\n", what);
  std::exit(1);
}

double at(std::vector<double>& samples, double part) {
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(part * static_cast<double>(samples.size() - 1))];
}

template <typename Start>
double microseconds_of(Start start) {
  const auto from = std::chrono::steady_clock::now();
  start();
  return Microseconds(std::chrono::steady_clock::now() - from).count();
}

double measure_launch(const reactord::Launch& program) {
  reactord::Result<reactord::Launched> launched;
  const double spent = microseconds_of([&] { launched = reactord::launch(program); });
  require(launched.has_value(), "/bin/true did not start");
  siginfo_t ended;
  require(reactord::system::reap_child(launched->pidfd.get(), ended) == 0 && ended.si_status == 0,
          "/bin/true did not end as it should");
  return spent;
}

// The same without launch(): the child has all that is open closed by execve(2) too.
double measure_fork(const reactord::Launch& program) {
  pid_t child = -1;
  const double spent = microseconds_of([&] {
    child = reactord::system::fork();
    if (child != 0) return;
    char* const words[] = {const_cast<char*>(program.command.front().c_str()), nullptr};
    ::execve(words[0], words, words + 1);
    ::_exit(1);
  });
  require(child > 0, "fork failed");
  reactord::system::wait_for_child(child);
  return spent;
}

void measure(reactord::LaunchReserve& reserve, std::size_t descriptors, std::size_t mebibytes) {
  std::vector<FileDescriptor> open;
  open.reserve(descriptors);
  while (open.size() < descriptors) {
    open.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    require(open.back().is_open(), "too few descriptors are allowed: ulimit -Hn");
  }
  const std::string memory(mebibytes * mebibyte, 'x');
  const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  reactord::Launch program;
  program.command = {"/bin/true"};
  program.input = program.output = program.errors = null.get();
  std::vector<double> launches, unreserved, forks;
  for (program.reserve = &reserve; launches.size() < rounds;) launches.push_back(measure_launch(program));
  for (program.reserve = nullptr; unreserved.size() < rounds;) unreserved.push_back(measure_launch(program));
  while (forks.size() < rounds) forks.push_back(measure_fork(program));
  std::printf("| %zu | %zu | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f |\n", descriptors,
              reactord::system::resident_memory() / mebibyte, at(launches, 0.5), at(launches, 0.99),
              at(unreserved, 0.5), at(unreserved, 0.99), at(forks, 0.5), at(forks, 0.99));
}

}  // namespace

int main() {
  reactord::system::raise_descriptor_limit();
  reactord::LaunchReserve reserve;
  std::printf(
      "| descriptors | MiB resident | launch(), median | 99 %% | without a reserve | 99 %% | fork(2) | 99 %% "
      "|\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  measure(reserve, 0, 0);
  measure(reserve, 10'000, 100);
  measure(reserve, 15'000, 300);
}
