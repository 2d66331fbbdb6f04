// The stream between this process and a child: who blocks, where it ends, and a terminal that changes no byte.
#include "base/child_pipe.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "conformance/running.hpp"
#include "support/launched.hpp"

using reactord::ChildPipe;
using reactord::FileDescriptor;

namespace {

bool is_nonblocking(const FileDescriptor& end) { return (::fcntl(end.get(), F_GETFL) & O_NONBLOCK) != 0; }
bool is_close_on_exec(const FileDescriptor& end) { return (::fcntl(end.get(), F_GETFD) & FD_CLOEXEC) != 0; }

}  // namespace

TEST_CASE("our end is nonblocking, the child's is blocking, and a failed start passes on neither") {
  const test::DescriptorCheck descriptors;
  for (auto* const make : {&ChildPipe::to_child, &ChildPipe::from_child, &ChildPipe::terminal}) {
    const auto pipe = make();
    REQUIRE(pipe.has_value());
    CHECK(is_nonblocking(pipe->ours));
    CHECK_FALSE(is_nonblocking(pipe->theirs));
    CHECK(is_close_on_exec(pipe->ours));
    CHECK(is_close_on_exec(pipe->theirs));
  }
}

TEST_CASE("a terminal is one for the program, and passes bytes as they are") {
  auto terminal = ChildPipe::terminal();
  REQUIRE(terminal.has_value());
  reactord::Launch launch = test::shell("test -t 1 && printf 'a\\tb\\nc\\004d\\r\\n'");
  launch.output = terminal->theirs.get();
  const auto launched = reactord::launch(launch);
  REQUIRE(launched.has_value());
  terminal->theirs.reset();
  CHECK(test::end_of(*launched) == "exit status 0");
  CHECK(test::read_all(terminal->ours.get()) == "a\tb\nc\004d\r\n");
  char byte = 0;
  const ssize_t after = ::read(terminal->ours.get(), &byte, 1);
  const int saved = errno;
  CHECK(after == -1);
  CHECK(saved == EIO);
}

TEST_CASE("a child of another user can open its output by name once it was given the pipe") {
  if (::geteuid() != 0) return test::skip("needs root");
  constexpr uid_t nobody = 65534;
  for (const bool given : {false, true}) {
    auto output = ChildPipe::from_child();
    REQUIRE(output.has_value());
    reactord::Launch launch = test::shell("echo x 2>/dev/null >/dev/stdout");
    launch.user = reactord::UserIds{.user = nobody, .group = nobody, .supplementary = {}};
    launch.output = output->theirs.get();
    if (given) REQUIRE(output->give_to(*launch.user).has_value());
    const auto launched = reactord::launch(launch);
    REQUIRE(launched.has_value());
    output->theirs.reset();
    CHECK(test::read_all(output->ours.get()) == (given ? "x\n" : ""));
    test::end_of(*launched);
  }
}

TEST_CASE("without descriptors a pipe and a terminal say so, and none is left over") {
  const test::DescriptorCheck descriptors;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const FileDescriptor next(::dup(0));
  rlimit one_more = before;
  one_more.rlim_cur = static_cast<rlim_t>(next.get()) + 2;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &one_more) == 0);
  const auto pipe = ChildPipe::to_child();
  const auto terminal = ChildPipe::terminal();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(pipe.has_value());
  CHECK(pipe.error().text() == "pipe2: too many open files");
  REQUIRE_FALSE(terminal.has_value());
  CHECK(terminal.error().text() == "posix_openpt: too many open files");
}
