// Sockets that a service manager passes, and the real program: served by name, left to the successor, closed where
// nobody wants them. And --inetd: one connection, passed as standard input.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "reactord/address.hpp"
#include "support/process.hpp"

using test::Client;
using test::Descriptor;
using test::Launch;
using test::Process;
using namespace std::chrono_literals;

namespace {

constexpr int usage_error = 64, configuration_error = 78;

// A listening socket as a socket unit makes it: blocking, on a port of its own.
class Socket {
 public:
  explicit Socket(int type = SOCK_STREAM) : socket_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage{};
    socklen_t length = reactord::Address::loopback(false, 0).to_socket_address(storage);
    REQUIRE(::bind(fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(fd(), 128) == 0);
    length = sizeof storage;
    REQUIRE(::getsockname(fd(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
    address_ = reactord::Address::from_socket_address(storage, length).text();
  }
  int fd() const { return socket_.get(); }
  const std::string& address() const { return address_; }

 private:
  Descriptor socket_;
  std::string address_;
};

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours = Descriptor(ends[0]);
    theirs = Descriptor(ends[1]);
  }
  void send(std::string_view text) const {
    REQUIRE(::write(ours.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string read_to_end() const {
    std::string text;
    char bytes[4096];
    for (ssize_t count; (count = ::read(ours.get(), bytes, sizeof bytes)) > 0;)
      text.append(bytes, static_cast<std::size_t>(count));
    return text;
  }
  Descriptor ours, theirs;
};

// By the state in proc_pid_stat(5), behind the name in parentheses. kill(2) returns before it.
bool is_stopped(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  const std::size_t name_end = text.rfind(')');
  return name_end != text.npos && name_end + 2 < text.size() && text[name_end + 2] == 'T';
}

}  // namespace

TEST_CASE("without a listen option passed sockets are served by the protocols they are named after") {
  const Socket line, echo;
  Process daemon({}, 0, {.passed = {line.fd(), echo.fd()}, .passed_names = "line:echo"});
  daemon.wait_for_log({"event=listening protocol=line address=" + line.address() + " passed-as=line"});
  daemon.wait_for_log({"event=listening protocol=echo address=" + echo.address() + " passed-as=echo"});
  CHECK(Client(line.address()).ask("x") == "Server: x");
  CHECK(Client(echo.address()).ask("x") == "x");
  CHECK(daemon.stop() == 0);
}

TEST_CASE(
    "a name may have several sockets, any protocol may serve it, and unknown ones are told and closed") {
  const Socket first, second, other, datagram(SOCK_DGRAM);
  Process daemon(
      {"--listen", "echo@systemd:web"}, 0,
      {.passed = {first.fd(), second.fd(), other.fd(), datagram.fd()}, .passed_names = "web:web:line:x"});
  daemon.wait_for_log({"event=listening protocol=echo address=" + first.address()});
  daemon.wait_for_log({"event=listening protocol=echo address=" + second.address()});
  daemon.wait_for_log({"level=warn event=passed-socket-closed name=line descriptor=5", other.address()});
  daemon.wait_for_log({"level=warn event=passed-socket-closed name=x descriptor=6", "not a stream socket"});
  CHECK(Client(first.address()).ask("x") == "x");
  CHECK(Client(second.address()).ask("x") == "x");
  CHECK(daemon.stop() == 0);
}

TEST_CASE("a socket that was to be passed and was not, or is none to serve, is a wrong configuration") {
  const Socket line, datagram(SOCK_DGRAM);
  Process missing({"--listen", "line@systemd:web"}, 0, {.passed = {line.fd()}, .passed_names = "line"});
  CHECK(missing.wait() == configuration_error);
  CHECK(missing.errors() ==
        "reactord: line@systemd:web: no socket of that name has been passed; there are: line\n");
  Process none({"--listen", "line@systemd:web"});
  CHECK(none.wait() == configuration_error);
  CHECK(none.errors().find("none has: start it by a socket unit") != std::string::npos);
  Process wrong({}, 0, {.passed = {datagram.fd()}, .passed_names = "line"});
  CHECK(wrong.wait() == configuration_error);
  CHECK(wrong.errors().find("descriptor 3: not a stream socket: write ListenStream=") != std::string::npos);
  Process checked({"--listen", "line@systemd:web", "--check"});
  CHECK(checked.wait() == 0);
}

TEST_CASE("a restart refuses nobody: who waits at a passed socket is left to the successor") {
  const Socket line;
  const Launch launch{.passed = {line.fd()}, .passed_names = "line"};
  Process first({}, 0, launch);
  first.wait_for_log({"event=listening"});
  Client old(line.address());
  CHECK(old.ask("x") == "Server: x");
  first.signal(SIGSTOP);
  test::wait_until("it is stopped", [&] { return is_stopped(first.pid()); });
  Client waits(line.address());
  waits.send("hello\n");
  first.signal(SIGTERM);
  first.signal(SIGCONT);
  CHECK(old.read_to_end() == "");
  CHECK(first.wait() == 0);
  CHECK(!waits.has_input());
  Client later(line.address());  // nobody is there now: the kernel takes it all the same
  Process second({}, 0, launch);
  CHECK(waits.read_line() == "Server: hello\n");
  CHECK(later.ask("x") == "Server: x");
  waits.close();
  later.close();
  CHECK(second.stop() == 0);
}

TEST_CASE("passed sockets stay through reloads, also one that for a while nobody wants") {
  const Socket line, echo;
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  const auto write = [&](const std::string& text) { test::write_file(file, text); };
  write("");
  Process daemon({"-c", file}, 0, {.passed = {line.fd(), echo.fd()}, .passed_names = "line:echo"});
  daemon.wait_for_log({"event=listening protocol=echo"});
  const auto reload = [&](const std::string& text) {
    write(text);
    daemon.signal(SIGHUP);
  };
  reload("idle-timeout = 5m\n");
  daemon.wait_for_log({"event=reloaded"});
  CHECK(Client(line.address()).ask("x") == "Server: x");
  reload("listen = line@systemd:line\n");
  daemon.wait_for_log({"event=not-listening protocol=echo"});
  Client waits(echo.address());
  waits.send("x\n");
  CHECK(Client(line.address()).ask("x") == "Server: x");
  CHECK(!waits.has_input());
  reload("listen = line@systemd:line\nlisten = line@systemd:echo\n");
  daemon.wait_for_log({"event=listening protocol=line", "passed-as=echo"});
  CHECK(waits.read_line() == "Server: x\n");
  reload("listen = line@systemd:nobody\n");
  daemon.wait_for_log(
      {"event=reload-failed", "no socket of that name has been passed; there are: line, echo"});
  CHECK(Client(line.address()).ask("x") == "Server: x");
  waits.close();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("several instances share a port with --reuse-port") {
  test::Daemon first({"line@127.0.0.1:0"}, {"--reuse-port", "yes"});
  test::Daemon second({"line@" + first.address()}, {"--reuse-port", "yes"});
  CHECK(second.address() == first.address());
  Process third({"--listen", "line@" + first.address()});
  CHECK(third.wait() == 1);
  CHECK(first.stop() == 0);
  CHECK(Client(second.address()).ask("x") == "Server: x");
  CHECK(second.stop() == 0);
}

// ---- --inetd

TEST_CASE("--inetd serves the connection that is standard input, and exits when it ends") {
  Pair pair;
  Process inetd({"--inetd", "line"}, 0, {.input = pair.theirs.get()});
  pair.theirs.close();
  pair.send("hello\nhalf");
  REQUIRE(::shutdown(pair.ours.get(), SHUT_WR) == 0);
  CHECK(pair.read_to_end() == "Server: hello\nServer: half\n");
  CHECK(inetd.wait() == 0);
  CHECK(inetd.errors().find("event=closed protocol=line") != std::string::npos);
}

TEST_CASE("--inetd over TCP, with the limits of a file") {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("reactord.conf");
  std::ofstream(file) << "listen = line@:9090\nmax-line = 8\n";
  const Socket listening;
  Client client(listening.address());
  Descriptor accepted(::accept4(listening.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  Process inetd({"-c", file, "--inetd", "line"}, 0, {.input = accepted.get()});
  accepted.close();
  CHECK(client.ask("x") == "Server: x");
  client.send("longer than eight\n");
  CHECK(client.read_to_end() == "ERR line too long (max 8)\n");
  CHECK(inetd.wait() == 0);
}

TEST_CASE("--inetd drains at SIGTERM") {
  Pair pair;
  Process inetd({"--inetd", "echo"}, 0, {.input = pair.theirs.get()});
  pair.theirs.close();
  pair.send("hello");
  char bytes[5];
  REQUIRE(::recv(pair.ours.get(), bytes, sizeof bytes, MSG_WAITALL) == 5);
  inetd.signal(SIGTERM);
  CHECK(pair.read_to_end() == "");
  CHECK(inetd.wait() == 0);
  CHECK(inetd.errors().find("cause=drained") != std::string::npos);
}

TEST_CASE("--inetd logs nothing where standard error is the connection, and tells the client of no mistake") {
  Pair pair;
  Process inetd({"--inetd", "line"}, 0, {.input = pair.theirs.get(), .errors_to_input = true});
  pair.theirs.close();
  pair.send("hello\n");
  REQUIRE(::shutdown(pair.ours.get(), SHUT_WR) == 0);
  CHECK(pair.read_to_end() == "Server: hello\n");
  CHECK(inetd.wait() == 0);

  Pair other;
  Process wrong({"--inetd", "line", "-c", "/nowhere"}, 0,
                {.input = other.theirs.get(), .errors_to_input = true});
  other.theirs.close();
  CHECK(other.read_to_end() == "");
  CHECK(wrong.wait() == configuration_error);
}

TEST_CASE("--inetd without a connection says what it is for") {
  for (const bool listens : {false, true}) {
    const Socket listening;
    Process inetd({"--inetd", "line"}, 0, {.input = listens ? listening.fd() : -1});
    CHECK(inetd.wait() == usage_error);
    const std::string errors = inetd.errors();
    CHECK(errors.find("--inetd line: standard input must be a connected stream socket") != std::string::npos);
    CHECK(errors.find("StandardInput=socket") != std::string::npos);
  }
  Process unknown({"--inetd", "lime"});
  CHECK(unknown.wait() == usage_error);
  CHECK(unknown.errors() == "reactord: --inetd lime: unknown protocol \"lime\", did you mean line?\n");
  Process both({"--inetd", "line", "--listen", "line@:0"});
  CHECK(both.wait() == usage_error);
}
