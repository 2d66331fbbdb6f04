// A program starts as a child without a copy of this process, and has what its Launch says and nothing else of ours.
#include "base/launch.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/launch_reserve.hpp"
#include "base/system_process.hpp"
#include "conformance/running.hpp"
#include "support/launched.hpp"
#include "support/signal_mask.hpp"

using reactord::FileDescriptor;
using reactord::Launch;
using reactord::UserIds;
using test::launch_of;
using test::run_program;
using test::shell;

namespace {

bool is_root() {
  if (::geteuid() == 0) return true;
  test::skip("needs root");
  return false;
}

UserIds nobody() { return {.user = 65534, .group = 65533, .supplementary = {100, 70'000}}; }

bool has_no_children() {
  const bool none = ::waitpid(-1, nullptr, WNOHANG) < 0;
  return none && errno == ECHILD;
}

// The action of a signal is as it was at the end of a test.
class KeptAction {
 public:
  KeptAction(int number, void (*action)(int)) : number_(number), before_(::signal(number, action)) {}
  KeptAction(const KeptAction&) = delete;
  KeptAction& operator=(const KeptAction&) = delete;
  ~KeptAction() { ::signal(number_, before_); }

 private:
  int number_;
  void (*before_)(int);
};

// One of the descriptors 0 to 2 is another file for a while.
class Replaced {
 public:
  Replaced(int number, int file) : number_(number), before_(::fcntl(number, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(file, number);
  }
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;
  ~Replaced() {
    ::dup2(before_, number_);
    ::close(before_);
  }

 private:
  int number_;
  int before_;
};

}  // namespace

TEST_CASE("a program runs, and its end says how") {
  const test::DescriptorCheck descriptors;
  CHECK(run_program(launch_of({"/bin/true"})).status == "exit status 0");
  CHECK(run_program(launch_of({"true"})).status == "exit status 0");
  CHECK(run_program(shell("exit 3")).status == "exit status 3");
  CHECK(run_program(shell("kill -TERM $$")).status == "signal: terminated");
  CHECK(run_program(launch_of({"/bin/echo", "a  b", ""})).output == "a  b \n");
  CHECK(has_no_children());
}

TEST_CASE("a failed start leaves no child and no descriptor") {
  const test::DescriptorCheck descriptors;
  const auto launched = reactord::launch(launch_of({"/nowhere/pyhton3"}));
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().text() == "exec /nowhere/pyhton3: no such file or directory");
  CHECK(launched.error().system_errno() == ENOENT);
  CHECK(has_no_children());
}

TEST_CASE("a program has its environment alone") {
  Launch launch = launch_of({"/usr/bin/env"});
  launch.environment = {"A=1", "B=x y"};
  CHECK(run_program(launch).output == "A=1\nB=x y\n");
}

TEST_CASE("a program is in its directory, and a relative path is relative to it") {
  const test::TemporaryDirectory place;
  test::write_file(place.path("here"), "#!/bin/sh\npwd\n");
  REQUIRE(::chmod(place.path("here").c_str(), 0755) == 0);
  Launch launch = launch_of({"./here"});
  launch.directory = place.path("");
  launch.directory.pop_back();
  CHECK(run_program(launch).output == launch.directory + '\n');

  launch.directory = place.path("missing");
  launch.command = {"/bin/true"};
  const auto launched = reactord::launch(launch);
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().text() == "chdir " + launch.directory + ": no such file or directory");
}

TEST_CASE("signals that we ignore, handle or block are as they are at first in the child") {
  const KeptAction ignored(SIGPIPE, SIG_IGN);
  const KeptAction also_ignored(SIGRTMIN + 3, SIG_IGN);
  const KeptAction handled(SIGUSR2, [](int) {});
  test::SignalMask mask;
  mask.block(SIGTERM);
  mask.block(SIGRTMIN);
  const auto ran = run_program(launch_of({"/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}));
  CHECK(ran.output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  sigset_t now;
  REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0);
  CHECK(::sigismember(&now, SIGTERM) == 1);
  CHECK(::sigismember(&now, SIGUSR1) == 0);
  struct sigaction action {};
  REQUIRE(::sigaction(SIGPIPE, nullptr, &action) == 0);
  CHECK((action.sa_handler == SIG_IGN));
}

TEST_CASE("the end of a child is known though SIGCHLD was ignored") {
  const KeptAction ignored(SIGCHLD, SIG_IGN);
  CHECK(run_program(shell("exit 4")).status == "exit status 4");
}

TEST_CASE("a child inherits no descriptor but 0, 1 and 2") {
  const FileDescriptor passed(::open("/dev/null", O_RDONLY));  // as by the program that started us
  REQUIRE(reactord::system::close_all_on_exec() == 0);
  std::vector<FileDescriptor> ours;
  for (int count = 0; count < 50; ++count) ours.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(run_program(launch_of({"/bin/ls", "/proc/self/fd"})).output == "0\n1\n2\n3\n");  // 3: the directory
}

TEST_CASE("a child's descriptors may be those that they become, in any order") {
  auto input = reactord::ChildPipe::to_child();
  auto output = reactord::ChildPipe::from_child();
  auto errors = reactord::ChildPipe::from_child();
  REQUIRE((input.has_value() && output.has_value() && errors.has_value()));
  Launch launch = shell("read line; echo out $line; echo err $line >&2");
  launch.input = 2;
  launch.output = 0;
  launch.errors = 1;
  reactord::Result<reactord::Launched> launched;
  {
    const Replaced first(2, input->theirs.get());
    const Replaced second(0, output->theirs.get());
    const Replaced third(1, errors->theirs.get());
    launched = reactord::launch(launch);
  }
  REQUIRE(launched.has_value());
  for (auto* const pipe : {&*input, &*output, &*errors}) pipe->theirs.reset();
  REQUIRE(::write(input->ours.get(), "5\n", 2) == 2);
  CHECK(test::read_all(output->ours.get()) == "out 5\n");
  CHECK(test::read_all(errors->ours.get()) == "err 5\n");
  CHECK(test::end_of(*launched) == "exit status 0");
}

TEST_CASE("a descriptor that is closed is named") {
  Launch launch = launch_of({"/bin/true"});
  launch.errors = 999;
  const auto launched = reactord::launch(launch);
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().text() == "dup2 999 to 2: bad file descriptor");
}

TEST_CASE("a child leads a group of its own") {
  const auto ran = run_program(shell("read a b c d group rest </proc/self/stat; echo $group $$"));
  const std::size_t space = ran.output.find(' ');
  CHECK(ran.output.substr(0, space) + '\n' == ran.output.substr(space + 1));
}

TEST_CASE("a child has the soft limit on descriptors that we were started with") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const auto expected = reactord::system::descriptor_limit_of_children().rlim_cur;
  REQUIRE(reactord::system::raise_descriptor_limit() > 0);
  CHECK(run_program(shell("ulimit -n")).output == std::to_string(expected) + '\n');
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("a child has another user and the groups of that one, and we remain as we are") {
  if (!is_root()) return;
  Launch launch = shell("id -u; id -g; id -G");
  launch.user = nobody();
  REQUIRE(::prctl(PR_SET_DUMPABLE, 1) == 0);
  CHECK(run_program(launch).output == "65534\n65533\n65533 100 70000\n");
  CHECK(::geteuid() == 0);
  CHECK(::prctl(PR_GET_DUMPABLE) == 1);

  const test::TemporaryDirectory place;  // of root alone
  launch.directory = place.path("");
  const auto launched = reactord::launch(launch);
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().text() == "chdir " + launch.directory + ": permission denied");
}

TEST_CASE("a child dies with its parent, of whatever user it is") {
  for (const bool other_user : {false, true}) {
    if (other_user && !is_root()) return;
    CAPTURE(other_user);
    auto told = reactord::ChildPipe::from_child();
    REQUIRE(told.has_value());
    const pid_t parent = ::fork();
    REQUIRE(parent >= 0);
    if (parent == 0) {
      Launch launch = launch_of({"/bin/sleep", "1000"});
      if (other_user) launch.user = nobody();
      const auto launched = reactord::launch(launch);
      const pid_t pid = launched.has_value() ? launched->pid : -1;
      if (::write(told->theirs.get(), &pid, sizeof pid) < 0) ::_exit(1);
      while (true) ::pause();
    }
    pid_t child = -1;
    constexpr auto most = std::chrono::duration_cast<std::chrono::milliseconds>(test::patience);
    REQUIRE(reactord::system::wait_until_readable(told->ours.get(), most));
    REQUIRE(::read(told->ours.get(), &child, sizeof child) == sizeof child);
    REQUIRE(child > 0);
    const FileDescriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    CHECK_FALSE(reactord::system::wait_until_readable(ended.get(), std::chrono::milliseconds(0)));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    CHECK(reactord::system::wait_until_readable(ended.get(), most));
  }
}

TEST_CASE("with a reserve a child's table of descriptors is small, and a pipe ends as without") {
  const test::DescriptorCheck descriptors;
  reactord::LaunchReserve reserve;
  std::vector<FileDescriptor> many;
  for (int count = 0; count < 200; ++count) many.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Launch launch =
      shell("while read name size; do test $name = FDSize: && echo $size; done </proc/self/status");
  const int without = std::stoi(run_program(launch).output);
  launch.reserve = &reserve;
  for (int time = 0; time < 2; ++time) CHECK(std::stoi(run_program(launch).output) < without);
  launch = shell("echo out; echo err >&2");
  launch.reserve = &reserve;
  CHECK(run_program(launch).output == "out\n");

  launch.errors = 999;
  const auto launched = reactord::launch(launch);
  REQUIRE_FALSE(launched.has_value());
  CHECK(launched.error().text() == "dup2 999 to 2: bad file descriptor");
}

TEST_CASE("a reserve that got no descriptors starts programs too") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 3;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  reactord::LaunchReserve reserve;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  Launch launch = shell("echo x");
  launch.reserve = &reserve;
  CHECK(run_program(launch).output == "x\n");
}
