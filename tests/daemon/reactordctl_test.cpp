// The real reactordctl against a control socket that answers what the test says, and against what is none.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/system_pipes.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"
#include "support/fake_control.hpp"
#include "support/process.hpp"
#include "support/skip.hpp"

using namespace std::chrono_literals;

namespace {

using test::FakeControl;
using test::hang_up;
using test::silence;
using Words = std::vector<std::string>;

struct Ended {
  int status;
  std::string output, errors;
};

Ended run(Words words, const test::Launch& launch = {}) {
  test::Launch its = launch;
  its.program = "REACTORDCTL";
  if (words.empty() || words.front() != "-t") words.insert(words.begin(), {"-t", "60s"});
  test::Process process(std::move(words), 0, its);
  Ended ended{0, process.output(), process.errors()};
  ended.status = process.wait();
  return ended;
}

// A command of a shell, in which $CTL is the program and $SOCKET the socket.
int shell(const std::string& socket, const std::string& commands) {
  const std::string line = "CTL=\"$REACTORDCTL -t 60s -s " + socket + "\"; " + commands;
  const int status = std::system(("bash -c '" + line + "'").c_str());
  return WEXITSTATUS(status);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string rows(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += std::to_string(i) + "  line  192.0.2.1:51234  sending  4096\n";
  return text;
}

// A pipe with this text, to be read to its end.
test::Descriptor input_of(std::string_view text) {
  int ends[2];
  REQUIRE(reactord::system::pipe(ends) == 0);
  const test::Descriptor writer(ends[1]);
  REQUIRE(::write(writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return test::Descriptor(ends[0]);
}

const auto is_done = [](std::string_view) { return std::string("OK\n"); };

}  // namespace

TEST_SUITE("reactordctl") {
  TEST_CASE("it shows the answer without its last line, and ends with 0") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(socket, [](std::string_view) { return "accepted  91\nopen      3\nOK\n"; });
    const Ended ended = run({"-s", socket, "stats"});
    CHECK(ended.status == 0);
    CHECK(ended.output == "accepted  91\nopen      3\n");
    CHECK(ended.errors.empty());
    CHECK(control.requests() == Words{"stats"});
  }

  TEST_CASE("an abstract socket and arguments are as good, and the daemon is told of --json") {
    const std::string name = "@reactordctl-test-" + std::to_string(::getpid());
    FakeControl control(name, is_done);
    CHECK(run({"--socket=" + name, "--json", "connections", "state=idle", "limit=2"}).status == 0);
    CHECK(run({"connections", "--json", "-s", name}).status == 0);
    CHECK(run({"-s", "unix:" + name, "--", "kill", "192.0.2.1"}).status == 0);
    CHECK(control.requests() ==
          Words{"connections state=idle limit=2 --json", "connections --json", "kill 192.0.2.1"});
  }

  TEST_CASE("a command that is refused says why, and ends with 1") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(
        socket, [](std::string_view) { return "half\nERR there is no connection 7: see connections\n"; });
    const Ended ended = run({"-s", socket, "connection", "7"});
    CHECK(ended.status == 1);
    CHECK(ended.output == "half\n");
    CHECK(ended.errors == "reactordctl: there is no connection 7: see connections\n");
  }

  TEST_CASE("a daemon that hangs up before its answer has ended is a failure, and ends with 2") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    for (const std::string begun : {"", "id\n7\n", "id\n7", "id\nOK", "ERR wh"}) {
      INFO(begun);
      FakeControl control(socket, [&](std::string_view) { return begun + std::string(hang_up); });
      const Ended ended = run({"-s", socket, "connections"});
      CHECK(ended.status == 2);
      CHECK(ended.errors == "reactordctl: " + socket +
                                ": the daemon hung up before the end of its answer: its log may say why\n");
    }
  }

  TEST_CASE("one that does not answer in time is a failure, and ends with 2") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(socket, [&](std::string_view request) {
      return std::string(request == "stats" ? "" : "id\n7\n") + std::string(silence);
    });
    const Ended silent = run({"-t", "0.2s", "-s", socket, "stats"});
    CHECK(silent.status == 2);
    CHECK(silent.output.empty());
    CHECK(silent.errors.starts_with("reactordctl: " + socket + ": no answer within 200ms: "));
    // The beginning of the answer has to come in time, on a busy machine too.
    const Ended half = run({"-t", "1", "-s", socket, "connections"});
    CHECK(half.status == 2);
    CHECK(half.output == "id\n7\n");
    CHECK(half.errors.starts_with("reactordctl: " + socket + ": no answer within 1s: "));
  }

  TEST_CASE("one that turns everybody away before it reads is heard") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    reactord::Reactor reactor;
    auto listener = reactord::listen(reactor, "unix", socket);
    REQUIRE(listener.has_value());
    std::thread thread([&] {
      reactor.spawn([&]() -> reactord::Task<> {
        auto conn = co_await listener->accept();
        auto written = co_await conn->write("ERR too many operators: try again later\n");
        CHECK(written.has_value());
      });
      static_cast<void>(reactor.run());
    });
    const Ended ended = run({"-s", socket, "stats"});
    thread.join();
    CHECK(ended.status == 1);
    CHECK(ended.errors == "reactordctl: too many operators: try again later\n");
  }

  TEST_CASE("a long answer comes as it is, on one line and on many") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    const std::string many = rows(15'000), one = "[" + std::string(3'000'000, 'x') + "]\n";
    FakeControl control(socket,
                        [&](std::string_view request) { return (request == "many" ? many : one) + "OK\n"; });
    const Ended ended = run({"-s", socket, "many"});
    CHECK(ended.status == 0);
    CHECK((ended.output == many));
    CHECK((run({"-s", socket, "one"}).output == one));
  }

  TEST_CASE("a reader that has seen enough is no failure: the status is that of the answer") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock"), said = directory.path("said");
    const std::string many = rows(15'000);
    FakeControl control(socket, [&](std::string_view request) {
      return many + (request == "connections" ? "OK\n" : "ERR the rest is missing\n");
    });
    CHECK(shell(socket, "$CTL connections 2>" + said + " | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}") ==
          0);
    CHECK(read_file(said).empty());
    CHECK(shell(socket, "$CTL wrong 2>" + said + " | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}") == 1);
    CHECK(read_file(said) == "reactordctl: the rest is missing\n");
  }

  TEST_CASE("a full disk is a failure, and ends with 74; standard output that is closed is none") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock"), said = directory.path("said");
    FakeControl control(socket, [](std::string_view) { return "accepted 91\nOK\n"; });
    for (const char* command : {"$CTL stats", "echo stats | $CTL", "$CTL --help", "$CTL --version"}) {
      INFO(command);
      CHECK(shell(socket, "set -o pipefail; " + std::string(command) + " >/dev/full 2>" + said) == 74);
      CHECK(read_file(said) == "reactordctl: standard output: no space left on device\n");
    }
    CHECK(shell(socket, "$CTL stats >&- 2>" + said) == 0);
    CHECK(read_file(said).empty());
  }

  TEST_CASE("where no socket is, it says so and what would be right") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    const std::string start = "reactordctl: " + socket + ": ";
    const Ended missing = run({"-s", socket, "stats"});
    CHECK(missing.status == 2);
    CHECK(missing.errors == start + "there is no such socket: start the daemon with control = unix:" +
                                socket + ", or name the right one with --socket\n");
    {
      FakeControl control(directory.path("live.sock"), is_done);
      std::filesystem::create_hard_link(directory.path("live.sock"), socket);
    }
    const Ended stale = run({"-s", socket, "stats"});
    CHECK(stale.status == 2);
    CHECK(stale.errors ==
          start + "nobody listens there: start the daemon, or name the right socket with --socket\n");
    const Ended too_long = run({"-s", "/" + std::string(200, 'x'), "stats"});
    CHECK(too_long.status == 64);
    CHECK(too_long.errors.starts_with("reactordctl: "));
  }

  TEST_CASE("where permission is missing, it says whose it is") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(socket, is_done);
    REQUIRE(::chmod(socket.c_str(), 0) == 0);
    REQUIRE(::chmod(directory.path("").c_str(), 0755) == 0);
    // Root may connect to anything, but for this.
    const char* const prelude = ::geteuid() != 0
                                    ? ""
                                    : "exec setpriv --bounding-set=-dac_override,-dac_read_search "
                                      "-- \"$0\" \"$@\"; ";
    const Ended ended = run({"-s", socket, "stats"}, {.prelude = prelude});
    CHECK(ended.status == 2);
    CHECK(ended.errors.starts_with("reactordctl: " + socket +
                                   ": permission denied: run reactordctl as root or as the daemon's user"));
    CHECK(control.requests().empty());
  }

  TEST_CASE("where too many wait for a connection, or the daemon stands still, it says so") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    reactord::Reactor reactor;  // which does not run
    const auto listener = reactord::listen(reactor, "unix", socket, {.backlog = 1, .stream = {}});
    REQUIRE(listener.has_value());
    const std::string start = "reactordctl: " + socket + ": ";
    CHECK(run({"-t", "50ms", "-s", socket, "stats"})
              .errors.starts_with(start + "no answer within 50ms: the daemon is stuck"));
    std::vector<test::Client> waiting;
    std::string said;
    while (waiting.size() < 3 && !said.starts_with(start + "too many")) {
      waiting.emplace_back(socket);
      said = run({"-t", "50ms", "-s", socket, "stats"}).errors;
    }
    CHECK(said == start + "too many connections wait for the daemon: try again\n");
  }

  TEST_CASE("a socket in the folder where it is asked is as good as one with a whole path") {
    const test::TemporaryDirectory directory;
    FakeControl control(directory.path("control.sock"), is_done);
    const Ended ended = run({"-s", "control.sock", "stats"},
                            {.environment = {},
                             .prelude = "REACTORDCTL=$(realpath \"$0\"); cd " + directory.path("") +
                                        "; exec \"$REACTORDCTL\" \"$@\"; "});
    CHECK(ended.errors.empty());
    CHECK(ended.status == 0);
  }

  TEST_CASE("without --socket it takes the one of REACTORD_CONTROL, or that of the user") {
    const test::TemporaryDirectory directory;
    std::filesystem::create_directory(directory.path("reactord"));
    const std::string socket = directory.path("reactord/control.sock");
    const std::string runtime = "XDG_RUNTIME_DIR=" + directory.path("");
    if (::access("/run/reactord/control.sock", F_OK) == 0) return test::skip("a daemon runs here");
    const Ended none = run({"stats"}, {.environment = {runtime, "REACTORD_CONTROL="}});
    CHECK(none.status == 2);
    CHECK(none.errors.starts_with(
        "reactordctl: there is no /run/reactord/control.sock and no " +
        directory.path("/reactord/control.sock") +
        ": set control = unix:/run/reactord/control.sock in the daemon's configuration"));
    FakeControl control(socket, is_done);
    CHECK(run({"stats"}, {.environment = {runtime, "REACTORD_CONTROL="}}).status == 0);
    CHECK(run({"limits"}, {.environment = {"REACTORD_CONTROL=" + socket}}).status == 0);
    CHECK(run({"drain"}, {.environment = {runtime, "REACTORD_CONTROL=/nowhere"}}).status == 2);
    CHECK(run({"-s", socket, "reload"}, {.environment = {"REACTORD_CONTROL=/nowhere"}}).status == 0);
    CHECK(control.requests() == Words{"stats", "limits", "reload"});
  }

  TEST_CASE(
      "standard input has a command on each line, and one that is refused keeps no other from being asked") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(socket, [](std::string_view request) {
      return request.starts_with("kill 7") ? "ERR there is no connection 7\n"
                                           : std::string(request) + "\nOK\n";
    });
    const test::Descriptor input = input_of("stats\n\n  kill 7 \r\nkill 8\nlisteners");
    const Ended ended = run({"-s", socket, "--json"}, {.input = input.get()});
    CHECK(ended.status == 1);
    CHECK(ended.output == "stats --json\nkill 8 --json\nlisteners --json\n");
    CHECK(ended.errors == "reactordctl: there is no connection 7\n");
    const test::Descriptor quit = input_of("stats\nquit\nkill 9\n");
    CHECK(run({"-s", socket}, {.input = quit.get()}).status == 0);
    CHECK(control.requests() ==
          Words{"stats --json", "kill 7 --json", "kill 8 --json", "listeners --json", "stats"});
  }

  TEST_CASE("any other failure ends the commands of standard input") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(
        socket, [](std::string_view request) { return std::string(request == "reload" ? hang_up : "OK\n"); });
    const test::Descriptor broken = input_of("kill 7\nreload\nkill 8\n");
    CHECK(run({"-s", socket}, {.input = broken.get()}).status == 2);
    using namespace std::string_view_literals;
    const test::Descriptor wrong = input_of("kill 9\nkill\0 10\nkill 11\n"sv);
    const Ended refused = run({"-s", socket}, {.input = wrong.get()});
    CHECK(refused.status == 64);
    CHECK(refused.errors == "reactordctl: a command is one line: write it without line ends and NUL bytes\n");
    CHECK(control.requests() == Words{"kill 7", "reload", "kill 9"});
  }

  TEST_CASE("a terminal is asked for commands, until its end or quit, whatever becomes of them") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    FakeControl control(socket, [](std::string_view request) {
      return std::string(request == "reload" ? hang_up : "fine\nOK\n");
    });
    for (const char* end : {"quit\n", "\x04"}) {
      int ends[2];
      REQUIRE(reactord::system::terminal_pair(ends) == 0);
      const test::Descriptor master(ends[0]), terminal(ends[1]);
      const std::string typed = "reload\nstats\n" + std::string(end);
      REQUIRE(::write(master.get(), typed.data(), typed.size()) == static_cast<ssize_t>(typed.size()));
      const Ended ended = run({"-s", socket}, {.input = terminal.get()});
      CHECK(ended.status == 2);
      CHECK(ended.output == "fine\n");
      CHECK(ended.errors == "reactord> reactordctl: " + socket +
                                ": the daemon hung up before the end of its answer: its log may say why\n"
                                "reactord> reactord> " +
                                (*end == 'q' ? "" : "\n"));
    }
    CHECK(control.requests() == Words{"reload", "stats", "reload", "stats"});
  }

  TEST_CASE("what is no command line is told, and ends with 64") {
    const Ended unknown = run({"--sockt", "x"});
    CHECK(unknown.status == 64);
    CHECK(unknown.errors == "reactordctl: unknown option --sockt, did you mean --socket?\n");
    CHECK(run({"-s", "/nowhere", "kill", "7\nkill 8"}).status == 64);
    CHECK(run({"-s", "/nowhere", ""}).status == 64);
    CHECK(run({"--version"}).output == "reactordctl 0.1.0\n");
    CHECK(run({"--help"}).status == 0);
  }
}
