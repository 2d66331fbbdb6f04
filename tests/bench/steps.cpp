// steps PID COMMAND...: counts the instructions that the process PID executes in user space while COMMAND runs, and prints
// their number. For what callgrind can't run: valgrind knows no clone(2) that starts a program.
//
// Each instruction is one PTRACE_SINGLESTEP of ptrace(2), about 3 microseconds; a system call counts as one.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

[[noreturn]] void fail(const char* what) {
  const int saved = errno;
  std::fprintf(stderr, "steps: %s: %s\n", what, std::strerror(saved));
  std::exit(1);
}

void trace(__ptrace_request request, pid_t process, long value, const char* what) {
  if (::ptrace(request, process, nullptr, reinterpret_cast<void*>(value)) != 0) fail(what);
}

pid_t wait_for(pid_t process, int& status) {
  while (true) {
    const pid_t found = ::waitpid(process, &status, __WALL);
    if (found >= 0) return found;
    if (errno != EINTR) fail("waitpid");
  }
}

pid_t start(char** command) {
  const pid_t started = ::fork();
  if (started < 0) fail("fork");
  if (started > 0) return started;
  ::execvp(command[0], command);
  std::_Exit(127);
}

// A stop by a signal that is not ours passes it on.
long signal_of(int status) {
  const int signal = WSTOPSIG(status);
  return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: steps PID COMMAND...\n");
    return 64;
  }
  const pid_t process = std::atoi(argv[1]);
  int status = 0;
  trace(PTRACE_ATTACH, process, 0, "ptrace");
  wait_for(process, status);
  const pid_t command = start(argv + 2);
  std::uint64_t steps = 0;
  trace(PTRACE_SINGLESTEP, process, 0, "ptrace");
  while (true) {
    const pid_t stopped = wait_for(-1, status);
    if (stopped == command) break;
    if (!WIFSTOPPED(status)) fail("the process has ended");
    ++steps;
    trace(PTRACE_SINGLESTEP, process, signal_of(status), "ptrace");
  }
  const bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  ::kill(process, SIGSTOP);
  wait_for(process, status);
  trace(PTRACE_DETACH, process, 0, "ptrace");
  ::kill(process, SIGCONT);
  std::printf("%llu\n", static_cast<unsigned long long>(steps));
  return succeeded ? 0 : 1;
}
