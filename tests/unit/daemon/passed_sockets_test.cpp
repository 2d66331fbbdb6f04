// Sockets from a service manager: taken by name, looked at, owned, and none left behind.
#include "daemon/passed_sockets.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "reactord/listener.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::ListenEnvironment;
using reactord::PassedSocket;
using reactord::PassedSockets;
using reactord::Result;
using reactord::Task;

namespace {

constexpr pid_t self = 4711;
constexpr int first = 200;  // where no other descriptor of this process is

// The manager's side: puts descriptors under the numbers from `first` on, without close-on-exec.
class Manager {
 public:
  int listening(const std::string& address) {
    return pass(opened(address, SOCK_STREAM, true), static_cast<int>(numbers_.size()));
  }
  int unconnected(const std::string& address, int type) {
    return pass(opened(address, type, false), static_cast<int>(numbers_.size()));
  }
  int nothing() {
    numbers_.push_back(-1);
    return first + static_cast<int>(numbers_.size()) - 1;
  }
  int file() { return pass(::open("/dev/null", O_RDONLY | O_CLOEXEC), static_cast<int>(numbers_.size())); }

  Result<PassedSockets> hand_over(std::optional<std::string> names) const {
    return PassedSockets::open({.listen_pid = std::to_string(self),
                                .listen_fds = std::to_string(numbers_.size()),
                                .listen_fdnames = std::move(names)},
                               self, first);
  }

 private:
  static int opened(const std::string& text, int type, bool listening) {
    const auto address = Address::parse(text);
    REQUIRE(address.has_value());
    sockaddr_storage storage{};
    const socklen_t length = address->to_socket_address(storage);
    const int fd = ::socket(address->family(), type | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0);
    if (listening) REQUIRE(::listen(fd, 16) == 0);
    return fd;
  }

  int pass(int fd, int index) {
    REQUIRE(::dup2(fd, first + index) == first + index);
    ::close(fd);
    numbers_.push_back(first + index);
    return first + index;
  }

  std::vector<int> numbers_;
};

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

std::string reason(const PassedSocket& socket) {
  return socket.address() ? "usable" : socket.address().error().text();
}

}  // namespace

TEST_CASE("listening sockets come with their names and addresses, and close on exec") {
  const test::DescriptorCheck descriptors;
  const test::TemporaryDirectory directory;
  Manager manager;
  manager.listening("127.0.0.1:0");
  manager.listening("[::1]:0");
  manager.listening("unix:" + directory.path("sock"));
  manager.listening("unix:@");
  auto passed = manager.hand_over("line:line:path:abstract");
  REQUIRE(passed.has_value());
  CHECK(passed->names() == std::vector<std::string>{"line", "path", "abstract"});
  const auto lines = passed->take_by_name("line");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].fd() == first);
  CHECK(lines[1].fd() == first + 1);
  REQUIRE(lines[0].address().has_value());
  REQUIRE(lines[1].address().has_value());
  CHECK(lines[0].address()->kind() == Address::Kind::ip4);
  CHECK(lines[0].address()->port() != 0);
  CHECK(lines[1].address()->kind() == Address::Kind::ip6);
  for (const PassedSocket& line : lines) {
    CHECK(::fcntl(line.fd(), F_GETFD) == FD_CLOEXEC);
    CHECK((::fcntl(line.fd(), F_GETFL) & O_NONBLOCK) == 0);  // that is for whoever adopts it
  }
  CHECK(passed->take_by_name("line").empty());
  CHECK(passed->take_by_name("nobody").empty());
  const auto rest = passed->rest();
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].address()->text() == directory.path("sock"));
  CHECK(rest[1].address()->kind() == Address::Kind::unix_abstract);
  CHECK(passed->is_empty());
}

TEST_CASE("what can't be served says why, and is closed all the same") {
  const test::DescriptorCheck descriptors;
  Manager manager;
  manager.unconnected("127.0.0.1:0", SOCK_DGRAM);
  manager.unconnected("127.0.0.1:0", SOCK_STREAM);
  manager.file();
  const int nothing = manager.nothing();
  manager.listening("127.0.0.1:0");
  auto passed = manager.hand_over("a:b:c:d:e");
  REQUIRE(passed.has_value());
  auto all = passed->rest();
  REQUIRE(all.size() == 5);
  CHECK(reason(all[0]) == "not a stream socket: write ListenStream= in the socket unit");
  CHECK(reason(all[1]) == "not a listening socket: write Accept=no in the socket unit");
  CHECK(reason(all[2]) == "not a socket");
  CHECK(reason(all[3]) == "fcntl: bad file descriptor");
  CHECK(reason(all[4]) == "usable");
  CHECK(all[3].fd() == -1);
  CHECK(all[3].number() == nothing);
  // Whoever opens that number later keeps it.
  REQUIRE(::dup2(STDIN_FILENO, nothing) == nothing);
  all.clear();
  CHECK(is_open(nothing));
  ::close(nothing);
  for (int fd = first; fd < first + 5; ++fd) CHECK_FALSE(is_open(fd));
}

TEST_CASE("a passed socket is adopted and serves; letting go of it afterwards closes nothing") {
  const test::DescriptorCheck descriptors;
  Manager manager;
  manager.listening("127.0.0.1:0");
  reactord::Reactor reactor;
  auto passed = manager.hand_over("line");
  REQUIRE(passed.has_value());
  auto taken = passed->take_by_name("line");
  REQUIRE(taken.size() == 1);
  auto listener = reactord::adopt_listener(reactor, taken[0].fd());
  REQUIRE(listener.has_value());
  taken[0].release();
  taken.clear();
  const auto peer = test::Peer::connect(listener->local_addr());
  static constexpr auto accept = [](reactord::Listener& from) -> Task<> {
    auto conn = co_await from.accept();
    CHECK(conn.has_value());
    CHECK(from.close().has_value());
  };
  test::run(reactor, accept(*listener));
}

TEST_CASE("sockets without names are unknown ones") {
  const test::DescriptorCheck descriptors;
  Manager manager;
  manager.listening("127.0.0.1:0");
  manager.listening("127.0.0.1:0");
  const auto passed = manager.hand_over(std::nullopt);
  REQUIRE(passed.has_value());
  CHECK(passed->names() == std::vector<std::string>{"unknown"});
}

TEST_CASE("more or fewer names than sockets are refused, and what was passed is closed") {
  for (const char* names : {"", "a", "a:b:c", "a:b:"}) {
    CAPTURE(names);
    const test::DescriptorCheck descriptors;
    Manager manager;
    manager.listening("127.0.0.1:0");
    manager.listening("127.0.0.1:0");
    const auto passed = manager.hand_over(names);
    REQUIRE_FALSE(passed.has_value());
    CHECK(passed.error().text() ==
          std::string("LISTEN_FDNAMES=") + names + ": must name 2 sockets, with a colon between two");
    CHECK_FALSE(is_open(first));
    CHECK_FALSE(is_open(first + 1));
  }
}

TEST_CASE("without the variables, or for another process, there are none, and nothing is touched") {
  const test::DescriptorCheck descriptors;
  Manager manager;
  const int fd = manager.listening("127.0.0.1:0");
  const std::vector<ListenEnvironment> others{
      {},
      {.listen_pid = "4711"},
      {.listen_pid = {}, .listen_fds = "1"},
      {.listen_pid = "4712", .listen_fds = "1"},
      {.listen_pid = "4711", .listen_fds = "0"},
      {.listen_pid = "4711", .listen_fds = "0", .listen_fdnames = ""},
  };
  for (const ListenEnvironment& environment : others) {
    const auto passed = PassedSockets::open(environment, self, first);
    REQUIRE(passed.has_value());
    CHECK(passed->is_empty());
    CHECK(::fcntl(fd, F_GETFD) == 0);
  }
  ::close(fd);
}

TEST_CASE("numbers of no sense are refused with what would be right") {
  for (const char* count : {"", "-1", "1025", "2x", " 1", "99999999999999999999"}) {
    CAPTURE(count);
    const auto passed = PassedSockets::open({.listen_pid = "4711", .listen_fds = count}, self, first);
    REQUIRE_FALSE(passed.has_value());
    CHECK(passed.error().text() == std::string("LISTEN_FDS=") + count + ": must be a number from 0 to 1024");
  }
  for (const char* pid : {"", "0", "-3", "me"}) {
    CAPTURE(pid);
    const auto passed = PassedSockets::open({.listen_pid = pid, .listen_fds = "1"}, self, first);
    REQUIRE_FALSE(passed.has_value());
    CHECK(passed.error().text() == std::string("LISTEN_PID=") + pid + ": must be the number of a process");
  }
}

TEST_CASE("the variables of passed sockets are taken out of the environment") {
  REQUIRE(::setenv("LISTEN_PID", "1", 1) == 0);
  REQUIRE(::setenv("LISTEN_FDS", "2", 1) == 0);
  REQUIRE(::setenv("LISTEN_FDNAMES", "a:b", 1) == 0);
  const auto taken = ListenEnvironment::take();
  CHECK(taken.listen_pid == "1");
  CHECK(taken.listen_fds == "2");
  CHECK(taken.listen_fdnames == "a:b");
  const auto again = ListenEnvironment::take();
  CHECK_FALSE(again.listen_pid.has_value());
  CHECK_FALSE(again.listen_fds.has_value());
  CHECK_FALSE(again.listen_fdnames.has_value());
}
