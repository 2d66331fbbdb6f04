// What goes wrong at the start: the exit status, and words that say what was wrong and what would be right.
#include <doctest/doctest.h>

#include <fstream>

#include "support/process.hpp"

using test::Daemon;
using test::Process;

namespace {

constexpr int usage_error = 64;  // EX_USAGE of sysexits.h

struct Ended {
  int status;
  std::string output, errors;
};

Ended run(const std::vector<std::string>& arguments) {
  Process process(arguments);
  const int status = process.wait();
  return {status, process.output(), process.errors()};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string port_of(const Daemon& daemon) { return daemon.address().substr(daemon.address().rfind(':') + 1); }

void check_usage_error(const std::vector<std::string>& arguments, const std::string& wrong,
                       const std::string& right) {
  const Ended ended = run(arguments);
  CAPTURE(ended.errors);
  CHECK(ended.status == usage_error);
  CHECK(ended.output == "");
  CHECK(ended.errors.starts_with("reactord: "));
  CHECK(ended.errors.ends_with("\n"));
  CHECK(ended.errors.find(wrong) != std::string::npos);
  CHECK(ended.errors.find(right) != std::string::npos);
}

void check_taken(const std::string& address, const std::string& message) {
  const Ended ended = run({"--listen", "line@" + address});
  CHECK(ended.status == 1);
  CHECK(ended.output == "");
  CHECK(first_line(ended.errors) == "reactord: " + message);
  CHECK(ended.errors.find("choose another with --listen") != std::string::npos);
}

TEST_CASE("[140] a taken port is told in Go's words") {
  Daemon holder({"line@127.0.0.1:0"});
  const std::string port = port_of(holder);
  check_taken("127.0.0.1:" + port, "listen tcp 127.0.0.1:" + port + ": bind: address already in use");
  check_taken(":" + port, "listen tcp :" + port + ": bind: address already in use");
  CHECK(holder.stop() == 0);
}

TEST_CASE("a taken wildcard is told for each of its forms, and a taken unix path too") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  Daemon holder({"line@:0", "line@unix:" + path});
  const std::string port = port_of(holder);
  check_taken(":" + port, "listen tcp :" + port + ": bind: address already in use");
  check_taken("0.0.0.0:" + port, "listen tcp 0.0.0.0:" + port + ": bind: address already in use");
  check_taken("127.0.0.1:" + port, "listen tcp 127.0.0.1:" + port + ": bind: address already in use");
  check_taken("unix:" + path, "listen unix " + path + ": bind: address already in use");
  CHECK(holder.stop() == 0);
}

TEST_CASE("a file that is no socket is not taken over") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("file");
  std::ofstream(path) << "precious\n";
  check_taken("unix:" + path, "listen unix " + path + ": bind: address already in use");
  std::string kept;
  std::getline(std::ifstream(path), kept);
  CHECK(kept == "precious");
}

TEST_CASE("an address that this machine has not is told with what to do") {
  const Ended ended = run({"--listen", "line@192.0.2.1:0"});
  CHECK(ended.status == 1);
  CHECK(first_line(ended.errors) ==
        "reactord: listen tcp 192.0.2.1:0: bind: cannot assign requested address");
  CHECK(ended.errors.find("ip address") != std::string::npos);
}

TEST_CASE("a listener that fails takes those before it with it") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  const Ended ended = run({"--listen", "line@unix:" + path, "--listen", "line@192.0.2.1:0"});
  CHECK(ended.status == 1);
  CHECK(!std::ifstream(path).good());
  Daemon next({"line@unix:" + path});
  CHECK(next.stop() == 0);
}

TEST_CASE("a wrong --listen is a usage error") {
  check_usage_error({"--listen", "lime@:0"}, "unknown protocol \"lime\"", "did you mean line?");
  check_usage_error({"--listen", "gopher@:0"}, "unknown protocol \"gopher\"", "known: line echo");
  check_usage_error({"--listen", "@:0"}, "unknown protocol \"\"", "line echo");
  check_usage_error({"--listen", ":9090"}, "--listen :9090: missing \"@\"", "line@:9090");
  check_usage_error({"--listen", "line@localhost"}, "address localhost: missing port in address",
                    "127.0.0.1:9090");
  check_usage_error({"--listen", "line@:99999"}, "99999", ":9090");
  check_usage_error({"--listen", "line@::1:80"}, "::1:80", "[::1]:9090");
  check_usage_error({"--listen", "line@unix:"}, "unix:", "unix:/path");
  check_usage_error({"--listen", "line@"}, "line@", ":9090");
  check_usage_error({"--listen"}, "--listen: missing value", "--help");
}

TEST_CASE("a wrong flag is a usage error, and a slip of the fingers is recognised") {
  check_usage_error({"--lisen", "line@:0"}, "unknown option --lisen", "did you mean --listen?");
  check_usage_error({"--idel-timeout=3s"}, "unknown option --idel-timeout", "did you mean --idle-timeout?");
  check_usage_error({"--frobnicate"}, "unknown option --frobnicate", "--drain-timeout");
  check_usage_error({"-x"}, "unknown option -x", "--help");
  check_usage_error({"--version=2"}, "--version", "takes no value");
  check_usage_error({"line@:0"}, "unexpected argument \"line@:0\"", "--listen PROTOCOL@ADDRESS");
}

TEST_CASE("a mistake on the command line shows what is in it, and moves no cursor") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("\xff\xe2\x80\xae");
  test::Process argument({"\x1b[2J\xc2\x9b\xe2\x80\xae\xff"});
  CHECK(argument.wait() == 64);
  CHECK(argument.errors() ==
        "reactord: unexpected argument \"\\u001b[2J\\u009b\\u202e\\xff\": write --listen PROTOCOL@ADDRESS\n");
  test::Process missing({"--listen", "line@unix:" + path + "/x"});
  CHECK(missing.wait() == 1);
  CHECK(missing.errors().find("\\xff\\u202e/x: ") != std::string::npos);
}

TEST_CASE("a wrong duration or level is a usage error") {
  check_usage_error({"--idle-timeout", "soon"}, "--idle-timeout soon", "500ms, 30s, 2m, 1h");
  check_usage_error({"--idle-timeout", "30"}, "--idle-timeout 30", "500ms, 30s, 2m, 1h");
  check_usage_error({"--idle-timeout", ""}, "--idle-timeout", "500ms, 30s, 2m, 1h");
  check_usage_error({"--drain-timeout", "-1s"}, "--drain-timeout -1s", "must not be negative");
  check_usage_error({"--drain-timeout", "0"}, "--drain-timeout 0", "at least 1ms");
  check_usage_error({"--drain-timeout", "99999999999h"}, "too long", "87600h");
  check_usage_error({"--drain-timeout"}, "--drain-timeout: missing value", "--help");
  check_usage_error({"--log-level", "inf"}, "unknown level \"inf\"", "did you mean info?");
  check_usage_error({"--log-level", "everything"}, "unknown level \"everything\"", "error warn info debug");
}

TEST_CASE("a wrong limit is a usage error") {
  check_usage_error({"--max-line", "64kB"}, "--max-line 64kB", "write 64KiB");
  check_usage_error({"--accept-rate", "100"}, "--accept-rate 100", "100/s");
  check_usage_error({"--max-connections", "10,wait"}, "unknown \"wait\"", "defer or reject");
  check_usage_error({"--output-low", "1MiB"}, "--output-low 1MiB", "at most --output-high, which is 64KiB");
  check_usage_error({"--max-conections", "10"}, "unknown option --max-conections",
                    "did you mean --max-connections?");
}

TEST_CASE("--help and --version answer on stdout and exit 0") {
  const Ended help = run({"--help"});
  CHECK(help.status == 0);
  CHECK(help.errors == "");
  for (const char* word : {"--listen", "--idle-timeout", "--drain-timeout", "--log-level", "--help",
                           "--version", "line", "echo", "64"}) {
    CAPTURE(word);
    CHECK(help.output.find(word) != std::string::npos);
  }
  const Ended version = run({"--version"});
  CHECK(version.status == 0);
  CHECK(version.errors == "");
  CHECK(version.output.starts_with("reactord "));
  CHECK(version.output.ends_with("\n"));
}

}  // namespace
