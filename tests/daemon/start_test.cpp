// How the daemon is started: signals that come before it is ready, and files that may not grow.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/process.hpp"

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
