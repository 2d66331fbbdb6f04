// Programs and the real daemon: served by name, reloaded, stopped, and refused where they can't run.
#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "support/configured.hpp"
#include "support/process.hpp"

using test::Client;
using test::Configured;
using test::Process;
using test::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

pid_t pid_of(const std::string& line) {
  const std::size_t at = line.find(" pid=");
  REQUIRE(at != std::string::npos);
  return std::stoi(line.substr(at + 5));
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) == -1 && errno == ESRCH; }

constexpr const char* upper = "listen = upper@unix:DIRs\nprogram = upper /bin/cat\n";

}  // namespace

TEST_CASE("a program serves connections by its name, and ends with the daemon") {
  Configured daemon("listen = upper@unix:DIRs\nprogram = upper workers=2 /bin/cat\n");
  Process& process = daemon.process();
  const pid_t first = pid_of(process.wait_for_log({"event=program-started program=upper worker=1"}));
  const pid_t second = pid_of(process.wait_for_log({"event=program-started program=upper worker=2"}));
  process.wait_for_log({"event=listening protocol=upper"});
  Client one(daemon.address("s")), other(daemon.address("s"));
  CHECK(one.ask("x y") == "x y");
  CHECK(other.ask("z") == "z");
  CHECK(Client(daemon.address("s")).exchange("a\nb\n", true) == "a\nb\n");
  process.wait_for_log({"event=closed protocol=upper", "cause=eof in=4 out=4"});
  process.signal(SIGUSR1);
  process.wait_for_log({"event=counters", " processes=2 process-starts=2"});
  process.signal(SIGTERM);
  CHECK(one.read_to_end().empty());
  CHECK(other.read_to_end().empty());
  CHECK(process.wait() == 0);
  process.wait_for_log({"event=program-ended program=upper worker=1", "status=\"exit status 0\""});
  CHECK(is_gone(first));
  CHECK(is_gone(second));
}

TEST_CASE("a program is named on the command line as in a file") {
  const TemporaryDirectory directory;
  const std::string address = directory.path("s");
  Process daemon({"--program",
                  "upper LANG=C /bin/sh -c 'while read -r id line; do echo \"$id $LANG $line\"; done'",
                  "--listen", "upper@unix:" + address});
  daemon.wait_for_log({"event=listening"});
  CHECK(Client(address).ask("x") == "C x");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a reload starts new workers, and the connections stay") {
  Configured daemon(upper);
  Process& process = daemon.process();
  const pid_t first = pid_of(process.wait_for_log({"event=program-started"}));
  process.wait_for_log({"event=listening"});
  Client client(daemon.address("s"));
  CHECK(client.ask("x") == "x");
  daemon.reload(
      "listen = upper@unix:DIRs\nprogram = upper /bin/sh -c 'while read -r id x; do echo \"$id new $x\"; "
      "done'\n");
  process.wait_for_log({"event=reloaded"});
  process.wait_for_log({"event=program-ended", " pid=" + std::to_string(first) + ' '});
  CHECK(client.ask("x") == "new x");
  CHECK(is_gone(first));
  CHECK(process.stop() == 0);
}

TEST_CASE("a reload brings programs and takes them away") {
  Configured daemon("listen = line@unix:DIRl\n");
  Process& process = daemon.process();
  process.wait_for_log({"event=listening"});
  daemon.reload("listen = line@unix:DIRl\n" + std::string(upper));
  process.wait_for_log({"event=listening protocol=upper"});
  Client client(daemon.address("s"));
  CHECK(client.ask("x") == "x");
  daemon.reload("listen = line@unix:DIRl\nprogram = upper /bin/cat\n");
  process.wait_for_log({"event=not-listening protocol=upper"});
  process.wait_for_log({"event=program-unused program=upper"});
  CHECK(client.ask("y") == "y");  // open connections are served to their end
  client.close();
  process.wait_for_log({"event=program-ended program=upper", "status=\"exit status 0\""});
  CHECK(Client(daemon.address("l")).ask("x") == "Server: x");
  CHECK(process.stop() == 0);
}

TEST_CASE("a program may have a process for each connection, and change its mode at a reload") {
  Configured daemon("listen = x@unix:DIRs\nprogram = x mode=connection /bin/sh -c 'echo hello; exec cat'\n");
  Process& process = daemon.process();
  process.wait_for_log({"event=listening protocol=x"});
  Client client(daemon.address("s"));
  CHECK(client.read_line() == "hello\n");
  const pid_t pid = pid_of(process.wait_for_log({"event=program-started program=x peer="}));
  daemon.reload("listen = x@unix:DIRs\nprogram = x /bin/cat\n");
  process.wait_for_log({"event=reloaded"});
  CHECK(client.ask("a") == "a");
  CHECK(Client(daemon.address("s")).exchange("b\n", true) == "b\n");
  client.finish();
  CHECK(client.read_to_end().empty());
  test::wait_until("the process of the connection has ended", [pid] { return is_gone(pid); });
  CHECK(process.stop() == 0);
}

TEST_CASE("a reload with a program that can't run changes nothing") {
  Configured daemon(upper);
  Process& process = daemon.process();
  process.wait_for_log({"event=listening"});
  Client client(daemon.address("s"));
  daemon.reload("listen = upper@unix:DIRs\nprogram = upper /no/such/program\n");
  process.wait_for_log({"event=reload-failed",
                        "reactord.conf:2: program = upper /no/such/program: exec "
                        "/no/such/program: no such file or directory"});
  daemon.reload(
      "listen = upper@unix:DIRs\nlisten = other@unix:/no/such/folder/s\nprogram = upper /bin/true\nprogram = "
      "other /bin/cat\n");
  const pid_t other = pid_of(process.wait_for_log({"event=program-started program=other"}));
  process.wait_for_log({"event=reload-failed", "/no/such/folder"});
  CHECK(client.ask("x") == "x");
  test::wait_until("the program of the failed reload is gone", [other] { return is_gone(other); });
  CHECK(process.stop() == 0);
}

TEST_CASE("a start with a program that can't run fails with the place of the mistake") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("f");
  test::write_file(file, "program = upper /no/such/program\nlisten = upper@127.0.0.1:0\n");
  for (const char* check : {"--check", "--reuse-port=no"}) {
    Process refused({"-c", file, check});
    CHECK(refused.wait() == 78);
    CHECK(refused.errors() ==
          "reactord: " + file +
              ":1: program = upper /no/such/program: exec /no/such/program: no such file or directory\n");
  }
  Process refused({"--program", "upper /no/such/program", "--listen", "upper@127.0.0.1:0"});
  CHECK(refused.wait() == 64);
  CHECK(refused.errors() ==
        "reactord: --program upper /no/such/program: exec /no/such/program: no such file or directory\n");
}

TEST_CASE("--check prints each program back, and what it prints is read as the same") {
  const TemporaryDirectory directory;
  const std::string file = directory.path("f");
  const std::string setting = "program = \"x A='a # b' /bin/sh -c 'echo \\\"$A\\\"'\"";
  test::write_file(file, setting + "\nlisten = x@127.0.0.1:1\n");
  Process check({"-c", file, "--check"});
  const std::string text = check.output();
  CHECK(check.wait() == 0);
  CHECK(text.find('\n' + setting + "  # " + file + ":1\n") != std::string::npos);
  test::write_file(file, text);
  Process again({"-c", file, "--check"});
  CHECK(again.output().find('\n' + setting + "  # ") != std::string::npos);
  CHECK(again.wait() == 0);
}

TEST_CASE("a start that can't listen leaves no program behind") {
  Process refused({"--program", "upper /bin/cat", "--listen", "upper@unix:/no/such/folder/s"});
  CHECK(refused.wait() == 1);
  CHECK(is_gone(pid_of(refused.wait_for_log({"event=program-started"}))));
}

TEST_CASE("a program that does not end is killed by a second signal, or when the drain's time is up") {
  for (const bool is_second : {true, false}) {
    CAPTURE(is_second);
    const TemporaryDirectory directory;
    Process daemon({"--program", "x /bin/sh -c 'trap \"\" TERM; echo ready >&2; while :; do sleep 1; done'",
                    "--listen", "x@unix:" + directory.path("s"), "--drain-timeout",
                    is_second ? "1h" : "50ms"});
    const pid_t pid = pid_of(daemon.wait_for_log({"event=program-said", "text=ready"}));
    daemon.wait_for_log({"event=listening"});
    const auto began = test::Clock::now();
    daemon.signal(SIGTERM);
    if (is_second) {
      daemon.wait_for_log({"event=draining"});
      test::pass_second();
      daemon.signal(SIGTERM);
    }
    CHECK(daemon.wait() == 0);
    CHECK(test::Clock::now() - began < 4s);  // less than a program is given else
    CHECK(is_gone(pid));
  }
}

TEST_CASE("--max-connections knows of the descriptors of programs") {
  Process refused(
      {"--program", "x workers=10 /bin/cat", "--listen", "x@127.0.0.1:0", "--max-connections", "100"}, 300);
  CHECK(refused.wait() == 64);
  CHECK(refused.errors() ==
        "reactord: --max-connections 100: needs 100 + 209 of its own (80 for programs) = 309 descriptors, "
        "the limit is "
        "300: at most 91 fit; or raise it (ulimit -n, LimitNOFILE= of a unit)\n");
}
