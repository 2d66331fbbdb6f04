// How the daemon lives with a limit on its memory: what it takes on itself at the start, and thousands of half lines below
// a limit that has no room for them.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/skip.hpp"

using test::Client;
using test::Process;

namespace {

constexpr int usage_error = 64, configuration_error = 78;

std::string address_of(Process& daemon) {
  const std::string line = daemon.wait_for_log({"event=listening"});
  return line.substr(line.find("address=") + 8);
}

// As many half lines as the kernel takes for it; the log is read meanwhile.
std::vector<Client> send_halves(Process& daemon, const std::string& address, std::size_t count,
                                std::size_t size) {
  const std::string half(size, 'x');
  std::vector<Client> clients;
  for (std::size_t number = 0; number < count; ++number) {
    clients.emplace_back(address);
    clients.back().send_until_stuck(half);
    daemon.read_log();
  }
  return clients;
}

constexpr const char* sanitized = "a sanitizer needs terabytes of addresses";

std::size_t number_after(const std::string& text, const std::string& word) {
  return std::stoul(text.substr(text.find(word) + word.size()));
}

}  // namespace

TEST_CASE("below a limit on the address space thousands of half lines are shed, and the others are served") {
  if (test::is_sanitized()) return test::skip(sanitized);
  // With the limit at work, and with none but what the allocator refuses.
  for (const bool bounded : {true, false}) {
    CAPTURE(bounded);
    std::vector<std::string> arguments{"--listen", "line@127.0.0.1:0", "--line-timeout", "60s"};
    if (!bounded) arguments.insert(arguments.end(), {"--max-buffers", "0"});
    Process daemon(arguments, 4000, {.prelude = "ulimit -v 24576; "});
    const std::string address = address_of(daemon);
    Client old(address);
    CHECK(old.ask("before") == "Server: before");
    std::vector<Client> clients = send_halves(daemon, address, 1500, 40'000);
    CHECK(daemon.is_running());
    CHECK(Client(address).ask("new") == "Server: new");
    CHECK(old.ask("old") == "Server: old");
    daemon.wait_for_log({"event=closed", "cause=over-limit limit=max-buffers"});
    clients.clear();
    CHECK(Client(address).ask("after") == "Server: after");
    old.close();
    CHECK(daemon.stop() == 0);
  }
}

TEST_CASE("idle connections that leave no memory wait to be accepted, and the first ones are served on") {
  if (test::is_sanitized()) return test::skip(sanitized);
  Process daemon({"--listen", "line@127.0.0.1:0"}, 12'000, {.prelude = "ulimit -v 11264; "});
  const std::string address = address_of(daemon);
  Client old(address);
  CHECK(old.ask("before") == "Server: before");
  std::vector<Client> clients = send_halves(daemon, address, 8000, 1);
  CHECK(daemon.is_running());
  CHECK(old.ask("old") == "Server: old");
  clients.clear();
  CHECK(Client(address).ask("after") == "Server: after");
  old.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("max-buffers is bounded by the limit on memory at the start, and --check shows it") {
  if (test::is_sanitized()) return test::skip(sanitized);
  Process daemon({"--listen", "line@127.0.0.1:0"}, 0, {.prelude = "ulimit -v 65536; "});
  const std::string limits = daemon.wait_for_log({"event=limits", "memory="});
  const std::size_t memory = number_after(limits, "memory="), buffers = number_after(limits, "max-buffers=");
  CHECK(memory < 65536 * 1024);
  CHECK(memory > 40 * 1024 * 1024);
  CHECK(buffers == memory / 2 / 1024 * 1024);
  CHECK(daemon.stop() == 0);

  Process checked({"--check"}, 0, {.prelude = "ulimit -v 65536; "});
  CHECK(checked.wait() == 0);
  CHECK(checked.output().find("KiB  # what the limit on memory allows; default 256MiB\n") !=
        std::string::npos);
}

TEST_CASE(
    "more buffers than the limit on memory allows are refused, on the command line, in a file, at a reload") {
  if (test::is_sanitized()) return test::skip(sanitized);
  const std::string prelude = "ulimit -v 65536; ";
  Process asks({"--listen", "line@127.0.0.1:0", "--max-buffers", "64MiB"}, 0, {.prelude = prelude});
  CHECK(asks.wait() == usage_error);
  const std::string said = asks.errors();
  CHECK(said.starts_with("reactord: --max-buffers 64MiB: "));
  CHECK(said.find(
            " bytes of memory are to be had (ulimit -v, LimitAS= of a unit), half of that is for buffers: "
            "at most ") != std::string::npos);

  const test::TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  test::write_file(file, "listen = line@127.0.0.1:0\nmax-buffers = 64MiB\n");
  Process checked({"-c", file, "--check"}, 0, {.prelude = prelude});
  CHECK(checked.wait() == configuration_error);
  test::write_file(file, "listen = line@127.0.0.1:0\nmax-buffers = 1MiB\n");
  Process daemon({"-c", file}, 0, {.prelude = prelude});
  daemon.wait_for_log({"event=limits", "max-buffers=1048576"});
  test::write_file(file, "listen = line@127.0.0.1:0\nmax-buffers = 64MiB\n");
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=reload-failed", "max-buffers = 64MiB: "});
  test::write_file(file, "listen = line@127.0.0.1:0\n");
  daemon.signal(SIGHUP);
  daemon.wait_for_log({"event=reloaded"});
  const std::string limits = daemon.wait_for_log({"event=limits"});
  CHECK(number_after(limits, "max-buffers=") == number_after(limits, "memory=") / 2 / 1024 * 1024);
  CHECK(daemon.stop() == 0);
}

TEST_CASE("too little memory to start with is one sentence and the exit status 1, however little it is") {
  if (test::is_sanitized()) return test::skip(sanitized);
  const test::TemporaryDirectory directory;
  const std::string socket = directory.path("x.sock");
  int refused = 0;
  // From where the program can't be loaded to where it runs.
  bool has_served = false;
  for (std::size_t kibibytes = 6000; !has_served; kibibytes += 20) {
    REQUIRE(kibibytes < 32'000);
    CAPTURE(kibibytes);
    Process daemon({"--listen", "line@unix:" + socket, "--max-buffers", "0"}, 0,
                   {.prelude = "ulimit -v " + std::to_string(kibibytes) + "; "});
    test::wait_until("it serves or has ended",
                     [&] { return !daemon.is_running() || std::filesystem::exists(socket); });
    if (std::filesystem::exists(socket)) {
      CHECK(daemon.stop() == 0);
      has_served = true;
      continue;
    }
    const int status = daemon.wait();
    const std::string said = daemon.errors();
    CAPTURE(said);
    if (status == 127) continue;  // ld.so(8) could not load it
    CHECK(status == 1);
    CHECK(said.find("reactord: ") != said.npos);
    ++refused;
  }
  CHECK(refused > 0);
}
