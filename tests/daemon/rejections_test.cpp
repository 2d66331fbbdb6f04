// Whoever is rejected is told why, all of it, and comes to an orderly end: also a client that spoke first, whose unread
// bytes would turn a careless close into a reset that destroys the line on its way.
#include <doctest/doctest.h>

#include "support/crowd.hpp"

using test::Client;
using test::Crowd;
using test::Daemon;
using test::Manner;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t tries = 1000;

std::size_t number_of(const Crowd& crowd, const std::string& ending) {
  const auto found = crowd.endings().find(ending);
  return found == crowd.endings().end() ? 0 : found->second;
}

// A thousand at once, each with 4 KiB: all that were not served read exactly `told`.
void check_told(const Daemon& daemon, std::size_t most_served, const std::string& told) {
  Crowd crowd;
  crowd.add(tries + most_served, Manner::speaks_first, daemon.address());
  const auto ended = [&] {
    std::size_t count = 0;
    for (const auto& [ending, times] : crowd.endings()) count += times;
    return count;
  };
  crowd.run_until("all have ended", [&] { return ended() == tries + most_served; });
  for (const auto& [ending, times] : crowd.endings()) {
    const bool is_right = ending == told || ending == "(served)";
    INFO(times << " times: " << ending);
    CHECK(is_right);
  }
  CHECK(number_of(crowd, "(served)") <= most_served);
  CHECK(number_of(crowd, told) >= tries);
}

std::vector<Client> guests(const Daemon& daemon, std::size_t count) {
  std::vector<Client> all;
  for (std::size_t number = 0; number < count; ++number) {
    all.emplace_back(daemon.address());
    CHECK(all.back().ask("x") == "Server: x");
  }
  return all;
}

TEST_CASE(
    "1,000 of 1,000 clients that speak first read that there are too many, over TCP and a unix socket") {
  const test::TemporaryDirectory directory;
  for (const std::string& address :
       {std::string("line@127.0.0.1:0"), "line@unix:" + directory.path("socket")}) {
    CAPTURE(address);
    Daemon daemon({address}, {"--max-connections", "5,reject"});
    const std::vector<Client> five = guests(daemon, 5);
    check_told(daemon, 0, "ERR too many connections (max 5)\n");
    CHECK(daemon.is_running());
  }
}

TEST_CASE("1,000 of 1,000 clients that speak first read that there are too many from their address") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--max-connections-per-address", "5"});
  const std::vector<Client> five = guests(daemon, 5);
  check_told(daemon, 0, "ERR too many connections from your address (max 5)\n");
  CHECK(Client(daemon.address(), 0, 0, "127.0.0.2").ask("x") == "Server: x");
}

TEST_CASE("1,000 clients that speak first read that there are too many new ones") {
  const test::TemporaryDirectory directory;
  // In ten seconds, which is what a test waits for, a hundred and ten may be served.
  constexpr std::size_t most_served = 110;
  for (const std::string& address :
       {std::string("line@127.0.0.1:0"), "line@unix:" + directory.path("socket")}) {
    CAPTURE(address);
    Daemon daemon({address}, {"--accept-rate", "10/s,reject"});
    check_told(daemon, most_served, "ERR too many new connections (max 10 per second)\n");
  }
  Daemon daemon({"line@127.0.0.1:0"}, {"--accept-rate-per-address", "10/s,reject"});
  check_told(daemon, most_served, "ERR too many new connections from your address (max 10 per second)\n");
}

}  // namespace
