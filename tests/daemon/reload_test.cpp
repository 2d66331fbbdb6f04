// SIGHUP and the real program: all of the new settings or none, while clients talk; and what the service manager is told
// of it, in which order.
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "reactord/time.hpp"
#include "support/notify_socket.hpp"
#include "support/process.hpp"

using test::Client;
using test::NotifySocket;
using test::Process;
using test::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

// A daemon with a file, whose listeners are unix sockets in the same folder.
class Configured {
 public:
  explicit Configured(const std::string& text, const test::Launch& launch = {},
                      std::vector<std::string> more = {})
      : file_(directory_.path("reactord.conf")),
        process_(
            [&] {
              write(text);
              more.insert(more.begin(), {"-c", file_});
              return more;
            }(),
            0, launch) {}

  void write(const std::string& text) const {
    std::string placed = text;
    for (std::size_t at; (at = placed.find("DIR")) != std::string::npos;)
      placed.replace(at, 3, directory_.path(""));
    test::write_file(file_, placed);
  }
  void reload(const std::string& text) {
    write(text);
    process_.signal(SIGHUP);
  }
  Process& process() { return process_; }
  const std::string& file() const { return file_; }
  // As the daemon logs it.
  std::string address(const std::string& name) const { return directory_.path("") + name; }
  bool exists(const std::string& name) const { return std::filesystem::exists(directory_.path(name)); }

 private:
  TemporaryDirectory directory_;
  std::string file_;
  Process process_;
};

bool refuses(const std::string& address) {
  try {
    Client client(address);
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

}  // namespace

TEST_CASE("a reload adds and removes listeners, and who is connected is served on") {
  Configured daemon("listen = line@unix:DIRa\nlisten = line@unix:DIRb\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("b")});
  Client of_a(daemon.address("a")), of_b(daemon.address("b"));
  CHECK(of_a.ask("1") == "Server: 1");
  CHECK(of_b.ask("1") == "Server: 1");

  daemon.reload("listen = line@unix:DIRb\nlisten = echo@unix:DIRc\n");
  daemon.process().wait_for_log({"event=reloaded"});
  daemon.process().wait_for_log({"event=not-listening protocol=line", daemon.address("a")});
  daemon.process().wait_for_log({"event=listening protocol=echo", daemon.address("c")});
  Client of_c(daemon.address("c"));
  CHECK(of_c.ask("2") == "2");
  test::wait_until("the removed listener is closed", [&] { return !daemon.exists("a"); });
  CHECK(refuses(daemon.address("a")));
  CHECK(of_a.ask("2") == "Server: 2");
  CHECK(of_b.ask("2") == "Server: 2");
  CHECK(Client(daemon.address("b")).ask("3") == "Server: 3");
  of_c.close();
  of_a.close();
  of_b.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("who waits in the queue of a removed listener is served") {
  Configured daemon("listen = line@unix:DIRa\nlisten = line@unix:DIRb\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("b")});
  daemon.process().signal(SIGSTOP);
  std::vector<Client> clients;
  for (int count = 0; count < 20; ++count) clients.emplace_back(daemon.address("a"));
  daemon.reload("listen = line@unix:DIRb\n");
  daemon.process().signal(SIGCONT);
  for (Client& client : clients) CHECK(client.ask("x") == "Server: x");
  clients.clear();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE(
    "an address may get another protocol: who is connected keeps the old one, and no port is given up") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  Client before(daemon.address("a"));
  CHECK(before.ask("x") == "Server: x");
  daemon.reload("listen = echo@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening protocol=echo"});
  Client after(daemon.address("a"));
  CHECK(after.ask("x") == "x");
  CHECK(before.ask("y") == "Server: y");
  after.close();
  before.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a port of 0 stays the port it has become") {
  Configured daemon("listen = line@127.0.0.1:0\nlisten = line@127.0.0.1:0\n");
  std::vector<std::string> addresses;
  for (int count = 0; count < 2; ++count) {
    const std::string line = daemon.process().wait_for_log({"event=listening"});
    addresses.push_back(line.substr(line.find("address=") + 8));
  }
  daemon.reload("listen = line@127.0.0.1:0\nlisten = line@127.0.0.1:0\nmax-line = 8\n");
  daemon.process().wait_for_log({"event=reloaded"});
  for (const std::string& address : addresses) CHECK(Client(address).ask("x") == "Server: x");
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a file with mistakes changes nothing, and each mistake is a line of the log") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  daemon.reload("listen = line@unix:DIRb\nidle-timout = 30\nmax-line = 1\n");
  daemon.process().wait_for_log(
      {"level=error event=reload-failed", daemon.file() + ":2: idle-timout = 30: unknown key"});
  daemon.process().wait_for_log(
      {"level=error event=reload-failed", daemon.file() + ":3: max-line = 1: must be"});
  daemon.process().wait_for_log({"event=reload-failed mistakes=2"});
  CHECK(Client(daemon.address("a")).ask("x") == "Server: x");
  CHECK(!daemon.exists("b"));
  std::filesystem::remove(daemon.file());
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log({"event=reload-failed", daemon.file() + ": no such file or directory"});
  CHECK(Client(daemon.address("a")).ask("x") == "Server: x");
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("where one new listener can't be bound, nothing changes at all") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  daemon.reload("listen = line@unix:DIRb\nlisten = line@192.0.2.1:1\nmax-line = 8\nlog-level = error\n");
  daemon.process().wait_for_log(
      {"event=reload-failed", "192.0.2.1:1: bind: cannot assign requested address"});
  CHECK(!daemon.exists("b"));
  CHECK(Client(daemon.address("a")).ask("longer than eight") == "Server: longer than eight");
  daemon.process().wait_for_log({"event=closed"});  // the level has not changed
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("limits and log level change: they hold for who is connected, too, but for the longest line") {
  Configured daemon("listen = line@unix:DIRa\nlog-level = debug\n");
  daemon.process().wait_for_log({"event=listening"});
  Client old(daemon.address("a"));
  CHECK(old.ask("longer than eight") == "Server: longer than eight");
  daemon.reload("listen = line@unix:DIRa\nmax-line = 8\nmax-connections = 2,reject\n");
  daemon.process().wait_for_log({"event=limits max-connections=2 "});
  CHECK(old.ask("longer than eight") == "Server: longer than eight");
  Client second(daemon.address("a"));
  CHECK(second.ask("x") == "Server: x");
  CHECK(Client(daemon.address("a")).read_to_end() == "ERR too many connections (max 2)\n");
  second.send("longer than eight\n");
  CHECK(second.read_to_end() == "ERR line too long (max 8)\n");

  daemon.reload("listen = line@unix:DIRa\nidle-timeout = 50ms\nlog-level = warn\n");
  test::wait_until("the log is quiet", [&] {
    Client client(daemon.address("a"));
    return client.read_to_end().empty();  // ended for its silence
  });
  CHECK(old.read_to_end() == "");  // it was silent for longer
  old.close();
  CHECK(daemon.process().stop() == 0);
  CHECK(daemon.process().errors().find("event=stopped") == std::string::npos);
}

TEST_CASE("the command line counts for more at a reload, too") {
  const TemporaryDirectory directory;
  Configured daemon("listen = line@unix:DIRa\nmax-line = 8\n", {},
                    {"--max-line", "64", "--listen", "line@unix:" + directory.path("c")});
  daemon.process().wait_for_log({"event=listening", directory.path("c")});
  daemon.reload("listen = line@unix:DIRb\nmax-line = 4\nidle-timeout = 5m\n");
  daemon.process().wait_for_log({"event=reloaded"});
  CHECK(!daemon.exists("a"));
  CHECK(!daemon.exists("b"));
  CHECK(Client(directory.path("c")).ask("longer than eight") == "Server: longer than eight");
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a storm of reloads while clients talk loses no line and leaks no descriptor") {
  const std::string both = "listen = line@unix:DIRa\nlisten = line@unix:DIRb\n";
  Configured daemon(both);
  daemon.process().wait_for_log({"event=listening", daemon.address("a")});
  daemon.process().wait_for_log({"event=listening", daemon.address("b")});
  Client client(daemon.address("a"));
  CHECK(client.ask("first") == "Server: first");
  const std::size_t descriptors = daemon.process().descriptors();
  for (int round = 0; round < 100; ++round) {
    const bool is_odd = round % 2 == 1;
    daemon.write(is_odd ? both : "listen = line@unix:DIRa\nlisten = echo@unix:DIRc\nmax-line = 1KiB\n");
    for (int count = 0; count < 5; ++count) daemon.process().signal(SIGHUP);
    const std::string line = "line " + std::to_string(round);
    CHECK(client.ask(line) == "Server: " + line);
  }
  daemon.reload("nonsense\n");
  daemon.process().wait_for_log({"event=reload-failed"});
  daemon.reload(both);
  test::wait_until("the last file is in force", [&] { return daemon.exists("b") && !daemon.exists("c"); });
  CHECK(Client(daemon.address("b")).ask("x") == "Server: x");
  CHECK(client.ask("last") == "Server: last");
  test::wait_until("as many descriptors as before",
                   [&] { return daemon.process().descriptors() == descriptors; });
  client.close();
  CHECK(daemon.process().stop() == 0);
}

// ---- The service manager

TEST_CASE("the service manager is told of start, reload, failed reload and drain, in this order") {
  const NotifySocket manager;
  Configured daemon("listen = line@unix:DIRa\n", {.environment = {manager.variable()}},
                    {"--drain-timeout", "1h"});
  CHECK(manager.next() == "READY=1\nSTATUS=Serving line@unix:" + daemon.address("a") + "; 0 connections");
  Client client(daemon.address("a"));  // it listens: nobody says so before
  CHECK(client.ask("x") == "Server: x");
  CHECK(manager.next() == "STATUS=Serving line@unix:" + daemon.address("a") + "; 1 connection");
  CHECK(!manager.has_datagram(1500ms));  // nothing changes, nothing is said

  const auto before = reactord::Clock::monotonic().now();
  daemon.reload("listen = line@unix:DIRb\n");
  const std::string reloading = manager.next();
  REQUIRE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(std::stoll(reloading.substr(reloading.rfind('=') + 1)) >= before.nanoseconds() / 1000);
  CHECK(manager.next() == "READY=1\nSTATUS=Serving line@unix:" + daemon.address("b") + "; 1 connection");

  daemon.reload("idle-timout = 30\n");
  CHECK(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(manager.next() ==
        "READY=1\nSTATUS=Reload failed: 1 mistake, see the log. As before, serving line@unix:" +
            daemon.address("b") + "; 1 connection");

  client.send("half a line");
  client.wait_until_received();
  daemon.process().signal(SIGTERM);
  CHECK(manager.next() == "STOPPING=1\nSTATUS=Draining: 1 connection left");
  CHECK(manager.next() == "EXTEND_TIMEOUT_USEC=3605000000");
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log({"event=reload-ignored", "draining"});
  client.send(", completed\n");
  CHECK(client.read_to_end() == "Server: half a line, completed\n");
  client.close();
  CHECK(daemon.process().wait() == 0);
  CHECK(!manager.has_datagram(0ms));
}

TEST_CASE("the watchdog is told by a loop that turns") {
  const NotifySocket manager;
  Process daemon({"--listen", "line@127.0.0.1:0"}, 0,
                 {.environment = {manager.variable(), "WATCHDOG_USEC=400000"}});
  CHECK(manager.next().starts_with("READY=1\n"));
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a manager that can't be told is an error in the log, and no reason not to serve") {
  Process daemon({"--listen", "line@127.0.0.1:0"}, 0, {.environment = {"NOTIFY_SOCKET=/nowhere/notify"}});
  daemon.wait_for_log({"event=listening"});
  daemon.wait_for_log({"level=error event=notify-failed", "/nowhere/notify"});
  CHECK(daemon.stop() == 0);
  Process wrong({"--listen", "line@127.0.0.1:0"}, 0, {.environment = {"NOTIFY_SOCKET=vsock:2:1"}});
  wrong.wait_for_log({"level=error event=notify-failed", "must be a path or @name"});
  CHECK(wrong.stop() == 0);
}

// ---- What is there, and not what was

TEST_CASE("a reload makes a socket file anew that somebody has removed") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  REQUIRE(std::filesystem::remove(daemon.address("a")));
  CHECK(refuses(daemon.address("a")));
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log({"event=reloaded"});
  daemon.process().wait_for_log({"event=listening", daemon.address("a")});
  CHECK(Client(daemon.address("a")).ask("x") == "Server: x");
  CHECK(daemon.process().stop() == 0);
  CHECK(!daemon.exists("a"));
}

TEST_CASE("a reload in whose place another server has come says so, and serves on where it can") {
  Configured daemon("listen = line@unix:DIRa\nlisten = line@unix:DIRb\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("b")});
  REQUIRE(std::filesystem::remove(daemon.address("a")));
  Process other({"--listen", "echo@unix:" + daemon.address("a")});
  other.wait_for_log({"event=listening"});
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log({"event=reload-failed", "address already in use", "hint="});
  CHECK(Client(daemon.address("a")).ask("x") == "x");
  CHECK(Client(daemon.address("b")).ask("x") == "Server: x");
  CHECK(daemon.process().stop() == 0);
  CHECK(Client(daemon.address("a")).ask("x") == "x");
  CHECK(other.stop() == 0);
}

TEST_CASE("an address that was removed while the server is full is had back by the next reload") {
  const std::string both = "max-connections = 1\nlisten = line@unix:DIRa\nlisten = line@unix:DIRb\n";
  const std::string one = "max-connections = 1\nlisten = line@unix:DIRb\n";
  Configured daemon(both);
  daemon.process().wait_for_log({"event=listening", daemon.address("a")});
  daemon.process().wait_for_log({"event=listening", daemon.address("b")});
  Client served(daemon.address("b"));
  CHECK(served.ask("x") == "Server: x");
  for (int round = 0; round < 3; ++round) {
    daemon.reload(one);
    daemon.process().wait_for_log({"event=not-listening", daemon.address("a")});
    daemon.reload(both);
    daemon.process().wait_for_log({"event=listening", daemon.address("a")});
  }
  served.close();
  CHECK(Client(daemon.address("a")).ask("x") == "Server: x");
  CHECK(daemon.process().stop() == 0);
  CHECK(daemon.process().errors().find("reload-failed") == std::string::npos);
}

TEST_CASE("a file that is empty where it was not is no configuration: whoever writes it is not done") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  std::ofstream(daemon.file(), std::ios::trunc);
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log(
      {"event=reload-failed", "is empty, and was not so before: write another file"});
  CHECK(Client(daemon.address("a")).ask("x") == "Server: x");
  daemon.reload("# all as it is by default, but for\nlisten = line@unix:DIRb\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("b")});
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("reloads in quick succession are all done, and the last one counts") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  for (int round = 0; round < 50; ++round) {
    daemon.reload("listen = line@unix:DIRb\n");
    daemon.reload("listen = line@unix:DIRa\n");
  }
  daemon.reload("listen = line@unix:DIRc\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("c")});
  CHECK(Client(daemon.address("c")).ask("x") == "Server: x");
  CHECK(daemon.process().stop() == 0);
  CHECK(daemon.process().errors().find("reload-failed") == std::string::npos);
}

TEST_CASE("a reload to an address that overlaps with the one that is served says so, and what to do") {
  Configured daemon("listen = line@127.0.0.1:0\n");
  const std::string line = daemon.process().wait_for_log({"event=listening"});
  CHECK(daemon.process().stop() == 0);
  const std::string port = line.substr(line.rfind(':') + 1);
  Configured served("listen = line@tcp4::" + port);
  served.process().wait_for_log({"event=listening"});
  served.reload("listen = line@:" + port);
  served.process().wait_for_log({"event=reload-failed", "address already in use",
                                 "hint=\"It overlaps with line@tcp4::", "Restart instead.\""});
  CHECK(served.process().stop() == 0);
}

TEST_CASE("a file of the configuration that is new and empty is none that was emptied") {
  Configured daemon("listen = line@unix:DIRa\n");
  daemon.process().wait_for_log({"event=listening"});
  const std::string folder = daemon.file().substr(0, daemon.file().rfind('/')) + "/conf.d";
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/new.conf");
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log({"event=reloaded"});
  CHECK(daemon.process().stop() == 0);
}
