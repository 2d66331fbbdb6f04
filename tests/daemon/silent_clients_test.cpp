// Clients that say nothing, say half a line, or never read: none delays another, and none costs much memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "support/process.hpp"

using test::Client;
using test::Clock;
using test::Daemon;
using namespace std::chrono_literals;

namespace {

// How long the slowest of some questions to the daemon takes.
Clock::duration slowest_answer(Client& client, int questions) {
  Clock::duration slowest{};
  for (int question = 0; question < questions; ++question) {
    const auto asked = Clock::now();
    const std::string text = "question " + std::to_string(question);
    CHECK(client.ask(text) == "Server: " + text);
    slowest = std::max(slowest, Clock::now() - asked);
  }
  return slowest;
}

TEST_CASE("the silent, the half-line and the never-reading client delay no one, and memory stays bounded") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--idle-timeout", "10m"});
  Client active(daemon.address());
  CHECK(slowest_answer(active, 10) < 2s);
  const std::size_t resident_before = daemon.resident_bytes();

  Client silent(daemon.address());
  Client half(daemon.address());
  half.send("half a line");
  constexpr std::size_t loud_clients = 10;
  const std::string lines = [] {
    std::string all;
    while (all.size() < 64 * 1024 * 1024) all += "a line to which the client will never read the answer\n";
    return all;
  }();
  std::vector<Client> loud;
  for (std::size_t count = 0; count < loud_clients; ++count) {
    loud.emplace_back(daemon.address(), 8 * 1024, 64 * 1024);
    CHECK(loud.back().send_until_stuck(lines) < lines.size());
  }

  CHECK(slowest_answer(active, 100) < 2s);
  constexpr std::size_t allowed_each = 512 * 1024;
  if (!test::is_sanitized()) CHECK(daemon.resident_bytes() < resident_before + loud_clients * allowed_each);
  CHECK(half.ask(" and its end") == "Server: half a line and its end");
  CHECK(!silent.has_input());
  CHECK(silent.ask("not for ever") == "Server: not for ever");
  daemon.signal(SIGTERM);
  daemon.wait_for_log({"event=draining"});
  test::pass_second();
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("[139] a client that never ends its line is told so at 64 KiB, and costs no more") {
  Daemon daemon;
  Client client(daemon.address());
  const std::string endless(64 * 1024, 'a');
  client.send(endless);
  CHECK(client.read_to_end() == "ERR line too long (max 65536)\n");
  client.close();
  // The whole of a line that is too long, its end included, and more after it: an answer too, and no reset.
  Client with_end(daemon.address());
  CHECK(with_end.exchange(endless + "\nnever answered\n", true) == "ERR line too long (max 65536)\n");
  with_end.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("the idle ones are closed at their deadline, an active one is not") {
  const auto began = Clock::now();
  constexpr auto timeout = 1s;
  Daemon daemon({"line@127.0.0.1:0", "echo@127.0.0.1:0"}, {"--idle-timeout", "1s", "--line-timeout", "1s"});
  Client silent(daemon.address()), half(daemon.address()), silent_echo(daemon.address(1));
  Client trickling(daemon.address()), active(daemon.address()), active_echo(daemon.address(1));
  half.send("half a line");
  // A byte now and then does not count: only a whole line does.
  while (!trickling.has_input(20ms)) {
    trickling.send("x");
    REQUIRE(Clock::now() - began < test::patience);
    CHECK(active.ask("here") == "Server: here");
    CHECK(active_echo.ask("here") == "here");
  }
  for (Client* idle : {&trickling, &silent, &half, &silent_echo}) {
    CHECK(idle->read_to_end() == "");
    idle->close();
  }
  CHECK(Clock::now() - began >= timeout);
  CHECK(active.ask("still here") == "Server: still here");
  CHECK(active_echo.ask("still here") == "still here");
  daemon.wait_for_log({"event=closed protocol=line", "cause=idle"});
  for (int count = 0; count < 2; ++count)
    daemon.wait_for_log({"event=closed protocol=line", "cause=slow-line"});
  daemon.wait_for_log({"event=closed protocol=echo", "cause=idle"});
  active.close();
  active_echo.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("after a burst of 500 connections every descriptor is given back") {
  Daemon daemon;
  const std::size_t before = daemon.descriptors();
  {
    std::vector<Client> clients;
    for (int count = 0; count < 500; ++count) clients.emplace_back(daemon.address());
    for (Client& client : clients) CHECK(client.ask("x") == "Server: x");
    CHECK(daemon.descriptors() == before + clients.size());
  }
  test::wait_until("all descriptors are given back", [&] { return daemon.descriptors() == before; });
  CHECK(daemon.stop() == 0);
}

}  // namespace
