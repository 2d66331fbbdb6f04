// --inetd, the real program: it obeys the signals of the daemon and ends as it does, no word of it reaches the client, and
// the socket it was lent is given back as it was. What it serves is in passed_sockets_test.cpp.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/process.hpp"

using test::Descriptor;
using test::Process;

namespace {

constexpr int usage_error = 64;

bool holds(const std::string& text, std::string_view word) { return text.find(word) != text.npos; }

// The client's end, and the one that is lent; which stays open here, as with a parent that has not closed it.
struct Lent {
  Lent() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    client = Descriptor(ends[0]);
    socket = Descriptor(ends[1]);
  }
  void send(std::string_view text) const {
    REQUIRE(::write(client.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void finish() const { REQUIRE(::shutdown(client.get(), SHUT_WR) == 0); }
  std::string read(std::size_t count) const {
    std::string text(count, '\0');
    REQUIRE(::recv(client.get(), text.data(), count, MSG_WAITALL) == static_cast<ssize_t>(count));
    return text;
  }
  // After the program's end: what is there, without a wait for an end that our own descriptor holds back.
  std::string rest() const {
    std::string text;
    char bytes[4096];
    for (ssize_t count; (count = ::recv(client.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
      text.append(bytes, static_cast<std::size_t>(count));
    return text;
  }
  void set_nonblocking() const { REQUIRE(::fcntl(socket.get(), F_SETFL, O_RDWR | O_NONBLOCK) == 0); }
  bool is_nonblocking() const { return (::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0; }

  Descriptor client, socket;
};

void wait_until_asleep(const Process& process) {
  double before = -1;
  test::wait_until("it has nothing to do", [&] {
    const double now = process.cpu_seconds();
    return std::exchange(before, now) == now;
  });
}

}  // namespace

TEST_CASE("--inetd: SIGUSR1 tells the counters and SIGHUP that it is ignored; the connection is served on") {
  const Lent lent;
  Process inetd({"--inetd", "line", "--log-level", "warn"}, 0, {.input = lent.socket.get()});
  lent.send("one\n");
  CHECK(lent.read(12) == "Server: one\n");
  inetd.signal(SIGUSR1);
  CHECK(holds(inetd.wait_for_log({"level=info event=counters"}), " accepted=1 open=1 eof=0 "));
  inetd.signal(SIGHUP);
  inetd.wait_for_log({"level=warn event=reload-ignored reason="});
  lent.send("two\n");
  lent.finish();
  CHECK(lent.read(12) == "Server: two\n");
  CHECK(inetd.wait() == 0);
}

TEST_CASE("--inetd: signals that came before it serves end nothing, and are obeyed then") {
  const Lent lent;
  const char* pending =
      "exec env --block-signal=HUP,USR1 sh -c 'kill -HUP $$; kill -USR1 $$; exec \"$0\" \"$@\"' \"$0\" "
      "\"$@\"; ";
  Process inetd({"--inetd", "line"}, 0, {.input = lent.socket.get(), .prelude = pending});
  lent.send("one\n");
  CHECK(lent.read(12) == "Server: one\n");
  inetd.wait_for_log({"event=reload-ignored"});
  inetd.wait_for_log({"event=counters"});
  lent.finish();
  CHECK(inetd.wait() == 0);
}

TEST_CASE("--inetd: its end tells what it left out, and the counters") {
  const Lent lent;
  Process inetd({"--inetd", "line", "--max-line", "8", "--long-lines", "discard", "--log-rate", "1"}, 0,
                {.input = lent.socket.get()});
  for (int count = 0; count < 15; ++count) lent.send("longer than eight\n");
  lent.finish();
  CHECK(inetd.wait() == 0);
  const std::string log = inetd.errors();
  CAPTURE(log);
  CHECK(holds(log, "event=omitted kind=limit limit=max-line action=discarded count=5\n"));
  const std::size_t stopped = log.find("event=stopped accepted=1 open=0 eof=1 ");
  CHECK(stopped != log.npos);
  CHECK(stopped > log.find("event=omitted"));
  CHECK(stopped > log.find("event=closed"));
}

TEST_CASE("--inetd: a drain and its hurried end are told as the daemon tells them") {
  const Lent lent;
  Process inetd({"--inetd", "line"}, 0, {.input = lent.socket.get()});
  lent.send("one\nhalf");
  CHECK(lent.read(12) == "Server: one\n");
  inetd.signal(SIGTERM);
  inetd.signal(SIGTERM);  // the same one
  inetd.wait_for_log({"level=info event=draining signal=SIGTERM connections=1 half-lines=1 "});
  test::pass_second();
  inetd.signal(SIGINT);
  inetd.wait_for_log({"level=info event=stopping-now signal=SIGINT connections=1"});
  inetd.wait_for_log({"event=closed", "cause=killed"});
  CHECK(inetd.wait() == 0);
  CHECK(holds(inetd.errors(), " drained=0 killed=1 "));
}

TEST_CASE("--inetd: no mistake on the command line reaches the client") {
  const std::vector<std::vector<std::string>> mistaken = {
      {"--inetd", "line", "--idle-timeot", "30s"},  // an unknown option
      {"--inted", "line"},                          // the very one
      {"--inetd", "lime"},
      {"--inetd"},
      {"--inetd", "line", "-x"},
      {"--inetd", "line", "--config"},
      {"--inetd", "line", "--config", "/nowhere"},
      {"--inetd", "line", "--max-line", "0"},
      {"--inetd", "line", "--check", "--config", "/nowhere"},
      {"--inetd", "line", "--listen", "line@:0"},
      {"--inetd", "line", "line"},
      {"--inetd", "line", "--output-low", "2MiB"},  // two settings that do not go together
  };
  for (const auto& arguments : mistaken) {
    const std::string& last = arguments.back();
    CAPTURE(last);
    const Lent lent;
    Process inetd(arguments, 0, {.input = lent.socket.get(), .errors_to_input = true});
    CHECK(inetd.wait() >= usage_error);
    CHECK(lent.rest() == "");
  }
  const Lent lent;
  Process told({"--inted", "line"}, 0, {.input = lent.socket.get()});
  CHECK(told.wait() == usage_error);
  CHECK(told.errors() == "reactord: unknown option --inted, did you mean --inetd?\n");
}

TEST_CASE(
    "--inetd: nothing that fails at the start reaches the client, and the socket is given back as it was") {
  std::vector<int> statuses;
  for (unsigned most = 4;  // with less the loader of programs finds no library, and says so before us
       most < 12; ++most) {
    CAPTURE(most);
    const Lent lent;
    lent.send("x\n");
    lent.finish();
    Process inetd({"--inetd", "line"}, most, {.input = lent.socket.get(), .errors_to_input = true});
    const int status = inetd.wait();
    const std::string rest = lent.rest();
    CHECK(rest == (status == 0 ? "Server: x\n" : ""));
    CHECK_FALSE(lent.is_nonblocking());
    statuses.push_back(status);
  }
  CHECK(statuses.front() != 0);
  CHECK(statuses.back() == 0);
}

TEST_CASE("--inetd: the lent socket is given back blocking, or not, as it was, however the connection ends") {
  const std::vector<std::pair<const char*, std::function<void(const Lent&, const Process&)>>> ends = {
      {"the client's end", [](const Lent& lent, const Process&) { lent.finish(); }},
      {"a drain", [](const Lent&, const Process& inetd) { inetd.signal(SIGTERM); }},
      {"a kill",
       [](const Lent& lent, const Process& inetd) {
         lent.send("half");
         wait_until_asleep(inetd);
         inetd.signal(SIGTERM);
         test::pass_second();
         inetd.signal(SIGTERM);
       }},
      {"a limit", [](const Lent& lent, const Process&) { lent.send("longer than eight\n"); }},
  };
  for (const bool nonblocking : {false, true}) {
    for (const auto& [name, end] : ends) {
      CAPTURE(nonblocking);
      CAPTURE(name);
      const Lent lent;
      if (nonblocking) lent.set_nonblocking();
      Process inetd({"--inetd", "line", "--max-line", "8"}, 0, {.input = lent.socket.get()});
      lent.send("one\n");
      CHECK(lent.read(12) == "Server: one\n");
      CHECK(lent.is_nonblocking());
      end(lent, inetd);
      CHECK(inetd.wait() == 0);
      CHECK(lent.is_nonblocking() == nonblocking);
    }
  }
}
