// SIGTERM and SIGINT: everything received before is answered, each connection ends with FIN, nothing is left
// over.
#include <doctest/doctest.h>

#include <csignal>

#include "support/process.hpp"

using test::Client;
using test::Daemon;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> line_service{"line@127.0.0.1:0"};
const std::vector<std::string> patient_drain{"--drain-timeout",
                                             "1h"};  // so that no timeout ends the test's drain

std::string numbered_lines(int count, std::size_t length) {
  std::string lines;
  for (int number = 0; number < count; ++number) {
    std::string line = std::to_string(number);
    if (line.size() < length) line.resize(length, '.');
    lines += line + '\n';
  }
  return lines;
}

std::string replies_to(std::string_view lines) {
  std::string replies;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    replies.append("Server: ").append(lines.substr(0, end));
    lines.remove_prefix(end);
  }
  return replies;
}

TEST_CASE(
    "lines that were received, but not yet read when SIGTERM came, are answered; so are waiting clients") {
  for (const int number : {SIGTERM, SIGINT}) {
    Daemon daemon(line_service, patient_drain);
    const std::string lines = numbered_lines(1000, 0);
    std::vector<Client> clients;
    for (int count = 0; count < 8; ++count) clients.emplace_back(daemon.address());
    for (Client& client : clients) CHECK(client.ask("before") == "Server: before");

    // While it is stopped, the kernel receives for it: lines on connections, and connections to be accepted.
    daemon.signal(SIGSTOP);
    for (int count = 0; count < 8; ++count) clients.emplace_back(daemon.address());
    for (Client& client : clients) {
      client.send(lines);
      client.wait_until_received();
    }
    daemon.signal(number);
    daemon.signal(SIGCONT);

    for (Client& client : clients) CHECK(client.read_to_end() == replies_to(lines));
    clients.clear();
    CHECK(daemon.wait() == 0);
    const std::string log = daemon.errors();
    CHECK(log.find(number == SIGTERM ? "event=draining signal=SIGTERM" : "event=draining signal=SIGINT") !=
          log.npos);
    CHECK(log.find("cause=drained") != log.npos);
    CHECK(log.find("cause=killed") == log.npos);
    CHECK(log.find("event=stopped accepted=16") != log.npos);
  }
}

// Clients that send and do not read until the daemon takes no more, then SIGTERM, then they read.
void check_drain_under_load(int send_buffer) {
  Daemon daemon(line_service, patient_drain);
  constexpr std::size_t length = 1000, reply_length = length + std::string_view("Server: \n").size();
  const std::string lines = numbered_lines(64 * 1024, length);
  std::vector<Client> clients;
  std::vector<std::size_t> sent, received;
  for (std::size_t number = 0; number < 4; ++number) {
    clients.emplace_back(daemon.address(), 8 * 1024, send_buffer);
    sent.push_back(clients.back().send_until_stuck(lines));
    REQUIRE(sent.back() < lines.size());
  }
  for (std::size_t number = 0; number < clients.size(); ++number) {
    received.push_back(sent[number] - clients[number].unreceived());
  }
  daemon.signal(SIGTERM);
  daemon.wait_for_log({"event=draining"});
  for (std::size_t number = 0; number < clients.size(); ++number) {
    // A line that is cut by the full queue is completed; a further one is not begun.
    const std::size_t line_end = lines.find('\n', sent[number] - 1) + 1;
    const std::string_view rest = std::string_view(lines).substr(sent[number], line_end - sent[number]);
    const std::string replies = clients[number].exchange(rest);
    const std::size_t whole = lines.rfind('\n', received[number] - 1) + 1;
    const std::string wanted = replies_to(std::string_view(lines).substr(0, whole));
    CHECK(replies.size() >= wanted.size());
    CHECK(replies.size() % reply_length == 0);
    const bool begins_well = replies.starts_with(wanted);
    CHECK(begins_well);
  }
  clients.clear();
  CHECK(daemon.wait() == 0);
  for (int count = 0; count < 4; ++count) daemon.wait_for_log({"event=closed", "cause=drained"});
}

TEST_CASE("SIGTERM under load: clients whose replies have filled every queue get them all") {
  check_drain_under_load(64 * 1024);
}

TEST_CASE("SIGTERM under load: the same, with megabytes more on their way to the daemon") {
  constexpr int as_the_kernel_likes = 0;
  check_drain_under_load(as_the_kernel_likes);
}

TEST_CASE("a drain lets nobody in, and ends a client that waits for nothing") {
  Daemon daemon(line_service, patient_drain);
  Client silent(daemon.address()), half(daemon.address());
  CHECK(silent.ask("x") == "Server: x");
  half.send("half");
  half.wait_until_received();
  daemon.signal(SIGTERM);
  CHECK(silent.read_to_end() == "");
  silent.close();
  daemon.wait_for_log({"event=closed", "cause=drained"});
  CHECK_THROWS(Client(daemon.address()));
  CHECK(daemon.is_running());
  CHECK(half.ask(" a line") == "Server: half a line");
  CHECK(half.read_to_end() == "");
  half.close();
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a second signal ends at once although a client holds half a line") {
  for (const int number : {SIGTERM, SIGINT}) {
    Daemon daemon({"line@127.0.0.1:0", "echo@127.0.0.1:0"}, patient_drain);
    Client half(daemon.address()), echo(daemon.address(1));
    CHECK(echo.ask("x") == "x");
    half.send("half");
    half.wait_until_received();
    daemon.signal(number);
    daemon.wait_for_log({"event=draining"});
    CHECK(!half.has_input());
    CHECK(daemon.is_running());
    test::pass_second();
    daemon.signal(number);
    CHECK(daemon.wait() == 0);
    daemon.wait_for_log({"event=stopping-now"});
    daemon.wait_for_log({"event=closed protocol=line", "cause=killed"});
    CHECK(half.has_input(1s));
  }
}

TEST_CASE("two signals that come together are one: it drains") {
  Daemon daemon(line_service, patient_drain);
  Client half(daemon.address());
  half.send("half");
  half.wait_until_received();
  daemon.signal(SIGSTOP);
  daemon.signal(SIGTERM);
  daemon.signal(SIGINT);
  daemon.signal(SIGCONT);
  daemon.wait_for_log({"event=draining"});
  daemon.signal(SIGTERM);  // as timeout(1) sends it, to its child and to the group
  CHECK(half.ask(" a line") == "Server: half a line");
  CHECK(half.read_to_end() == "");
  half.close();
  CHECK(daemon.wait() == 0);
  CHECK(daemon.errors().find("event=stopping-now") == std::string::npos);
}

TEST_CASE("the log says what a drain waits for, and a half line holds it for five seconds") {
  Daemon daemon({"line@127.0.0.1:0", "echo@127.0.0.1:0"});
  Client half(daemon.address()), idle(daemon.address()), echo(daemon.address(1));
  CHECK(idle.ask("x") == "Server: x");
  CHECK(echo.ask("x") == "x");
  half.send("half");
  half.wait_until_received();
  const auto began = test::Clock::now();
  daemon.signal(SIGTERM);
  daemon.wait_for_log(
      {"event=draining signal=SIGTERM connections=3 half-lines=1 unsent=0 streams=1 at-most=30.000"});
  echo.close();
  CHECK(half.read_to_end() == "");
  half.close();
  CHECK(daemon.wait() == 0);
  CHECK(test::Clock::now() - began >= 5s);
  CHECK(test::Clock::now() - began < 25s);  // less than drain-timeout
}

TEST_CASE("the drain timeout ends clients that do not finish their line or do not read") {
  Daemon daemon(line_service, {"--drain-timeout", "300ms"});
  const std::string lines = numbered_lines(64 * 1024, 1000);
  Client half(daemon.address()), deaf(daemon.address(), 8 * 1024, 64 * 1024);
  half.send("half");
  half.wait_until_received();
  REQUIRE(deaf.send_until_stuck(lines) < lines.size());
  const auto began = test::Clock::now();
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  CHECK(test::Clock::now() - began >= 300ms);
  for (int count = 0; count < 2; ++count) daemon.wait_for_log({"event=closed", "cause=killed"});
}

TEST_CASE("[141] without connections a signal ends it, whatever the drain timeout") {
  for (const int number : {SIGTERM, SIGINT}) {
    Daemon daemon(line_service, patient_drain);
    daemon.signal(number);
    CHECK(daemon.wait() == 0);
    // The accept that the end cuts short is no failure, and is not told as one.
    const std::string log = daemon.errors();
    CHECK(log.find("event=stopped") != std::string::npos);
    CHECK(log.find("closed network connection") == std::string::npos);
    CHECK(log.find("level=error") == std::string::npos);
    CHECK(log.find("level=warn") == std::string::npos);
  }
}

}  // namespace
