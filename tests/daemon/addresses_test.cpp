// Where the daemon listens: IPv4, IPv6, both, unix paths and abstract names, several at once; and the echo
// protocol.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

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
  CHECK(daemon.address() == path);
  CHECK(is_socket(path));
  CHECK(Client(path).ask("x") == "Server: x");
  daemon.wait_for_log({"event=closed", " peer=@ "});
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
  CHECK(daemon.address() == name);
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
