// A process that was stopped: when it goes on, hundreds of idle timeouts are over, and whatever was sent in time lies in
// the kernel. Who spoke is no idler.
#include <doctest/doctest.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/process.hpp"

using test::Client;
using test::Daemon;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t talkers = 400, silent = 300;  // more than one wait of the loop returns
constexpr auto idle_timeout = 2s;

std::string number_of(std::size_t client) { return "client " + std::to_string(client); }

// A line, or "" at the end of file.
std::string answer_of(Client& client) {
  try {
    return client.read_line();
  } catch (const std::runtime_error&) {
    return {};
  }
}

}  // namespace

TEST_CASE(
    "a daemon that was stopped for longer than the idle timeout answers who spoke, and closes who did not") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--idle-timeout", "2s"});
  std::vector<Client> clients;
  for (std::size_t index = 0; index < talkers + silent; ++index) clients.emplace_back(daemon.address());
  for (Client& client : clients) client.send("hello\n");
  for (Client& client : clients) CHECK(client.read_line() == "Server: hello\n");

  daemon.signal(SIGSTOP);
  for (std::size_t index = 0; index < talkers; ++index) clients[index].send(number_of(index) + '\n');
  for (std::size_t index = 0; index < talkers; ++index) clients[index].wait_until_received();
  std::this_thread::sleep_for(idle_timeout + 500ms);  // all deadlines are over
  daemon.signal(SIGCONT);

  std::size_t answered = 0, stayed = 0, closed = 0;
  for (std::size_t index = 0; index < talkers; ++index) {
    if (answer_of(clients[index]) == "Server: " + number_of(index) + '\n') ++answered;
  }
  for (std::size_t index = 0; index < talkers; ++index) {
    clients[index].send("and now\n");
    if (answer_of(clients[index]) == "Server: and now\n") ++stayed;
  }
  for (std::size_t index = talkers; index < clients.size(); ++index) {
    if (clients[index].read_to_end().empty()) ++closed;
  }
  CHECK(answered == talkers);
  CHECK(stayed == talkers);
  CHECK(closed == silent);
  CHECK(daemon.wait_for_log({"event=closed", "cause=idle"}).find("lines=1 ") != std::string::npos);
  clients.clear();
  CHECK(daemon.stop() == 0);
}
