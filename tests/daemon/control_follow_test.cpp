// The commands that go on at the control socket of the real daemon, events and trace, and how reactordctl shows it.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/configured.hpp"
#include "support/process.hpp"

using test::Client;
using test::Configured;
using test::Process;
using namespace std::chrono_literals;

namespace {

const std::string controlled = "listen = line@127.0.0.1:0\ncontrol = unix:DIRctl\nlog-rate = 0\n";

bool holds(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// The digits are written as 0.
std::string without_digits(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return std::isdigit(c) != 0; }, '0');
  return text;
}

// A daemon with a control socket at DIRctl, which listens there when the constructor returns.
class Followed : public Configured {
 public:
  explicit Followed(const std::string& more = {}) : Configured(controlled + more) {
    const std::string line = process().wait_for_log({"event=listening", "protocol=line"});
    const std::size_t at = line.find("address=") + std::string_view("address=").size();
    line_address_ = line.substr(at, line.find_first_of(" \n", at) - at);
    process().wait_for_log({"event=control "});
  }
  const std::string& line_address() const { return line_address_; }
  std::string command(const std::string& line) const {
    Client client(address("ctl"));
    client.send(line + '\n');
    std::string answer;
    while (true) {
      const std::string one = client.read_line();
      answer += one;
      if (one.empty() || one == "OK\n" || one.starts_with("ERR ")) return answer;
    }
  }
  // A client whose `events` has begun: it has seen a line.
  Client events(const std::string& words = "") const {
    Client client(address("ctl"));
    client.send("events" + words + "\n");
    while (!client.has_input(10ms)) command("log-level info");
    while (client.has_input(100ms)) client.read_line();
    return client;
  }
  // One whose `trace` has.
  Client trace(const std::string& words) {
    Client client(address("ctl"));
    client.send("trace " + words + "\n");
    process().wait_for_log({"event=trace id=" + words.substr(0, words.find(' '))});
    return client;
  }

 private:
  std::string line_address_;
};

std::string read_lines(Client& client, std::size_t count) {
  std::string text;
  for (; count > 0; --count) text += client.read_line();
  return text;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The example of this command in docs/operations.md: the lines behind it, in its block.
std::string documented(const std::string& command) {
  const std::string text = contents_of("docs/operations.md");
  const std::string begin = "```\n" + command + "\n";
  const std::size_t at = text.find(begin);
  REQUIRE_MESSAGE(at != text.npos, "docs/operations.md must show " << command);
  return text.substr(at + begin.size(), text.find("```\n", at + begin.size()) - at - begin.size());
}

// Runs commands of bash, in which $CTL is reactordctl at this daemon, while the log has a line now and then. Result: the status.
int shell(const Followed& daemon, const std::string& commands) {
  const std::string line =
      "bash -c 'CTL=\"$REACTORDCTL -s " + daemon.address("ctl") + "\"; " + commands + "' >/dev/null";
  std::atomic<bool> has_ended = false;
  int status = 0;
  std::thread thread([&] {
    status = std::system(line.c_str());
    has_ended = true;
  });
  while (!has_ended) daemon.command("log-level info");
  thread.join();
  return WEXITSTATUS(status);
}

// reactordctl at this daemon.
Process control(const Followed& daemon, std::vector<std::string> words) {
  words.insert(words.begin(), {"-s", daemon.address("ctl")});
  return Process(std::move(words), 0, {.program = "REACTORDCTL"});
}

}  // namespace

TEST_CASE("events and trace show what docs/operations.md says") {
  for (const std::string json : {"", " --json"}) {
    Followed daemon;
    Client client(daemon.line_address());
    while (!holds(daemon.command("connections"), "line")) continue;
    Client events = daemon.events(json);
    Client trace = daemon.trace("1" + json);
    events.read_line();  // event=trace
    CHECK(client.ask("hello") == "Server: hello");
    client.close();
    CHECK(without_digits(read_lines(trace, 4)) == without_digits(documented("trace 1" + json)));
    const std::string ended = events.read_line();
    events.send("\n");
    CHECK(without_digits(ended + events.read_line()) == without_digits(documented("events" + json)));
    CHECK(daemon.process().stop() == 0);
  }
}

TEST_CASE("a follower that never reads harms nobody, while thousands of connections come and go") {
  Followed daemon;
  Client silent = daemon.events();
  const std::size_t before = daemon.process().resident_bytes();
  for (int count = 0; count < 10'000; ++count) {
    Client client(daemon.line_address());
    if (count % 100 == 0) CHECK(client.ask("x") == "Server: x");
    if (count % 100 == 0) daemon.process().read_log();
  }
  test::wait_until("all connections have ended", [&] {
    daemon.process().read_log();
    return holds(daemon.command("stats --json"), "\"open\":0,");
  });
  CHECK(holds(daemon.command("stats --json"), "\"accepted\":10000,"));
  CHECK(daemon.process().resident_bytes() < before + 16 * 1024 * 1024);
  // It reads now: it has been told what was left out, or has been ended before.
  silent.send("\n");
  silent.finish();
  const std::string heard = silent.read_to_end();
  const bool was_told = holds(heard, "event=events-omitted count=") && heard.ends_with("\nOK\n");
  CHECK((was_told || !heard.ends_with("OK\n")));
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("every protocol is traced, in the middle of a line, over TCP and a unix socket") {
  Followed daemon(
      "listen = line@unix:DIRl\nlisten = echo@unix:DIRe\nlisten = cat@unix:DIRc\nlisten = worker@unix:DIRw\n"
      "program = cat mode=connection /bin/cat\nprogram = worker mode=worker workers=1 /bin/cat\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("w")});
  int number = 0;
  for (const std::string where : {"tcp", "l", "e", "c", "w"}) {
    CAPTURE(where);
    const std::string prefix = where == "tcp" || where == "l" ? "Server: " : "";
    Client client(where == "tcp" ? daemon.line_address() : daemon.address(where));
    CHECK(client.ask("first") == prefix + "first");
    client.send("ha");
    client.wait_until_received();
    if (where == "e" || where == "c") CHECK((client.has_input(10s)));
    Client one = daemon.trace(std::to_string(++number)), two = daemon.trace(std::to_string(number));
    client.send("lf\n");
    CHECK(client.read_line() == prefix + "half\n");
    client.finish();
    CHECK(client.read_to_end().empty());
    const std::string shown = read_lines(one, 4);
    CHECK(read_lines(two, 4).size() == shown.size());
    CHECK(holds(shown, " > lf\n"));
    CHECK((holds(shown, " < " + prefix + "half\n") || holds(shown, " < lf\n")));
    CHECK(shown.ends_with(" ended: eof\nOK\n"));
  }
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a trace ends while output waits, and the client has every byte; one that is killed says so") {
  Followed daemon("listen = echo@unix:DIRe\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("e")});
  Client client(daemon.address("e"));
  const std::string line = std::string(99, 'x') + '\n';
  std::string sent;
  for (int times = 0; times < 10; ++times) {
    std::string much;
    for (int lines = 0; lines < 10'000; ++lines) much += line;
    const std::size_t taken = client.send_until_stuck(much);
    sent += much.substr(0, taken);
    if (taken < much.size()) break;
  }
  Client trace = daemon.trace("1");
  CHECK(holds(daemon.command("connection 1"), "sending"));
  trace.close();
  client.finish();
  CHECK((client.read_to_end() == sent));

  Client victim(daemon.address("e"));
  CHECK(victim.ask("x") == "x");
  Client other = daemon.trace("2");
  CHECK(daemon.command("kill 2") == "killed 1\nOK\n");
  CHECK(read_lines(other, 2).ends_with(" ended: killed\nOK\n"));
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("followers see the drain, and are told of the end of the daemon") {
  Followed daemon;
  Client client(daemon.line_address());
  CHECK(client.ask("x") == "Server: x");
  Client events = daemon.events();
  Client trace = daemon.trace("1");
  daemon.process().signal(SIGTERM);
  const std::string shown = trace.read_line();
  CHECK(shown.ends_with(" ended: drained\n"));
  CHECK(trace.read_line() == "OK\n");
  const std::string heard = events.read_to_end();
  CHECK(holds(heard, "event=draining signal=SIGTERM"));
  CHECK(holds(heard, "cause=drained"));
  CHECK(heard.ends_with("\nERR the daemon is ending\n"));
  client.close();
  CHECK(daemon.process().wait() == 0);
}

TEST_CASE("reactordctl shows lines as they come, until ctrl-C, the end of its reader or that of the daemon") {
  Followed daemon;
  Client client(daemon.line_address());
  CHECK(client.ask("x") == "Server: x");
  {
    Process trace = control(daemon, {"-t", "200ms", "trace", "1", "2"});
    daemon.process().wait_for_log({"event=trace id=1"});
    ::usleep(300'000);  // longer than the time that an answer may take otherwise
    CHECK(client.ask("y") == "Server: y");
    CHECK(without_digits(trace.output()) == "00:00:00.000 > y\n00:00:00.000 < Server: y\n");
    CHECK(trace.wait() == 0);
  }
  {
    Process trace = control(daemon, {"trace", "1"});
    daemon.process().wait_for_log({"event=trace id=1"});
    trace.signal(SIGINT);
    CHECK(trace.wait() == -SIGINT);  // 130 in a shell
    CHECK(trace.errors().empty());
  }
  {
    Process missing = control(daemon, {"trace", "99"});
    CHECK(missing.wait() == 1);
    CHECK(missing.errors() == "reactordctl: there is no connection 99: connections lists all\n");
  }
  // One line is enough for head, and the next one of reactordctl goes nowhere; true wants none.
  const std::string said = daemon.address("said");
  CHECK(shell(daemon, "$CTL events 2>" + said + " | head -n 1; exit ${PIPESTATUS[0]}") == 0);
  CHECK(shell(daemon, "$CTL trace 1 2>" + said + " | true; exit ${PIPESTATUS[0]}") == 0);
  CHECK(contents_of(said).empty());

  Client second(daemon.line_address());
  CHECK(second.ask("x") == "Server: x");
  Process last = control(daemon, {"--json", "trace", "2"});
  daemon.process().wait_for_log({"event=trace id=2"});
  daemon.process().signal(SIGTERM);
  CHECK(last.output().ends_with("\"ended\":\"drained\"}\n"));
  CHECK(last.wait() == 0);
  client.close();
  second.close();
  CHECK(daemon.process().wait() == 0);
}
