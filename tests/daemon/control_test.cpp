// The control socket of the real daemon: where it is, whom it lets in, what its commands do, and that it answers when the
// server of the clients does not.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "support/configured.hpp"
#include "support/process.hpp"
#include "support/skip.hpp"

using test::Client;
using test::Configured;
using test::Process;

namespace {

const std::string served = "listen = line@unix:DIRs\n";
const std::string controlled = served + "control = unix:DIRctl\n";

// The whole answer, each line with its end.
std::string answer_of(Client& operator_) {
  std::string answer;
  while (true) {
    const std::string line = operator_.read_line();
    answer += line;
    if (line.empty() || line == "OK\n" || line.starts_with("ERR ")) return answer;
  }
}
std::string command(Client& operator_, const std::string& line) {
  operator_.send(line + '\n');
  return answer_of(operator_);
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// A daemon with a control socket at DIRctl, which listens there when the constructor returns.
struct Controlled : Configured {
  explicit Controlled(const std::string& text = controlled, std::vector<std::string> more = {})
      : Configured(text, std::move(more)) {
    process().wait_for_log({"event=control ", address("ctl")});
    process().wait_for_log({"event=listening"});
  }
  Client connect() const { return Client(address("ctl")); }
  std::string command(const std::string& line) const {
    Client client = connect();
    return ::command(client, line);
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(address(name)); }
};

unsigned mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  return file.st_mode & 07777U;
}

// Another user, for as long as it lives: the kernel tells a daemon the effective user of a peer.
class OtherUser {
 public:
  static constexpr uid_t id = 65534;
  OtherUser() { REQUIRE(::seteuid(id) == 0); }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;
  ~OtherUser() { [[maybe_unused]] const int set = ::seteuid(0); }
};

}  // namespace

TEST_CASE("the control socket has its mode, and is gone at the end") {
  Controlled daemon;
  CHECK(mode_of(daemon.address("ctl")) == 0600U);
  CHECK(daemon.command("log-level") == "info\nOK\n");
  CHECK(daemon.process().stop() == 0);
  CHECK_FALSE(daemon.exists("ctl"));
}

TEST_CASE("a control socket that a dead daemon left behind is taken over") {
  Controlled daemon(served + "control = unix:DIRctl mode=0660\n");
  daemon.process().signal(SIGKILL);
  CHECK(daemon.process().wait() == -SIGKILL);
  CHECK(daemon.exists("ctl"));
  Process next({"-c", daemon.file()});
  next.wait_for_log({"event=control ", daemon.address("ctl")});
  CHECK(mode_of(daemon.address("ctl")) == 0660U);
  Client client(daemon.address("ctl"));
  CHECK(command(client, "log-level") == "info\nOK\n");
  CHECK(next.stop() == 0);
}

TEST_CASE("a control socket that can't be opened is told at the start, with what to do") {
  const test::TemporaryDirectory directory;
  Process daemon({"--control", "unix:" + directory.path("none/ctl"), "--listen", "line@127.0.0.1:0"});
  CHECK(daemon.wait() == 1);
  const std::string errors = daemon.errors();
  CHECK(holds(errors, "no such file or directory"));
  CHECK(holds(errors, "RuntimeDirectory="));
}

TEST_CASE("stats tells what SIGUSR1 does, for people and as JSON") {
  Controlled daemon;
  Client client(daemon.address("s"));
  CHECK(client.ask("x") == "Server: x");
  const std::string text = daemon.command("stats");
  for (const std::string name : {"version", "pid", "accepted", "open", "eof", "uptime", "buffers", "reload",
                                 "waiting", "descriptors-limit"}) {
    CAPTURE(name);
    CHECK(holds(text, name));
  }
  const std::string json = daemon.command("stats --json");
  CHECK(json.starts_with("{\"version\":\"reactord "));
  CHECK(holds(json, "\"pid\":" + std::to_string(daemon.process().pid()) + ",\"accepted\":1,\"open\":1,"));
  CHECK(holds(json, "\"reload\":\"none\""));
  client.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("listeners and programs are listed, and connections may be killed") {
  Controlled daemon(controlled + "listen = cat@unix:DIRp\nprogram = cat mode=connection /bin/cat\n");
  daemon.process().wait_for_log({"event=listening", daemon.address("p")});
  const std::string listeners = daemon.command("listeners --json");
  CHECK(holds(listeners, "{\"protocol\":\"line\",\"age\":"));
  CHECK(holds(listeners, "\"accepted\":0,\"open\":0,\"address\":\"unix:" + daemon.address("p") + "\""));
  CHECK(holds(listeners, "\"address\":\"unix:" + daemon.address("p") + "\",\"passed-as\":\"\"}"));

  Client client(daemon.address("p"));
  CHECK(client.ask("x") == "x");
  CHECK(holds(daemon.command("listeners --json"),
              "\"accepted\":1,\"open\":1,\"address\":\"unix:" + daemon.address("p") + "\""));
  CHECK(
      holds(daemon.command("programs --json"),
            "{\"program\":\"cat\",\"mode\":\"connection\",\"state\":\"serving\",\"workers\":0,\"running\":1,"
            "\"connections\":1,\"open-lines\":0,\"starts\":1,\"ends\":0}"));
  CHECK(daemon.command("kill protocol=cat").ends_with("OK\n"));
  CHECK(client.read_to_end() == "");
  daemon.process().wait_for_log({"event=closed", "cause=killed"});
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a limit is changed at once, and until the next reload") {
  Controlled daemon(controlled + "idle-timeout = 30s\n");
  Client client = daemon.connect();
  CHECK(holds(command(client, "limits idle-timeout"), daemon.file() + ":3\nOK\n"));
  Client idle(daemon.address("s"));
  CHECK(idle.ask("x") == "Server: x");
  CHECK(command(client, "limits idle-timeout 50ms") ==
        "idle-timeout = 50ms holds until the next reload or restart\nOK\n");
  daemon.process().wait_for_log({"event=limits-changed limit=idle-timeout value=50ms uid=" +
                                 std::to_string(::geteuid()) + " pid=" + std::to_string(::getpid())});
  CHECK(idle.read_to_end() == "");
  daemon.process().wait_for_log({"event=closed", "cause=idle"});
  CHECK(holds(command(client, "limits --json"),
              "{\"limit\":\"idle-timeout\",\"value\":\"50ms\",\"from\":\"control socket\"}"));

  CHECK(command(client, "reload") == "OK\n");
  CHECK(holds(command(client, "limits --json"), "{\"limit\":\"idle-timeout\",\"value\":\"30s\""));
  client.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a wrong limit changes nothing, and it is said what would be right") {
  Controlled daemon;
  Client client = daemon.connect();
  CHECK(command(client, "limits idle-timeot 5s") ==
        "ERR idle-timeot: unknown limit, did you mean idle-timeout?\n");
  CHECK(command(client, "limits log-level debug") ==
        "ERR log-level: a setting, but no limit on clients: change it in the configuration, and reload\n");
  CHECK(command(client, "limits idle-timeout 5x").starts_with("ERR idle-timeout 5x: "));
  CHECK(command(client, "limits output-high 2MiB") ==
        "ERR control socket: output-high = 2MiB: must be at most output-hard, which is 1MiB by default; set "
        "that too, or to 0: no limit\n");
  CHECK(holds(command(client, "limits max-connections 999999999"), "descriptors"));
  CHECK_FALSE(holds(command(client, "limits --json"), "control socket"));
  client.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("the level of the log is changed until the next reload") {
  Controlled daemon(controlled + "log-level = warn\nlog-probes = debug\n", {"--log-level", "info"});
  Client client = daemon.connect();
  CHECK(command(client, "log-level debug") == "debug holds until the next reload or restart\nOK\n");
  daemon.process().wait_for_log({"event=log-level-changed log-level=debug uid="});
  Client(daemon.address("s")).close();
  daemon.process().wait_for_log({"level=debug event=closed"});
  CHECK(command(client, "log-level error").ends_with("OK\n"));
  CHECK(command(client, "reload") == "OK\n");
  CHECK(command(client, "log-level") == "info\nOK\n");
  client.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("reload answers when it is done, or with the mistakes") {
  Controlled daemon;
  Client client = daemon.connect();
  daemon.write(controlled + "listen = echo@unix:DIRe\n");
  CHECK(command(client, "reload") == "OK\n");
  CHECK(Client(daemon.address("e")).ask("x") == "x");  // it listens when the answer is there
  daemon.write(controlled + "idle-timeout = 5x\nnonsense\n");
  const std::string answer = command(client, "reload");
  CHECK(holds(answer, daemon.file() + ":3: idle-timeout = 5x: "));
  CHECK(holds(answer, daemon.file() + ":4: nonsense: "));
  CHECK(answer.ends_with("\nERR nothing was changed: mend the mistakes, and reload again\n"));
  daemon.process().wait_for_log({"event=reload-failed mistakes=2"});
  CHECK(holds(command(client, "stats --json"), "\"reload\":\"failed\""));
  client.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("reloads of several clients and of SIGHUP come one after the other") {
  Controlled daemon;
  std::string many = controlled;
  for (int number = 0; number < 300; ++number)
    many += "listen = line@unix:DIRm" + std::to_string(number) + '\n';
  std::vector<Client> clients;
  for (int count = 0; count < 4; ++count) clients.push_back(daemon.connect());
  for (int round = 0; round < 3; ++round) {
    daemon.write(round % 2 == 0 ? many : controlled);
    for (Client& client : clients) client.send("reload\n");
    daemon.process().signal(SIGHUP);
    for (Client& client : clients) CHECK(answer_of(client) == "OK\n");
    for (int count = 0; count < 5; ++count) daemon.process().wait_for_log({"event=reloaded"});
  }
  const std::string listeners = command(clients[0], "listeners");
  CHECK(std::ranges::count(listeners, '\n') == 303);
  clients.clear();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("without a configuration there is nothing to reload") {
  const test::TemporaryDirectory directory;
  test::Daemon daemon({"line@127.0.0.1:0"}, {"--control", "unix:" + directory.path("ctl")});
  Client client(directory.path("ctl"));
  CHECK(command(client, "reload") ==
        "ERR there is no configuration file: start reactord with --config FILE\n");
  client.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("drain is answered, and ends the daemon as SIGTERM does") {
  Controlled daemon;
  Client slow(daemon.address("s"));
  slow.send("half");
  slow.wait_until_received();
  Client client = daemon.connect();
  CHECK(command(client, "drain") == "OK\n");
  daemon.process().wait_for_log({"event=drain-requested uid="});
  daemon.process().wait_for_log({"event=draining by=control connections=1 half-lines=1"});
  CHECK(command(client, "drain") == "OK\n");  // within a second: the same one
  CHECK(holds(command(client, "stats --json"), "\"draining\":\"yes\""));
  CHECK(command(client, "reload").starts_with("ERR "));
  slow.send(" and half\n");
  CHECK(slow.read_to_end() == "Server: half and half\n");
  slow.close();
  CHECK(client.read_to_end() == "");
  CHECK(daemon.process().wait() == 0);
  CHECK_FALSE(daemon.exists("ctl"));
}

TEST_CASE("a drain that finds nobody is answered before the end, and a second one hurries") {
  {
    Controlled daemon;
    Client client = daemon.connect();
    CHECK(command(client, "drain") == "OK\n");
    CHECK(daemon.process().wait() == 0);
  }
  Controlled daemon(controlled + "drain-line-timeout = 0\nline-timeout = 0\n");
  Client slow(daemon.address("s"));
  slow.send("half");
  slow.wait_until_received();
  Client client = daemon.connect();
  CHECK(command(client, "drain") == "OK\n");
  test::pass_second();
  CHECK(command(client, "drain") == "OK\n");
  daemon.process().wait_for_log({"event=stopping-now by=control connections=1"});
  CHECK(daemon.process().wait() == 0);
}

TEST_CASE("a full server has room for an operator") {
  Controlled daemon(controlled + "max-connections = 1,defer\n");
  Client client(daemon.address("s"));
  CHECK(client.ask("x") == "Server: x");
  Client waiting(daemon.address("s"));
  CHECK(holds(daemon.command("stats --json"), "\"open\":1,"));
  CHECK(daemon.command("limits max-connections 2,defer").ends_with("OK\n"));
  CHECK(waiting.ask("y") == "Server: y");
  client.close();
  waiting.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("who never reads, or never ends a line, harms neither clients nor operators") {
  Controlled daemon;
  Client half = daemon.connect();
  half.send("sta");
  Client deaf = daemon.connect();
  deaf.send_until_stuck("stats\n");
  Client client(daemon.address("s"));
  CHECK(client.ask("x") == "Server: x");
  CHECK(daemon.command("log-level") == "info\nOK\n");
  CHECK(holds(daemon.command("stats --json"), "\"open\":1,"));
  client.close();
  CHECK(daemon.process().stop() == 0);  // within the second that the end gives them
}

TEST_CASE("one operator too many is told so") {
  Controlled daemon;
  std::vector<Client> clients;
  for (int count = 0; count < 8; ++count) {
    clients.push_back(daemon.connect());
    CHECK(command(clients.back(), "log-level") == "info\nOK\n");
  }
  CHECK(daemon.connect().read_line().starts_with("ERR "));
  daemon.process().wait_for_log({"event=closed protocol=control", "cause=over-limit"});
  clients.clear();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a user that may not command the daemon is told so, and logged") {
  if (::geteuid() != 0) return test::skip("only root can be another user");
  const std::string name = "reactord-control-" + std::to_string(::getpid());
  test::Daemon daemon({"line@127.0.0.1:0"}, {"--control", "unix:@" + name});
  {
    const OtherUser other;
    Client client("@" + name);
    const std::string answer = client.read_to_end();
    CHECK(answer.starts_with("ERR your user may not command this daemon: "));
    CHECK(answer.ends_with("\n"));
  }
  daemon.wait_for_log({"level=warn event=control-refused address=unix:@" + name + " uid=65534 pid="});
  Client client("@" + name);
  CHECK(command(client, "log-level") == "info\nOK\n");
  client.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a mode that lets others connect lets them command, and a reload takes that back") {
  if (::geteuid() != 0) return test::skip("only root can be another user");
  Controlled daemon(served + "control = unix:DIRctl mode=0666\n");
  std::filesystem::permissions(std::filesystem::path(daemon.file()).parent_path(),
                               std::filesystem::perms(0755));
  const auto ask_as_other = [&]() -> std::string {
    const OtherUser other;
    try {
      return daemon.command("log-level");
    } catch (const std::exception&) {
      return "not connected";
    }
  };
  CHECK(ask_as_other() == "info\nOK\n");
  daemon.write(controlled);
  CHECK(daemon.command("reload") == "OK\n");
  CHECK(mode_of(daemon.address("ctl")) == 0600U);
  CHECK(ask_as_other() == "not connected");
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a reload moves the control socket, and who is connected is served on") {
  Controlled daemon;
  Client client = daemon.connect();
  daemon.write(served + "control = unix:DIRother\n");
  CHECK(command(client, "reload") == "OK\n");
  daemon.process().wait_for_log({"event=control-ended", daemon.address("ctl")});
  daemon.process().wait_for_log({"event=control ", daemon.address("other")});
  test::wait_until("the former socket is gone", [&] { return !daemon.exists("ctl"); });
  Client next(daemon.address("other"));
  CHECK(command(next, "log-level") == "info\nOK\n");
  daemon.write(served);  // none
  CHECK(command(client, "reload") == "OK\n");
  test::wait_until("the socket is gone", [&] { return !daemon.exists("other"); });
  CHECK(command(next, "stats").ends_with("OK\n"));
  client.close();
  next.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a control socket that can't be opened at a reload changes nothing, nor does a listener") {
  Controlled daemon;
  Client client = daemon.connect();
  daemon.write("listen = echo@unix:DIRe\ncontrol = unix:DIRnone/ctl\n");
  CHECK(holds(command(client, "reload"), "no such file or directory"));
  CHECK_FALSE(daemon.exists("e"));
  daemon.write("listen = echo@unix:DIRnone/e\ncontrol = unix:DIRother mode=0666\n");
  CHECK(holds(command(client, "reload"), "no such file or directory"));
  test::wait_until("what was prepared is gone", [&] { return !daemon.exists("other"); });
  daemon.write("listen = echo@unix:DIRnone/e\ncontrol = unix:DIRctl mode=0666\n");
  CHECK(holds(command(client, "reload"), "no such file or directory"));
  CHECK(mode_of(daemon.address("ctl")) == 0600U);
  CHECK(daemon.command("log-level") == "info\nOK\n");
  CHECK(Client(daemon.address("s")).ask("x") == "Server: x");
  client.close();
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("a control socket whose file was removed is made anew by a reload") {
  Controlled daemon;
  std::filesystem::remove(daemon.address("ctl"));
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_log({"event=control ", daemon.address("ctl")});
  CHECK(daemon.command("log-level") == "info\nOK\n");
  CHECK(daemon.process().stop() == 0);
}

TEST_CASE("--check shows the control socket, and refuses one that is not") {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  test::write_file(file, "control = unix:/run/ctl mode=0660\n");
  Process shows({"-c", file, "--check"});
  CHECK(holds(shows.output(), "\ncontrol = unix:/run/ctl mode=0660  # " + file + ":1\n"));
  CHECK(shows.wait() == 0);
  test::write_file(file, "control = 127.0.0.1:9\n");
  Process refuses({"-c", file, "--check"});
  CHECK(refuses.wait() == 78);
  CHECK(
      holds(refuses.errors(), file + ":1: control = 127.0.0.1:9: a control socket is a unix socket: write "));
}

TEST_CASE("inetd has no control socket") {
  const test::TemporaryDirectory directory;
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  test::Descriptor ours(ends[0]), theirs(ends[1]);
  Process inetd({"--inetd", "line", "--control", "unix:" + directory.path("ctl")}, 0,
                {.input = theirs.get()});
  theirs.close();
  REQUIRE(::send(ours.get(), "x\n", 2, MSG_NOSIGNAL) == 2);
  char answer[10];
  REQUIRE(::recv(ours.get(), answer, sizeof answer, MSG_WAITALL) == sizeof answer);
  CHECK(std::string_view(answer, sizeof answer) == "Server: x\n");
  CHECK_FALSE(std::filesystem::exists(directory.path("ctl")));
  ours.close();
  CHECK(inetd.wait() == 0);
}
