// A client that asks for much, half-closes at once and is slow to read: it loses nothing.
#include <doctest/doctest.h>

#include <thread>

#include "support/process.hpp"

using test::Client;
using test::Daemon;
using namespace std::chrono_literals;

namespace {

constexpr int lines = 20'000;
constexpr int small_receive_buffer = 8 * 1024;

struct Exchange {
  std::string sent, received;
};

// Numbered lines, each filled up to `length` bytes with its end, and what the daemon answers.
Exchange numbered_lines(std::size_t length) {
  Exchange exchange;
  for (int number = 0; number < lines; ++number) {
    std::string line = std::to_string(100'000 + number);
    line.resize(length - 1, 'x');
    exchange.sent += line + '\n';
    exchange.received += "Server: " + line + '\n';
  }
  return exchange;
}

// The texts are megabytes: doctest must not print them.
void check_same(const std::string& received, const std::string& wanted) {
  CHECK(received.size() == wanted.size());
  const bool same = received == wanted;
  CHECK(same);
}

TEST_CASE("20,000 pipelined lines with replies of 1 KiB reach a client that reads nothing for 1.5 s") {
  Daemon daemon;
  const Exchange exchange = numbered_lines(1024 - std::string_view("Server: ").size());
  Client client(daemon.address(), small_receive_buffer);
  // More than the kernel queues: the rest follows as soon as there is room, and the half-close behind it.
  const std::size_t sent = client.send_until_stuck(exchange.sent);
  CHECK(sent < exchange.sent.size());
  std::this_thread::sleep_for(1500ms);  // the scenario itself, not a wait for something
  check_same(client.exchange(std::string_view(exchange.sent).substr(sent), true), exchange.received);
  const std::string closed = daemon.wait_for_log({"event=closed"});
  CHECK(closed.find(" cause=eof lines=20000 ") != closed.npos);
  CHECK(daemon.stop() == 0);
}

TEST_CASE("20,000 short lines, all sent and half-closed before the first reply is read") {
  Daemon daemon;
  const Exchange exchange = numbered_lines(7);
  constexpr int roomy_send_buffer = 200 * 1024;
  Client client(daemon.address(), small_receive_buffer, roomy_send_buffer);
  client.send(exchange.sent);
  client.finish();
  std::this_thread::sleep_for(1500ms);
  check_same(client.read_to_end(), exchange.received);
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a client of a unix socket that sends and reads at the same time gets all of 20,000 replies") {
  const test::TemporaryDirectory directory;
  Daemon daemon({"line@unix:" + directory.path("socket")});
  const Exchange exchange = numbered_lines(512);
  Client client(daemon.address());
  check_same(client.exchange(exchange.sent, true), exchange.received);
  CHECK(daemon.stop() == 0);
}

}  // namespace
