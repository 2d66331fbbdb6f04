#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "protocols/programs/program_environment.hpp"

using reactord::account_of;
using reactord::Address;
using reactord::ProgramConnection;
using reactord::ProgramEnvironment;
using reactord::ProgramSettings;
using reactord::UserAccount;

namespace {

using Variables = std::vector<std::string>;

ProgramSettings named_upper() {
  ProgramSettings settings;
  settings.name = "upper";
  settings.command = {"/srv/upper"};
  return settings;
}

Variables sorted(Variables variables) {
  std::ranges::sort(variables);
  return variables;
}

// Of a program without settings of its own, in a process that has no environment.
Variables of_connection(const ProgramConnection& connection) {
  const char* const nothing[] = {nullptr};
  return sorted(ProgramEnvironment(named_upper(), nothing, nullptr).of_connection(connection));
}

Address parsed(std::string_view text) {
  auto address = Address::parse(text);
  REQUIRE(address.has_value());
  return *address;
}

constexpr const char* ours[] = {"PATH=/usr/bin",
                                "HOME=/root",
                                "USER=root",
                                "LOGNAME=root",
                                "SHELL=/bin/bash",
                                "LANG=C.UTF-8",
                                "LC_ALL=C",
                                "LANGUAGE=en",
                                "TZ=UTC",
                                "TMPDIR=/tmp/private",
                                "NOTIFY_SOCKET=/n",
                                "LISTEN_FDS=3",
                                "LISTEN_PID=7",
                                "LISTEN_FDNAMES=a",
                                "WATCHDOG_USEC=100",
                                "WATCHDOG_PID=7",
                                "SECRET=x",
                                "TCPREMOTEHOST=spoofed",
                                "LD_PRELOAD=x",
                                "BARE",
                                nullptr};

}  // namespace

TEST_CASE("a program has of our environment what is named, and nothing of the service manager's") {
  const ProgramEnvironment environment(named_upper(), ours, nullptr);
  CHECK(sorted(environment.of_all()) == Variables{"HOME=/root", "LANG=C.UTF-8", "LANGUAGE=en", "LC_ALL=C",
                                                  "LOGNAME=root", "PATH=/usr/bin", "PYTHONUNBUFFERED=1",
                                                  "REACTORD_PROGRAM=upper", "SHELL=/bin/bash",
                                                  "TMPDIR=/tmp/private", "TZ=UTC", "USER=root"});
}

TEST_CASE("a program with a user has what is that user's") {
  const UserAccount account{.name = "daisy", .home = "/home/daisy", .shell = "/bin/sh"};
  CHECK(sorted(ProgramEnvironment(named_upper(), ours, &account).of_all()) ==
        Variables{"HOME=/home/daisy", "LANG=C.UTF-8", "LANGUAGE=en", "LC_ALL=C", "LOGNAME=daisy",
                  "PATH=/usr/bin", "PYTHONUNBUFFERED=1", "REACTORD_PROGRAM=upper", "SHELL=/bin/sh", "TZ=UTC",
                  "USER=daisy"});

  const UserAccount nameless;
  const auto without = ProgramEnvironment(named_upper(), ours, &nameless).of_all();
  CHECK(std::ranges::none_of(without, [](const std::string& one) { return one.starts_with("HOME="); }));
}

TEST_CASE("what the operator names counts, whoever else has named it") {
  ProgramSettings settings = named_upper();
  settings.environment = {"PATH=/opt/bin", "PYTHONUNBUFFERED=", "REACTORD_WORKER=mine", "OWN=a=b", "OWN=c"};
  const char* const few[] = {"PATH=/usr/bin", nullptr};
  CHECK(sorted(ProgramEnvironment(settings, few, nullptr).of_worker(3)) ==
        Variables{"OWN=c", "PATH=/opt/bin", "PYTHONUNBUFFERED=", "REACTORD_PROGRAM=upper",
                  "REACTORD_WORKER=mine"});
}

TEST_CASE("a worker knows its number") {
  const char* const nothing[] = {nullptr};
  CHECK(sorted(ProgramEnvironment(named_upper(), nothing, nullptr).of_worker(12)) ==
        Variables{"PYTHONUNBUFFERED=1", "REACTORD_PROGRAM=upper", "REACTORD_WORKER=12"});
}

TEST_CASE("a process of a TCP connection is told both ends, as tcpserver and as CGI") {
  CHECK(of_connection(
            {.number = 5, .local = parsed("192.0.2.1:7000"), .remote = parsed("198.51.100.9:4242")}) ==
        Variables{"PROTO=TCP", "PYTHONUNBUFFERED=1", "REACTORD_CONNECTION=5", "REACTORD_PROGRAM=upper",
                  "REMOTE_ADDR=198.51.100.9", "REMOTE_PORT=4242", "SERVER_ADDR=192.0.2.1", "SERVER_PORT=7000",
                  "TCPLOCALIP=192.0.2.1", "TCPLOCALPORT=7000", "TCPREMOTEIP=198.51.100.9",
                  "TCPREMOTEPORT=4242"});
  const auto over_ip6 = of_connection({.number = 1, .local = parsed("[::1]:7"), .remote = parsed("[::1]:8")});
  CHECK(std::ranges::find(over_ip6, "TCPREMOTEIP=::1") != over_ip6.end());
  CHECK(std::ranges::find(over_ip6, "PROTO=TCP") != over_ip6.end());
}

TEST_CASE("a process of a unix connection is told the path and the peer, as ucspi-unix") {
  ProgramConnection connection{.number = 6, .local = parsed("unix:/run/upper"), .remote = parsed("unix:@x")};
  connection.remote.set_credentials(reactord::PeerCredentials{.process = 77, .user = 1000});
  connection.remote_group = 100;
  CHECK(of_connection(connection) == Variables{"PROTO=UNIX", "PYTHONUNBUFFERED=1", "REACTORD_CONNECTION=6",
                                               "REACTORD_PROGRAM=upper", "UNIXLOCALPATH=/run/upper",
                                               "UNIXREMOTEEGID=100", "UNIXREMOTEEUID=1000",
                                               "UNIXREMOTEPID=77"});

  // A peer in another namespace of processes has no number here, and one without credentials none at all.
  connection.remote.set_credentials(reactord::PeerCredentials{.process = 0, .user = 1000});
  connection.remote_group.reset();
  CHECK(of_connection(connection) == Variables{"PROTO=UNIX", "PYTHONUNBUFFERED=1", "REACTORD_CONNECTION=6",
                                               "REACTORD_PROGRAM=upper", "UNIXLOCALPATH=/run/upper",
                                               "UNIXREMOTEEUID=1000"});
  connection.remote.set_credentials(std::nullopt);
  connection.local = parsed("unix:@name");
  CHECK(of_connection(connection) == Variables{"PROTO=UNIX", "PYTHONUNBUFFERED=1", "REACTORD_CONNECTION=6",
                                               "REACTORD_PROGRAM=upper", "UNIXLOCALPATH=@name"});
}

TEST_CASE("a connection in memory has a number, and no ends") {
  CHECK(of_connection({.number = 7, .local = Address::pipe(), .remote = Address::pipe()}) ==
        Variables{"PYTHONUNBUFFERED=1", "REACTORD_CONNECTION=7", "REACTORD_PROGRAM=upper"});
}

TEST_CASE("the account of a user without an entry is its number") {
  const UserAccount nobody = account_of(4'000'000'001U);
  CHECK(nobody.name == "4000000001");
  CHECK(nobody.home == "/");
  CHECK(nobody.shell == "/bin/sh");
  CHECK(account_of(0).name == "root");
}

TEST_CASE("the environment of this process and the account of the user are found") {
  ProgramSettings settings = named_upper();
  settings.user_ids = reactord::UserIds{.user = 0, .group = 0, .supplementary = {}};
  const auto variables = ProgramEnvironment(settings).of_all();
  CHECK(std::ranges::find(variables, "USER=root") != variables.end());
}
