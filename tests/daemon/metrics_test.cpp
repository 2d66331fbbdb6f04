// The metrics of the real daemon: where they are, that they count what has happened, and what a reload and an end do to them.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/load_faults.hpp"
#include "support/configured.hpp"
#include "support/process.hpp"

using test::Client;
using test::Configured;
using test::has;
using test::Process;

namespace {

// The whole answer to a request on a connection of its own.
std::string fetch(const std::string& address, const std::string& path = "/metrics") {
  Client client(address);
  client.send("GET " + path + " HTTP/1.0\r\n\r\n");
  return client.read_to_end();
}

// The number behind that name and labels; the test fails where there is none.
std::uint64_t metric(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  REQUIRE_MESSAGE(at != text.npos, name);
  return std::stoull(text.substr(at + name.size() + 2));
}

std::string logged_address(Process& daemon) {
  const std::string line = daemon.wait_for_log({"event=listening protocol=metrics address="});
  const std::size_t at = line.find("address=") + 8;
  return line.substr(at, line.find_first_of(" \n", at) - at);
}

// A daemon that serves lines and metrics, each at a port of the kernel's choice.
struct Measured : test::Daemon {
  explicit Measured(std::vector<std::string> more = {})
      : test::Daemon({"line@127.0.0.1:0"}, [&] {
          more.insert(more.end(), {"--metrics", "127.0.0.1:0"});
          return more;
        }()) {}
  std::string metrics = logged_address(*this);
};

}  // namespace

TEST_SUITE("metrics") {
  TEST_CASE("lines and bytes count, of open connections and of ended ones") {
    Measured daemon;
    {
      Client open(daemon.address()), ended(daemon.address());
      CHECK(open.ask("four") == "Server: four");
      CHECK(ended.ask("a") == "Server: a");
      CHECK(ended.ask("b") == "Server: b");
      ended.close();
      daemon.wait_for_log({"event=closed", "lines=2"});
      const std::string text = fetch(daemon.metrics);
      CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
      CHECK(metric(text, "reactord_lines_total") == 3);
      CHECK(metric(text, "reactord_received_bytes_total") == 9);
      CHECK(metric(text, "reactord_sent_bytes_total") == 13 + 10 + 10);
      CHECK(metric(text, "reactord_connections_accepted_total") == 2);
      CHECK(metric(text, "reactord_connections_open") == 1);
      CHECK(metric(text, "reactord_connections_in_state{state=\"idle\"}") == 1);
      CHECK(metric(text, "reactord_connections_ended_total{cause=\"eof\"}") == 1);
      CHECK(metric(text, "reactord_draining") == 0);
      CHECK(metric(text, "reactord_descriptors_open") > 5);
      CHECK(metric(text, "reactord_log_lines_total{result=\"written\"}") > 3);
    }
    CHECK(daemon.stop() == 0);
  }

  TEST_CASE("what reactord-load says that it did is what the daemon counts") {
    Measured daemon;
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("result.json");
    test::Load load({"-q", "--json", path, "-c", "20", "-R", "400", "-d", "1s", "line@" + daemon.address()});
    load.wait();
    const auto result = test::read_result(path);
    REQUIRE(result.requests > 50);
    const std::string text = fetch(daemon.metrics);
    CHECK(metric(text, "reactord_connections_accepted_total") == result.connections_opened);
    CHECK(metric(text, "reactord_lines_total") == result.total_sent());
    CHECK(daemon.stop() == 0);
  }

  TEST_CASE("limits that end connections are counted by their name") {
    Measured daemon({"--max-connections", "1,reject", "--max-line", "10", "--long-lines", "truncate"});
    Client first(daemon.address());
    CHECK(first.ask("0123456789abc") == "Server: 012345678");
    Client second(daemon.address());
    CHECK(second.read_to_end() == "ERR too many connections (max 1)\n");
    daemon.wait_for_log({"event=closed", "cause=over-limit"});
    const std::string text = fetch(daemon.metrics);
    CHECK(metric(text, "reactord_limit_reached_total{limit=\"max-connections\",action=\"closed\"}") == 1);
    CHECK(metric(text, "reactord_limit_reached_total{limit=\"max-line\",action=\"truncated\"}") == 1);
    first.close();
    CHECK(daemon.stop() == 0);
  }

  TEST_CASE("a taken address is told at the start, with what to do") {
    Measured daemon;
    Process second({"--listen", "line@127.0.0.1:0", "--metrics", daemon.metrics});
    CHECK(second.wait() == 1);
    const std::string errors = second.errors();
    CHECK(has(errors, "listen tcp " + daemon.metrics + ": bind: address already in use"));
    CHECK(has(errors, "choose another with --metrics"));
    CHECK_FALSE(has(errors, "event=listening"));
    CHECK(daemon.stop() == 0);
  }

  TEST_CASE("an address that others reach is warned of") {
    Process daemon({"--listen", "line@127.0.0.1:0", "--metrics", ":0"});
    daemon.wait_for_log({"level=warn event=metrics-public address="});
    CHECK(daemon.stop() == 0);
    Measured quiet;
    CHECK(quiet.stop() == 0);
    CHECK_FALSE(has(quiet.errors(), "metrics-public"));
  }

  TEST_CASE("a reload moves the metrics, ends them, and counts itself") {
    const std::string served = "listen = line@unix:DIRs\n";
    Configured daemon(served + "metrics = unix:DIRm mode=0660\n");
    daemon.process().wait_for_log({"event=listening protocol=metrics address=unix:" + daemon.address("m")});
    struct stat file {};
    REQUIRE(::stat(daemon.address("m").c_str(), &file) == 0);
    CHECK((file.st_mode & 0777U) == 0660U);
    CHECK(metric(fetch(daemon.address("m")), "reactord_reloads_total{result=\"done\"}") == 0);

    daemon.reload(served + "metrics = unix:DIRn\n");
    daemon.process().wait_for_log(
        {"event=not-listening protocol=metrics address=unix:" + daemon.address("m")});
    daemon.process().wait_for_log({"event=listening protocol=metrics address=unix:" + daemon.address("n")});
    daemon.process().wait_for_log({"event=reloaded"});
    CHECK(metric(fetch(daemon.address("n")), "reactord_reloads_total{result=\"done\"}") == 1);

    daemon.reload(served + "metrics = unix:DIRnone/m\n");
    daemon.process().wait_for_log({"event=reload-failed", "mistakes=1"});
    const std::string text = fetch(daemon.address("n"));
    CHECK(metric(text, "reactord_reloads_total{result=\"failed\"}") == 1);
    CHECK(metric(text, "reactord_last_reload_timestamp_seconds") > 1'700'000'000);

    daemon.reload(served);
    daemon.process().wait_for_log(
        {"event=not-listening protocol=metrics address=unix:" + daemon.address("n")});
    CHECK(daemon.process().stop() == 0);
  }

  TEST_CASE("a file has the metrics, and is gone at the end") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("reactord.prom");
    test::Daemon daemon({"line@127.0.0.1:0"}, {"--metrics-file", path});
    test::wait_until("the file is there", [&] { return std::filesystem::exists(path); });
    std::ifstream file(path);
    std::string first;
    std::getline(file, first);
    CHECK(first.starts_with("# HELP reactord_build_info "));
    CHECK(daemon.stop() == 0);
    CHECK_FALSE(std::filesystem::exists(path));
  }

  TEST_CASE("during a drain the metrics say so, until the last client has gone") {
    Measured daemon;
    Client client(daemon.address());
    client.send("half");
    client.wait_until_received();
    daemon.signal(SIGTERM);
    daemon.wait_for_log({"event=draining"});
    CHECK(metric(fetch(daemon.metrics), "reactord_draining") == 1);
    client.send(" a line\n");
    CHECK(client.read_to_end() == "Server: half a line\n");
    CHECK(daemon.wait() == 0);
  }

  TEST_CASE("more readers than there are places wait, and a client of the daemon does not") {
    Measured daemon;
    std::vector<Client> slow;
    for (int count = 0; count < 18; ++count) {
      slow.emplace_back(daemon.metrics);
      slow.back().send("GET /metrics HT");
    }
    Client client(daemon.address());
    CHECK(client.ask("x") == "Server: x");
    CHECK(fetch(daemon.metrics).starts_with("HTTP/1.1 200 OK"));  // when the slow ones have been given up
    slow.clear();
    client.close();
    CHECK(daemon.stop() == 0);
  }
}
