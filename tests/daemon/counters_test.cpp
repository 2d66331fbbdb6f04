// The counters: at SIGUSR1, which ends nothing, and at the end.
#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <string>

#include "support/process.hpp"

using test::Client;
using test::Daemon;

namespace {

bool holds(const std::string& text, std::string_view word) { return text.find(word) != text.npos; }

// Of " key=value " in a line; empty: it is not there.
std::string value_of(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(' ' + key + '=');
  if (at == line.npos) return {};
  const std::size_t begin = at + key.size() + 2;
  return line.substr(begin, line.find_first_of(" \n", begin) - begin);
}

TEST_CASE("SIGUSR1 tells the counters, and nobody is disturbed") {
  Daemon daemon;
  daemon.signal(SIGUSR1);
  CHECK(
      holds(daemon.wait_for_log({"level=info event=counters"}),
            " accepted=0 open=0 eof=0 finished=0 reset=0 idle=0 slow-line=0 slow-reader=0 no-answer=0 "
            "lifetime=0 line-too-long=0 over-limit=0 over-rate=0 proxy-header=0 drained=0 killed=0 error=0"));

  Client client(daemon.address());
  CHECK(client.ask("x") == "Server: x");
  CHECK(Client(daemon.address()).exchange("y\n", true) == "Server: y\n");
  daemon.wait_for_log({"event=closed", "cause=eof"});
  daemon.signal(SIGUSR1);
  CHECK(holds(daemon.wait_for_log({"event=counters"}), " accepted=2 open=1 eof=1 finished=0 "));
  CHECK(client.ask("still there") == "Server: still there");

  client.reset();
  daemon.wait_for_log({"event=closed", "cause=reset"});
  daemon.signal(SIGUSR1);
  CHECK(holds(daemon.wait_for_log({"event=counters"}), " accepted=2 open=0 eof=1 finished=0 reset=1 "));
  CHECK(daemon.stop() == 0);
}

TEST_CASE("the counters of all are told at the end, once") {
  Daemon daemon;
  Client client(daemon.address());
  CHECK(client.ask("x") == "Server: x");
  daemon.signal(SIGTERM);
  CHECK(client.read_to_end() == "");
  client.close();
  CHECK(daemon.wait() == 0);
  const std::string log = daemon.errors();
  CHECK(holds(log, "event=stopped accepted=1 open=0 eof=0 "));
  CHECK(holds(log, " drained=1 killed=0 error=0 lines=1 in=2 out=10 uptime="));
}

TEST_CASE("SIGUSR1 while it drains does not hurry it") {
  Daemon daemon;
  Client client(daemon.address());
  client.send("half");
  client.wait_until_received();
  daemon.signal(SIGTERM);
  daemon.wait_for_log({"event=draining"});
  daemon.signal(SIGUSR1);
  CHECK(holds(daemon.wait_for_log({"event=counters"}), " accepted=1 open=1 "));
  client.send(" and half\n");
  CHECK(client.read_to_end() == "Server: half and half\n");
  client.close();
  CHECK(daemon.wait() == 0);
  CHECK(holds(daemon.errors(), "event=stopped"));
}

TEST_CASE("SIGUSR1 is answered at every log level, and nothing else is told at that of errors") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  for (const std::string level : {"error", "warn", "debug"}) {
    CAPTURE(level);
    test::Process daemon({"--listen", "line@unix:" + path, "--log-level", level});
    test::wait_until("it serves", [&] {
      try {
        return Client(path).ask("x") == "Server: x";
      } catch (const std::exception&) {
        return false;
      }
    });
    daemon.signal(SIGUSR1);
    daemon.wait_for_log({"level=info event=counters accepted="});
    CHECK(daemon.stop() == 0);
    CHECK(holds(daemon.errors(), "event=stopped") == (level == "debug"));
  }
}

TEST_CASE(
    "the counters hold lines and bytes of those that have ended, the time, the memory, and the last reload") {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf"), path = directory.path("socket");
  std::ofstream(file) << "listen = line@unix:" << path << '\n';
  test::Process daemon({"-c", file});
  daemon.wait_for_log({"event=listening"});
  daemon.signal(SIGUSR1);
  const std::string first = daemon.wait_for_log({"event=counters"});
  CAPTURE(first);
  CHECK(value_of(first, "lines") == "0");
  CHECK(value_of(first, "in") == "0");
  CHECK(value_of(first, "out") == "0");
  CHECK(value_of(first, "reload") == "none");
  CHECK(value_of(first, "reload-time") == "");
  CHECK(std::stod("0" + value_of(first, "uptime")) < 60);
  CHECK(std::stoull("0" + value_of(first, "resident")) > 1024 * 1024);
  CHECK(std::stoull("0" + value_of(first, "resident")) < 1024 * 1024 * 1024);
  CHECK(value_of(first, "buffers") == "0");

  CHECK(Client(path).exchange("one\ntwo\n", true) == "Server: one\nServer: two\n");
  Client open(path);
  CHECK(open.ask("x") == "Server: x");
  daemon.wait_for_log({"event=closed"});
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=reloaded"});
  daemon.signal(SIGUSR1);
  const std::string second = daemon.wait_for_log({"event=counters"});
  CAPTURE(second);
  CHECK(value_of(second, "lines") == "2");
  CHECK(value_of(second, "in") == "8");
  CHECK(value_of(second, "out") == "24");
  CHECK(value_of(second, "reload") == "done");
  const std::string time = value_of(second, "reload-time");
  CHECK(time.size() == std::string("2026-01-31T12:00:00.000Z").size());
  CHECK(time <= value_of(' ' + second, "time"));
  CHECK(value_of(second, "reload-mistakes") == "");

  std::ofstream(file) << "one\ntwo\n";
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=reload-failed mistakes=2"});
  daemon.signal(SIGUSR1);
  const std::string third = daemon.wait_for_log({"event=counters"});
  CAPTURE(third);
  CHECK(value_of(third, "reload") == "failed");
  CHECK(value_of(third, "reload-mistakes") == "2");
  CHECK(value_of(third, "reload-time") >= time);

  daemon.signal(SIGTERM);
  CHECK(open.read_to_end() == "");
  open.close();
  CHECK(daemon.wait() == 0);
  const std::string stopped = daemon.wait_for_log({"event=stopped"});
  CAPTURE(stopped);
  CHECK(value_of(stopped, "lines") == "3");
  CHECK(value_of(stopped, "in") == "10");
  CHECK(value_of(stopped, "out") == "34");
  CHECK(value_of(stopped, "reload") == "failed");
}

}  // namespace
