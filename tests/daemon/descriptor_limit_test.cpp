// More clients than descriptors: those that are connected are served, the others wait without costing
// anything. The daemon counts its descriptors at the start, so that this does not happen; here the limit is lowered
// afterwards.
#include <doctest/doctest.h>

#include <thread>

#include "support/process.hpp"

using test::Client;
using test::Daemon;
using namespace std::chrono_literals;

namespace {

constexpr unsigned descriptor_limit = 64;
constexpr std::size_t client_count = 200;

TEST_CASE(
    "[142] with 64 descriptors and 200 clients: some served, the rest wait at no cost, at last all are "
    "served") {
  Daemon daemon({"line@127.0.0.1:0"});
  daemon.limit_descriptors(descriptor_limit);
  const std::size_t room = descriptor_limit - daemon.descriptors();
  std::vector<Client> clients;
  for (std::size_t number = 0; number < client_count; ++number) {
    clients.emplace_back(daemon.address());
    clients.back().send("client " + std::to_string(number) + '\n');
  }
  const auto reply_to = [](std::size_t number) { return "Server: client " + std::to_string(number) + '\n'; };
  for (std::size_t number = 0; number < room; ++number)
    CHECK(clients[number].read_line() == reply_to(number));
  CHECK(daemon.wait_for_log({"event=accept-paused"}).find("too many open files") != std::string::npos);

  const double cpu_before = daemon.cpu_seconds();
  constexpr auto interval = 2s;
  std::this_thread::sleep_for(interval);  // what is measured is what happens in it
  constexpr double allowed_share = 0.05;
  CHECK(daemon.cpu_seconds() - cpu_before < allowed_share * std::chrono::duration<double>(interval).count());

  for (std::size_t number = room; number < client_count; ++number) CHECK(!clients[number].has_input());
  for (std::size_t number = 0; number < room; ++number)
    CHECK(clients[number].ask("again") == "Server: again");

  for (std::size_t number = 0; number < client_count; ++number) {
    if (number >= room) CHECK(clients[number].read_line() == reply_to(number));
    clients[number].close();
  }
  CHECK(daemon.stop() == 0);
  // At most one for each descriptor that came free, and a few while none did: the pauses grow.
  const std::string log = daemon.errors();
  std::size_t pauses = 0;
  for (std::size_t at = 0; (at = log.find("event=accept-paused", at)) != log.npos; ++at) ++pauses;
  CHECK(pauses <= client_count);
}

TEST_CASE("each descriptor that comes free is used again, time after time") {
  Daemon daemon({"line@127.0.0.1:0"});
  daemon.limit_descriptors(descriptor_limit);
  const std::size_t room = descriptor_limit - daemon.descriptors();
  std::vector<Client> clients;
  for (std::size_t number = 0; number < room; ++number) clients.emplace_back(daemon.address());
  for (Client& client : clients) CHECK(client.ask("x") == "Server: x");
  for (int waiting = 0; waiting < 20; ++waiting) {
    Client late(daemon.address());
    late.send("late\n");
    late.wait_until_received();
    CHECK(!late.has_input());
    clients.pop_back();
    CHECK(late.read_line() == "Server: late\n");
    clients.push_back(std::move(late));
  }
  clients.clear();
  CHECK(daemon.stop() == 0);
}

}  // namespace
