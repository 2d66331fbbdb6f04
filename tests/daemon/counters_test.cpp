// The counters: at SIGUSR1, which ends nothing, and at the end.
#include <doctest/doctest.h>

#include <csignal>

#include "support/process.hpp"

using test::Client;
using test::Daemon;

namespace {

bool holds(const std::string& text, std::string_view word) { return text.find(word) != text.npos; }

TEST_CASE("SIGUSR1 tells the counters, and nobody is disturbed") {
  Daemon daemon;
  daemon.signal(SIGUSR1);
  CHECK(holds(daemon.wait_for_log({"level=info event=counters"}),
              " accepted=0 open=0 eof=0 finished=0 reset=0 idle=0 slow-line=0 slow-reader=0 lifetime=0 "
              "line-too-long=0 over-limit=0 over-rate=0 proxy-header=0 drained=0 killed=0 error=0"));

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
  CHECK(holds(log, " drained=1 killed=0 error=0\n"));
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

}  // namespace
