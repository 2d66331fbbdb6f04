// Where the daemon listens: IPv4, IPv6, both, unix paths and abstract names, several at once; and the echo
// protocol.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

#include "support/process.hpp"
#include "support/skip.hpp"

using test::Client;
using test::Daemon;

namespace {

bool is_socket(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0;
}

bool has_ip6() { return ::access("/proc/net/if_inet6", R_OK) == 0; }

std::string with_host(const Daemon& daemon, const std::string& host) {
  return host + daemon.address().substr(daemon.address().rfind(':'));
}

TEST_CASE("the wildcard serves IPv4 and IPv6, and the log has the real port") {
  Daemon daemon({"line@:0"});
  CHECK(!daemon.address().ends_with(":0"));
  CHECK(Client(with_host(daemon, "127.0.0.1")).ask("x") == "Server: x");
  if (has_ip6()) CHECK(Client(with_host(daemon, "[::1]")).ask("x") == "Server: x");
  daemon.wait_for_log({"event=closed", " peer=127.0.0.1:"});
  CHECK(daemon.stop() == 0);
}

TEST_CASE("IPv6 alone serves IPv6 alone") {
  if (!has_ip6()) return test::skip("this machine has no IPv6");
  Daemon daemon({"line@[::1]:0"});
  CHECK(daemon.address().starts_with("[::1]:"));
  CHECK(Client(daemon.address()).ask("x") == "Server: x");
  CHECK_THROWS(Client(with_host(daemon, "127.0.0.1")));
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a unix path is made, served and removed") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  Daemon daemon({"line@unix:" + path});
  CHECK(daemon.address() == "unix:" + path);
  CHECK(is_socket(path));
  CHECK(Client(path).ask("x") == "Server: x");
  daemon.wait_for_log({"event=closed", " peer=unix:@ pid=" + std::to_string(::getpid()) +
                                           " uid=" + std::to_string(::geteuid()) + ' '});
  CHECK(daemon.stop() == 0);
  CHECK(!exists(path));
}

TEST_CASE("the path of a server that died is taken over, that of a live one is not") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  {
    Daemon dies({"line@unix:" + path});
    dies.signal(SIGKILL);
    CHECK(dies.wait() == -SIGKILL);
  }
  CHECK(is_socket(path));
  Daemon daemon({"line@unix:" + path});
  test::Process second({"--listen", "line@unix:" + path});
  CHECK(second.wait() == 1);
  CHECK(second.errors().starts_with("reactord: listen unix " + path + ": bind: address already in use\n"));
  CHECK(Client(path).ask("x") == "Server: x");
  CHECK(daemon.stop() == 0);
  CHECK(!exists(path));
}

TEST_CASE("a path that somebody else has made anew is left alone") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  Daemon first({"line@unix:" + path});
  REQUIRE(::unlink(path.c_str()) == 0);
  Daemon second({"line@unix:" + path});
  CHECK(first.stop() == 0);
  CHECK(Client(path).ask("x") == "Server: x");
  CHECK(second.stop() == 0);
  CHECK(!exists(path));
}

TEST_CASE("an abstract name needs no file") {
  const std::string name = "@reactord-test-" + std::to_string(::getpid());
  Daemon daemon({"line@unix:" + name});
  CHECK(daemon.address() == "unix:" + name);
  CHECK(Client(name).ask("x") == "Server: x");
  CHECK(!exists(name));
  CHECK(daemon.stop() == 0);
}

TEST_CASE("several addresses are served at once, each with its protocol") {
  Daemon daemon({"line@127.0.0.1:0", "echo@127.0.0.1:0"});
  Client line(daemon.address(0)), echo(daemon.address(1));
  CHECK(line.ask("x") == "Server: x");
  CHECK(echo.ask("x") == "x");
  CHECK(line.ask("y") == "Server: y");
  line.close();
  echo.close();
  daemon.wait_for_log({"event=closed protocol=line", "cause=eof"});
  daemon.wait_for_log({"event=closed protocol=echo", "cause=eof"});
  CHECK(daemon.stop() == 0);
}

TEST_CASE("[137] echo gives back every byte as it came, to a client that half-closes too") {
  Daemon daemon({"echo@127.0.0.1:0"});
  std::string bytes;
  for (int count = 0; count < 8 * 1024 * 1024; ++count) bytes += static_cast<char>(count * 7 + count / 256);
  Client client(daemon.address());
  const bool same = client.exchange(bytes, true) == bytes;
  CHECK(same);
  CHECK(Client(daemon.address()).exchange("no line end", true) == "no line end");
  for (const std::size_t step : {1U, 3U, 7U}) {
    Client slow(daemon.address());
    const std::string text = "a\r\n\n" + std::string(3, '\0') + "b\xff no line end";
    for (std::size_t begin = 0; begin < text.size(); begin += step) {
      slow.send(std::string_view(text).substr(begin, step));
      slow.wait_until_received();  // so that no two share a packet
    }
    slow.finish();
    CHECK(slow.read_to_end() == text);
  }
  CHECK(daemon.stop() == 0);
}

TEST_CASE("echo keeps what a client that does not read has sent, within bounds") {
  Daemon daemon({"echo@127.0.0.1:0"});
  const std::string bytes(64 * 1024 * 1024, 'e');
  Client client(daemon.address(), 8 * 1024, 64 * 1024);
  const std::size_t before = daemon.resident_bytes();
  const std::size_t sent = client.send_until_stuck(bytes);
  CHECK(sent < bytes.size());
  if (!test::is_sanitized()) CHECK(daemon.resident_bytes() < before + 1024 * 1024);
  client.finish();
  CHECK(client.read_to_end().size() == sent);
  CHECK(daemon.stop() == 0);
}

}  // namespace

TEST_CASE(
    "of several that start at one path at the same time one serves, and the others say that it is in use") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket"), start = directory.path("start");
  const std::string in_use = "reactord: listen unix " + path + ": bind: address already in use\n";
  for (int round = 0; round < 20; ++round) {
    {
      Daemon dies({"line@unix:" + path});  // what it leaves behind is what they are at odds about
      dies.signal(SIGKILL);
      CHECK(dies.wait() == -SIGKILL);
    }
    const test::Launch launch{.prelude = "while [ ! -e " + start + " ]; do :; done; "};
    std::vector<std::unique_ptr<test::Process>> daemons;
    for (int count = 0; count < 3; ++count) {
      daemons.push_back(std::make_unique<test::Process>(
          std::vector<std::string>{"--listen", "line@unix:" + path}, 0, launch));
    }
    std::ofstream(start).put('\n');
    const auto running = [&daemons] {
      return std::ranges::count_if(daemons, [](const auto& daemon) { return daemon->is_running(); });
    };
    test::wait_until("all but one have ended", [&] { return running() == 1; });
    for (const auto& daemon : daemons) {
      if (daemon->is_running()) {
        daemon->wait_for_log({"event=listening"});
        continue;
      }
      CHECK(daemon->wait() == 1);
      CHECK(daemon->errors().starts_with(in_use));
    }
    CHECK(Client(path).ask("x") == "Server: x");
    for (const auto& daemon : daemons) {
      if (daemon->is_running()) CHECK(daemon->stop() == 0);
    }
    CHECK(!exists(path));
    CHECK(!exists(directory.path(".socket.reactord-lock")));
    std::filesystem::remove(start);
  }
}

TEST_CASE("a unix socket has the mode that stands behind its path, and a reload sets it again") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket"), file = directory.path("reactord.conf");
  const auto mode = [&path] { return std::filesystem::status(path).permissions(); };
  using std::filesystem::perms;
  test::write_file(file, "listen = line@unix:" + path + " mode=0640\n");
  test::Process daemon({"-c", file}, 0, {.prelude = "umask 0077; "});
  daemon.wait_for_log({"event=listening protocol=line address=unix:" + path});
  CHECK(mode() == static_cast<perms>(0640));
  test::write_file(file, "listen = line@unix:" + path + " mode=0666\n");
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=reloaded"});
  CHECK(mode() == static_cast<perms>(0666));
  std::filesystem::permissions(path, static_cast<perms>(0600));
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=reloaded"});
  CHECK(mode() == static_cast<perms>(0666));
  CHECK(Client(path).ask("x") == "Server: x");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("one family of addresses can be served alone, and both beside each other") {
  if (!has_ip6()) return test::skip("this machine has no IPv6");
  Daemon daemon({"line@tcp4::0", "line@tcp6::0"});
  CHECK(daemon.address(0).starts_with("0.0.0.0:"));
  CHECK(daemon.address(1).starts_with("[::]:"));
  CHECK(Client(with_host(daemon, "127.0.0.1")).ask("x") == "Server: x");
  CHECK_THROWS(Client(with_host(daemon, "[::1]")));
  const std::string port = daemon.address(0).substr(daemon.address(0).rfind(':'));
  test::Process other({"--listen", "line@tcp6:" + port});
  other.wait_for_log({"event=listening"});
  CHECK(Client("[::1]" + port).ask("x") == "Server: x");
  CHECK(other.stop() == 0);
  CHECK(daemon.stop() == 0);
}

TEST_CASE(
    "listeners of ours that overlap are told by their names, and a path that is no socket as what it is") {
  Daemon holder({"line@127.0.0.1:0"});
  const std::string port = holder.address().substr(holder.address().rfind(':'));
  CHECK(holder.stop() == 0);
  test::Process overlapping({"--listen", "line@127.0.0.1" + port, "--listen", "echo@" + port});
  CHECK(overlapping.wait() == 1);
  CHECK(overlapping.errors().find(
            "\nlisten = echo@" + port + " and listen = line@127.0.0.1" + port +
            " overlap: every address of a port includes each single one. Leave one of them out.\n") !=
        std::string::npos);
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("file");
  std::ofstream(path) << "precious";
  test::Process refused({"--listen", "line@unix:" + path});
  CHECK(refused.wait() == 1);
  CHECK(refused.errors().find(
            "The file there is not a socket: remove it, or choose another with --listen.\n") !=
        std::string::npos);
}
