// How the daemon is started: signals that come before it is ready, descriptors that are closed, files that may not grow,
// a terminal that goes away.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/process.hpp"
#include "support/skip.hpp"

using test::Client;
using test::Process;

namespace {

// Clients need an address that is known before: the log may be nowhere.
struct Socket {
  test::TemporaryDirectory directory;
  std::string path = directory.path("x.sock");
  std::string listen = "line@unix:" + path;

  void wait() const {
    test::wait_until("it serves", [this] {
      try {
        return Client(path).ask("x") == "Server: x";
      } catch (const std::exception&) {
        return false;
      }
    });
  }
};

}  // namespace

TEST_CASE("SIGHUP and SIGUSR1 from the first moment on end nothing, and are obeyed once it serves") {
  if (test::is_sanitized()) return test::skip("a sanitizer's run-time takes its time before main()");
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  {
    std::ofstream out(file);
    for (int count = 0; count < 500; ++count)
      out << "listen = line@unix:" << directory.path(std::to_string(count)) << '\n';
  }
  for (const int number : {SIGHUP, SIGUSR1}) {
    CAPTURE(number);
    Process daemon({"-c", file});
    test::wait_until("it reads its file", [&] { return daemon.cpu_seconds() > 0.01; });
    daemon.signal(number);
    daemon.wait_for_log({number == SIGHUP ? "event=reloaded" : "event=counters"});
    CHECK(daemon.stop() == 0);
  }
}

TEST_CASE("a log that reaches the limit on the size of files loses lines, and no client") {
  const Socket socket;
  const std::string log = socket.directory.path("log");
  Process daemon({"--listen", socket.listen, "--log-rate", "0"}, 0,
                 {.prelude = "ulimit -f 4; exec 2>" + log + "; "});  // of 512 or 1024 bytes each
  socket.wait();
  Client old(socket.path);
  for (int count = 0; count < 100; ++count) CHECK(Client(socket.path).ask("x") == "Server: x");
  CHECK(old.ask("y") == "Server: y");
  CHECK(std::filesystem::file_size(log) <= 4096);
  old.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("descriptors 0 to 2 that are closed are nobody's socket") {
  const Socket socket;
  for (const char* closed : {"exec <&- >&- 2>&-; ", "exec 2>&-; ", "exec <&-; "}) {
    CAPTURE(closed);
    Process daemon({"--listen", socket.listen}, 0, {.prelude = closed});
    socket.wait();
    for (const char* number : {"0", "1", "2"}) {
      const std::string link = "/proc/" + std::to_string(daemon.pid()) + "/fd/" + number;
      const std::string target = std::filesystem::read_symlink(link).string();
      CHECK((target == "/dev/null" || target.starts_with("pipe:")));
    }
    CHECK(daemon.stop() == 0);
  }
}

TEST_CASE("SIGHUP drains where there is no file to read again: its terminal has gone") {
  test::Daemon daemon({"line@127.0.0.1:0"});
  Client client(daemon.address());
  CHECK(client.ask("x") == "Server: x");
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=draining signal=SIGHUP"});
  CHECK(client.read_to_end() == "");
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a daemon on a terminal without a file ends with its terminal, and gives its port back") {
  const Socket socket;
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    const char* program = std::getenv("REACTORD");
    ::execl(program, program, "--listen", socket.listen.c_str(), nullptr);
    ::_exit(127);
  }
  socket.wait();
  ::close(terminal);
  int status = -1;
  test::wait_until("it has ended", [&] { return ::waitpid(child, &status, WNOHANG) == child; });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(!std::filesystem::exists(socket.path));
}
