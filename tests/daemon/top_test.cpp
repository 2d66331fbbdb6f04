// reactordctl top against a real daemon: on a terminal, and on a pipe.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_control.hpp"
#include "support/process.hpp"
#include "support/pseudo_terminal.hpp"

using namespace std::chrono_literals;
using test::PseudoTerminal;

namespace {

using Words = std::vector<std::string>;

// A daemon with a control socket.
struct Place {
  test::TemporaryDirectory directory;
  std::string socket = directory.path("control.sock");
  std::unique_ptr<test::Daemon> daemon = start();

  std::unique_ptr<test::Daemon> start() const {
    return std::make_unique<test::Daemon>(Words{"line@127.0.0.1:0"}, Words{"--control", "unix:" + socket});
  }
};

Words top_words(const std::string& socket, const Words& more = {}) {
  Words words{std::getenv("REACTORDCTL"), "-t", "60s", "-s", socket, "top"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

struct Ended {
  int status;
  std::string output, errors;
};

// Top with its output in a pipe.
Ended run(const std::string& socket, Words more) {
  more.insert(more.begin(), {"-t", "60s", "-s", socket, "top"});
  test::Process process(std::move(more), 0, {.environment = {"TERM=xterm"}, .program = "REACTORDCTL"});
  Ended ended{0, process.output(), process.errors()};
  ended.status = process.wait();
  return ended;
}

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

void check_left(const PseudoTerminal& terminal, const termios& before) {
  CHECK_FALSE(terminal.is_alternate());
  CHECK(terminal.bytes().contains("\x1b[?1049l"));
  CHECK(terminal.has_cursor());
  CHECK(test::are_same(terminal.settings(), before));
}

}  // namespace

TEST_SUITE("reactordctl top") {
  TEST_CASE("a terminal shows the daemon and its connections, and is left as it was") {
    const Place place;
    test::Client client(place.daemon->address());
    CHECK(client.ask("x") == "Server: x");
    PseudoTerminal terminal(top_words(place.socket));
    const termios before = terminal.settings();
    const std::string screen = terminal.wait_for("127.0.0.1:");
    CHECK(screen.starts_with("reactord 0.1.0  up "));
    CHECK(screen.contains("pid " + std::to_string(place.daemon->pid())));
    CHECK(screen.contains("\nconnections  open 1 of "));
    CHECK(screen.contains("\nconnections by lines/s, the greatest first\n"));
    CHECK(terminal.is_alternate());
    CHECK_FALSE(terminal.has_cursor());
    CHECK_FALSE(test::are_same(terminal.settings(), before));
    terminal.press("q");
    CHECK(terminal.wait() == 0);
    check_left(terminal, before);
  }

  TEST_CASE("keys sort, choose, show and end connections") {
    const Place place;
    test::Client first(place.daemon->address()), second(place.daemon->address());
    PseudoTerminal terminal(top_words(place.socket));
    terminal.wait_for("connections  open 2 of ");
    terminal.press("<");
    terminal.wait_for("connections by id, the greatest first");
    terminal.press("r");
    // The head changes at once, and the rows with the next sample.
    terminal.wait_for("the rows in that order", [](const std::string& screen) {
      const std::size_t one = screen.find("     1 127."), two = screen.find("     2 127.");
      return screen.contains("connections by id, the least first") && one < two && two != screen.npos;
    });
    terminal.press("j\x1b[B");
    terminal.wait_for("\n>     2 ");
    terminal.press("\r");
    terminal.wait_for("\nconnection 2 of 127.0.0.1:");
    terminal.wait_for("\nprotocol  line\n");
    terminal.press("\x1b");
    terminal.wait_for("connections by id, the least first");
    terminal.press("K");
    terminal.wait_for("kill connection 2 of 127.0.0.1:");
    terminal.press("n");
    terminal.wait_for("q quit");
    terminal.press("Ky");
    terminal.wait_for("connection 2: killed 1");
    CHECK(second.read_to_end().empty());
    terminal.wait_for("connections  open 1 of ");
    CHECK(first.ask("x") == "Server: x");
    terminal.press("h");
    terminal.wait_for("the keys, and the figures");
    terminal.press("x");
    terminal.wait_for("connections by id");
    terminal.press("\x03");
    CHECK(terminal.wait() == 0);
  }

  TEST_CASE("a filter selects, and the daemon says what is wrong with it") {
    const Place place;
    test::Client client(place.daemon->address());
    CHECK(client.ask("x") == "Server: x");
    PseudoTerminal terminal(top_words(place.socket, {"state=sending"}));
    const auto has_none = [](const std::string& screen) {
      return screen.contains("; filter: state=sending\n") && !screen.contains("127.0.0.1:");
    };
    terminal.wait_for("no rows", has_none);
    terminal.press("f\x15state=idel");
    terminal.wait_for("filter: state=idel_");
    terminal.press("\r");
    terminal.wait_for("\nstate=idel: unknown state, did you mean idle?\n");
    terminal.press("f\x17state=idle\r");
    terminal.wait_for("127.0.0.1:");
    terminal.press("q");
    CHECK(terminal.wait() == 0);
  }

  TEST_CASE("it has the size of its terminal, from then on") {
    const Place place;
    test::Client client(place.daemon->address());
    PseudoTerminal terminal(top_words(place.socket), {.columns = 40, .rows = 10});
    terminal.wait_for("connections by lines/s, the greatest fi~\n");
    terminal.resize({.columns = 120, .rows = 30});
    terminal.wait_for("connections by lines/s, the greatest first\n");
    terminal.wait_for("+ - interval  j k move\n");
    terminal.resize({.columns = 20, .rows = 5});
    terminal.wait_for("reactord 0.1.0\nconnections by line~\n");
    terminal.press("q");
    CHECK(terminal.wait() == 0);
  }

  TEST_CASE("whatever ends it, the terminal is left as it was") {
    const Place place;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      INFO(number);
      PseudoTerminal terminal(top_words(place.socket));
      const termios before = terminal.settings();
      terminal.wait_for("connections  open 0 of ");
      terminal.signal(number);
      CHECK(terminal.wait() == (number == SIGINT ? 0 : 128 + number));
      check_left(terminal, before);
    }
    PseudoTerminal counted(top_words(place.socket, {"-n", "1"}));
    CHECK(counted.wait() == 0);
    CHECK(counted.bytes().contains("open 0 of "));
    CHECK_FALSE(counted.is_alternate());
    PseudoTerminal closed(top_words(place.socket));
    closed.wait_for("connections  open 0 of ");
    closed.hang_up();
    CHECK(closed.wait() == 128 + SIGHUP);
  }

  TEST_CASE("ctrl-Z gives the terminal back to the shell, and fg brings the screen again") {
    const Place place;
    PseudoTerminal terminal({"bash", "--norc", "--noediting", "-i"}, {}, {"TERM=xterm", "PS1=ready> "});
    terminal.wait_for("ready>");
    const termios before = terminal.settings();
    std::string line;
    for (const std::string& word : top_words(place.socket)) line += word + ' ';
    terminal.press(line + "\n");
    terminal.wait_for("connections  open 0 of ");
    CHECK(terminal.is_alternate());
    terminal.press("\x1a");
    const auto is_back = [&](const std::string&) { return terminal.bytes().contains("Stopped"); };
    terminal.wait_for("the shell", is_back);
    CHECK_FALSE(terminal.is_alternate());
    CHECK(terminal.has_cursor());
    CHECK(test::are_same(terminal.settings(), before));
    terminal.press("fg\n");
    terminal.wait_for("the screen again", [&](const std::string& screen) {
      return terminal.is_alternate() && screen.contains("connections  open 0 of ");
    });
    terminal.press("q");
    terminal.wait_for("the end", [&](const std::string&) { return !terminal.is_alternate(); });
    terminal.press("exit\n");
    CHECK(terminal.wait() == 0);
    CHECK(test::are_same(terminal.settings(), before));
  }

  TEST_CASE("a daemon that ends is told, and another one is shown") {
    Place place;
    PseudoTerminal terminal(top_words(place.socket, {"-i", "500ms"}), {.columns = 200, .rows = 24});
    terminal.wait_for("pid " + std::to_string(place.daemon->pid()));
    CHECK(place.daemon->stop() == 0);
    const std::string screen = terminal.wait_for("it is tried again every 500ms\n");
    CHECK(screen.contains("\nno figures for "));
    CHECK(screen.contains(": there is no such socket: start the daemon"));
    place.daemon = place.start();
    terminal.wait_for("pid " + std::to_string(place.daemon->pid()));
    terminal.wait_for("no trouble", [](const std::string& now) { return !now.contains("tried again"); });
    terminal.press("q");
    CHECK(terminal.wait() == 0);
  }

  TEST_CASE("a daemon that is not there is waited for on a terminal, as many times as are counted") {
    const test::TemporaryDirectory directory;
    PseudoTerminal terminal(top_words(directory.path("none.sock"), {"-n", "1"}),
                            {.columns = 200, .rows = 24});
    CHECK(terminal.wait() == 2);
    CHECK(terminal.bytes().contains("it is tried again every 1s"));
    CHECK(terminal.bytes().contains("reactordctl: "));
  }

  TEST_CASE("quantiles, rates and stalls come from metrics, and text of the daemon moves no cursor") {
    const test::TemporaryDirectory directory;
    const std::string socket = directory.path("control.sock");
    int asked = 0;
    test::FakeControl control(socket, [&](std::string_view request) -> std::string {
      if (request == "stats --json") {
        ++asked;
        return R"({"version":"reactord \u001b[31m9","pid":1,"uptime":5.000,"open":1,"accepted":1})"
               "\nOK\n";
      }
      if (request == "metrics") {
        const std::string count = std::to_string(100 * asked), late = std::to_string(100 * asked + asked);
        return "reactord_turn_seconds_bucket{le=\"0.001\"} " + count +
               "\nreactord_turn_seconds_bucket{le=\"0.002\"} " + count +
               "\nreactord_turn_seconds_bucket{le=\"+Inf\"} " + late + "\nreactord_stalls_total " +
               std::to_string(3 * asked) + "\nreactord_descriptors_open 12\nOK\n";
      }
      return "ERR unknown command\n";
    });
    PseudoTerminal terminal(top_words(socket, {"-i", "500ms"}));
    const std::string screen = terminal.wait_for("stalls 3\n");
    CHECK(screen.starts_with("reactord ?[31m9  up 5s"));
    CHECK(screen.contains("times        turn p50 505us p99 1ms  handler p50 - p99 -  stalls 3\n"));
    CHECK(screen.contains("descriptors 12"));
    CHECK_FALSE(terminal.bytes().contains("\x1b[31m9"));
    terminal.press("q");
    CHECK(terminal.wait() == 0);
    const Words requests = control.requests();
    CHECK(requests[4] == "connections sort=-silent limit=500 --json");
  }

  TEST_CASE("without colours there are none, and what is no screen has lines") {
    const Place place;
    PseudoTerminal plain(top_words(place.socket), {}, {"TERM=xterm", "NO_COLOR=1"});
    plain.wait_for("lines/s");
    plain.press("q");
    CHECK(plain.wait() == 0);
    CHECK_FALSE(plain.bytes().contains("\x1b[30;42m"));
    PseudoTerminal coloured(top_words(place.socket), {}, {"TERM=xterm", "NO_COLOR="});
    coloured.wait_for("lines/s");
    coloured.press("q");
    CHECK(coloured.wait() == 0);
    CHECK(coloured.bytes().contains("\x1b[30;42m"));
    PseudoTerminal dumb(top_words(place.socket, {"-n", "1"}), {.columns = 200, .rows = 24}, {"TERM=dumb"});
    CHECK(dumb.wait() == 0);
    CHECK(dumb.bytes().contains("accept/s"));
    CHECK_FALSE(dumb.bytes().contains('\x1b'));
  }

  TEST_CASE("a pipe has a line for each sample, and a heading for each twenty") {
    const Place place;
    const Ended ended = run(place.socket, {"-n", "21", "-i", "500ms"});
    CHECK(ended.status == 0);
    CHECK(ended.errors.empty());
    CHECK(lines_in(ended.output) == 23);
    CHECK(ended.output.starts_with("  open  wait accept/s"));
    CHECK(ended.output.find("  open  wait", 1) != ended.output.npos);
    const Ended objects = run(place.socket, {"--json", "-n", "2", "-i", "500ms"});
    CHECK(objects.status == 0);
    CHECK(lines_in(objects.output) == 2);
    CHECK(objects.output.starts_with("{\"time\": "));
    CHECK(objects.output.contains("\"since-start\": true"));
    CHECK(objects.output.contains("\"since-start\": false"));
  }

  TEST_CASE("a pipe that nobody reads any more ends it quietly, a full disk does not") {
    const Place place;
    const std::string said = place.directory.path("said");
    const std::string top = std::string(std::getenv("REACTORDCTL")) + " -s " + place.socket + " top -i 500ms";
    const auto shell = [&](const std::string& commands) {
      return WEXITSTATUS(std::system(("bash -c '" + commands + "'").c_str()));
    };
    CHECK(shell(top + " 2>" + said + " | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}") == 0);
    std::ifstream file(said);
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}).empty());
    CHECK(shell(top + " >/dev/full 2>" + said) == 74);
  }

  TEST_CASE("a daemon that is not there, or ends, ends the lines with its status") {
    Place place;
    CHECK(run(place.directory.path("none.sock"), {}).status == 2);
    test::Process lines({"-s", place.socket, "top", "-i", "500ms"}, 0, {.program = "REACTORDCTL"});
    CHECK(lines.is_running());
    CHECK(place.daemon->stop() == 0);
    CHECK(lines.errors().starts_with("reactordctl: " + place.socket + ": "));
    CHECK(lines.wait() == 2);
  }

  TEST_CASE("options and filters that make no sense are told") {
    const Ended filter = run("/nowhere", {"state=idle"});
    CHECK(filter.status == 64);
    CHECK(
        filter.errors ==
        "reactordctl: connections are shown on a terminal alone: leave out the filter, or write connections "
        "state=idle\n");
    CHECK(run("/nowhere", {"-i", "0.1"}).errors.starts_with("reactordctl: --interval 0.1: write a number"));
    CHECK(run("/nowhere", {"-n", "0"}).status == 64);
    test::Process other({"-n", "2", "stats"}, 0, {.program = "REACTORDCTL"});
    CHECK(other.errors() == "reactordctl: --count is of top, as in: reactordctl top -n 10\n");
    CHECK(other.wait() == 64);
  }
}
