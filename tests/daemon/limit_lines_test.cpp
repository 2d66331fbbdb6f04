// Each limit of the real daemon, its line of the log, and that docs/operations.md shows this very line: all of it but
// the peer, the time and the numbers that depend on the kernel's buffers.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "support/process.hpp"

using test::Client;
using test::Daemon;
using test::Process;
using namespace std::chrono_literals;

namespace {

// Exact in all but who it was, its number and how long it took; with `loose` in all but the numbers.
std::string normalized(const std::string& line, bool loose) {
  std::string all;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('=');
    const std::string key = word.substr(0, at);
    if (key == "time") continue;
    const bool is_number =
        at != word.npos && at + 1 < word.size() && word.find_first_not_of("0123456789.", at + 1) == word.npos;
    if (key == "peer" || key == "seconds" || key == "id" || (loose && is_number)) word = key + "=#";
    all += (all.empty() ? "" : " ") + word;
  }
  return all;
}

// What docs/operations.md has in blocks of code and between backquotes.
std::vector<std::string> quotations() {
  std::ifstream page("docs/operations.md");
  REQUIRE(page.good());
  std::vector<std::string> all;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("level=") || line.starts_with("reactord: ")) all.push_back(line);
    for (std::size_t at = 0; (at = line.find("`level=", at)) != line.npos; ++at)
      all.push_back(line.substr(at + 1, line.find('`', at + 1) - at - 1));
  }
  return all;
}

void check_documented(const std::string& line, bool loose = false) {
  const std::string wanted = normalized(line, loose);
  const std::vector<std::string> all = quotations();
  INFO("docs/operations.md must show: " << wanted);
  CHECK(std::ranges::any_of(all, [&](const std::string& one) { return normalized(one, loose) == wanted; }));
}

constexpr bool loosely = true;

TEST_CASE("silent for too long: cause=idle") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--idle-timeout", "300ms"});
  Client client(daemon.address());
  client.send("one\ntwo\n");
  CHECK(client.read_to_end() == "Server: one\nServer: two\n");
  client.close();
  check_documented(daemon.wait_for_log({"cause=idle"}));
}

TEST_CASE("a line that does not become complete: cause=slow-line") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--line-timeout", "300ms"});
  Client client(daemon.address());
  client.send("half of some line");
  CHECK(client.read_to_end() == "");
  client.close();
  check_documented(daemon.wait_for_log({"cause=slow-line"}));
}

TEST_CASE("answers that nobody takes: cause=slow-reader, and the client is reset") {
  // The time is far more than it takes the client to see that it is stuck.
  Daemon daemon({"line@127.0.0.1:0"}, {"--write-timeout", "2s"});
  Client client(daemon.address(), 8 * 1024, 64 * 1024);
  std::string lines;
  while (lines.size() < 16 * 1024 * 1024) lines += "nine byte\n";
  CHECK(client.send_until_stuck(lines) < lines.size());
  check_documented(daemon.wait_for_log({"cause=slow-reader"}), loosely);
  CHECK(client.is_reset());
}

TEST_CASE("more waits for one client than may: cause=slow-reader limit=output-hard") {
  Daemon daemon({"line@127.0.0.1:0"},
                {"--output-high", "1KiB", "--output-low", "1KiB", "--output-hard", "4KiB"});
  Client client(daemon.address(), 8 * 1024, 64 * 1024);
  const std::string line = std::string(60 * 1024, 'x') + '\n';
  try {
    for (int count = 0; count < 1000; ++count) client.send(line);
  } catch (const std::system_error&) {  // it has been given up
  }
  check_documented(daemon.wait_for_log({"cause=slow-reader"}), loosely);
}

TEST_CASE("as old as it may become: cause=lifetime") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--lifetime", "500ms"});
  Client client(daemon.address());
  std::string lines;
  for (int count = 0; count < 3600; ++count) lines += "nine byte\n";
  const std::string answers = client.exchange(lines);
  CHECK(answers.size() == 3600 * 18);
  client.close();
  check_documented(daemon.wait_for_log({"cause=lifetime"}));
}

TEST_CASE("a line that is too long: closed, truncated or discarded") {
  const std::string line(64 * 1024, 'x');
  {
    Daemon daemon;
    Client client(daemon.address());
    client.send(line);
    CHECK(client.read_to_end() == "ERR line too long (max 65536)\n");
    client.close();
    check_documented(daemon.wait_for_log({"cause=line-too-long"}));
  }
  {
    Daemon daemon({"line@127.0.0.1:0"}, {"--long-lines", "truncate"});
    Client client(daemon.address());
    CHECK(client.ask(line + "more") == "Server: " + line.substr(1));
    check_documented(daemon.wait_for_log({"action=truncated"}));
    CHECK(client.ask("x") == "Server: x");
  }
  Daemon daemon({"line@127.0.0.1:0"}, {"--long-lines", "discard"});
  Client client(daemon.address());
  CHECK(client.ask(line + "more") == "ERR line too long (max 65536)");
  check_documented(daemon.wait_for_log({"action=discarded"}));
  CHECK(client.ask("x") == "Server: x");
}

TEST_CASE(
    "more is held for all clients than may: cause=over-limit limit=max-buffers, and who reads is told") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--max-buffers", "256KiB"});
  std::vector<Client> greedy;
  for (int count = 0; count < 5; ++count) {
    greedy.emplace_back(daemon.address());
    greedy.back().send(std::string(60'000, 'x'));
    greedy.back().wait_until_received();
  }
  test::wait_until("one has been told",
                   [&] { return std::ranges::any_of(greedy, [](Client& one) { return one.has_input(); }); });
  for (Client& one : greedy) {
    if (one.has_input()) CHECK(one.read_to_end() == "ERR out of buffer memory\n");
    one.close();
  }
  check_documented(daemon.wait_for_log({"limit=max-buffers"}), loosely);
}

TEST_CASE("too many connections that wait: one is served when another leaves") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--max-connections", "1"});
  Client first(daemon.address()), second(daemon.address());
  CHECK(first.ask("x") == "Server: x");
  second.send("x\n");
  check_documented(daemon.wait_for_log({"limit=max-connections", "action=deferred"}));
  second.wait_until_received();
  CHECK(!second.has_input());
  first.close();
  CHECK(second.read_line() == "Server: x\n");
}

TEST_CASE("too many connections that are rejected") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--max-connections", "1,reject"});
  Client first(daemon.address());
  CHECK(first.ask("x") == "Server: x");
  CHECK(Client(daemon.address()).read_to_end() == "ERR too many connections (max 1)\n");
  check_documented(daemon.wait_for_log({"cause=over-limit"}), loosely);
}

TEST_CASE("too many connections from one address, rejected and deferred; others are served") {
  for (const std::string then : {"reject", "defer"}) {
    CAPTURE(then);
    Daemon daemon({"line@127.0.0.1:0"}, {"--max-connections-per-address", "1," + then});
    Client first(daemon.address(), 0, 0, "127.0.0.2"), second(daemon.address(), 0, 0, "127.0.0.2");
    Client other(daemon.address(), 0, 0, "127.0.0.3");
    CHECK(first.ask("x") == "Server: x");
    CHECK(other.ask("x") == "Server: x");
    if (then == "reject") {
      CHECK(second.read_to_end() == "ERR too many connections from your address (max 1)\n");
      second.close();
      check_documented(daemon.wait_for_log({"cause=over-limit"}), loosely);
      continue;
    }
    check_documented(daemon.wait_for_log({"action=deferred"}));
    second.send("x\n");
    second.wait_until_received();
    CHECK(!second.has_input());
    first.close();
    CHECK(second.read_line() == "Server: x\n");
  }
}

TEST_CASE("too many new connections: deferred, and all are served in the end") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--accept-rate", "10/s,burst=1"});
  std::vector<Client> clients;
  for (int count = 0; count < 4; ++count) clients.emplace_back(daemon.address());
  check_documented(daemon.wait_for_log({"limit=accept-rate", "action=deferred"}));
  for (Client& client : clients) CHECK(client.ask("x") == "Server: x");
}

TEST_CASE("too many new connections: rejected, those of all and those of one address") {
  for (const std::string option : {"--accept-rate", "--accept-rate-per-address"}) {
    CAPTURE(option);
    Daemon daemon({"line@127.0.0.1:0"}, {option, "1/s,reject"});
    Client first(daemon.address());
    CHECK(first.ask("x") == "Server: x");
    const std::string from = option == "--accept-rate" ? "" : " from your address";
    CHECK(Client(daemon.address()).read_to_end() ==
          "ERR too many new connections" + from + " (max 1 per second)\n");
    check_documented(daemon.wait_for_log({"cause=over-rate"}), loosely);
  }
}

TEST_CASE("what --log-rate leaves out is counted: event=omitted") {
  Daemon daemon({"line@127.0.0.1:0"}, {"--log-rate", "1"});
  for (int count = 0; count < 20; ++count) {
    Client client(daemon.address());
    CHECK(client.ask("x") == "Server: x");
    client.reset();
  }
  check_documented(daemon.wait_for_log({"event=omitted", "cause=reset"}), loosely);
}

TEST_CASE("more connections than descriptors are refused with the sum, and the limits are told") {
  Daemon daemon({"line@127.0.0.1:0"}, {}, 20'000);
  check_documented(daemon.wait_for_log({"event=limits"}));
  Process process({"--max-connections", "50000"}, 20'000);
  CHECK(process.wait() == 64);
  std::string refusal = process.errors();
  CHECK(refusal.ends_with('\n'));
  refusal.pop_back();
  check_documented(refusal);
}

}  // namespace
