// Sockets that somebody else has opened, and may hold too: listening and connected ones.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "reactord/listener.hpp"
#include "support/listener_stage.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Listener;
using reactord::Task;
using test::Peer;
using namespace test::listeners;

namespace {

// Whether an epoll instance of this process tells of what was added under that number: epoll(7), /proc/PID/fdinfo.
bool is_watched(int fd) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    std::string word;
    while (info >> word) {
      int number = -1;
      if (word == "tfd:" && info >> number && number == fd) return true;
    }
  }
  return false;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

Task<> check_closed_for_accept(Listener& listener) {
  auto conn = co_await listener.accept();
  REQUIRE_FALSE(conn.has_value());
  CHECK(conn.error().is_closed());
}

}  // namespace

TEST_CASE("[89] a listening socket that somebody else has opened serves as one of ours") {
  const test::TemporaryDirectory directory;
  for (const std::string& text : {std::string("127.0.0.1:0"), std::string("[::1]:0"), std::string("[::]:0"),
                                  "unix:" + directory.path("socket"), std::string("unix:@")}) {
    CAPTURE(text);
    ListenerStage stage;
    Peer foreign = foreign_listener(address_of(text));
    const Address where = foreign.local_addr();
    auto listener = reactord::adopt_listener(stage.reactor, foreign.fd());
    REQUIRE(listener.has_value());
    const int fd = foreign.release();
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(listener->local_addr() == where);
    CHECK(listener->network() == where.network());
    Peer client = Peer::connect(where);
    Conn conn = accept(stage, *listener);
    test::run(stage.reactor, exchange(stage.reactor, conn, client));
    CHECK(listener->close().has_value());
    stage.end_turn();
    CHECK_FALSE(is_open(fd));
  }
}

TEST_CASE(
    "a listening socket that another process holds too goes on listening there, and tells us nothing more") {
  const test::TemporaryDirectory directory;
  for (const std::string& text : {std::string("127.0.0.1:0"), "unix:" + directory.path("socket")}) {
    for (const bool drained : {false, true}) {
      CAPTURE(text);
      CAPTURE(drained);
      ::unlink(directory.path("socket").c_str());
      ListenerStage stage;
      const Peer manager = foreign_listener(address_of(text));
      Peer ours(::fcntl(manager.fd(), F_DUPFD_CLOEXEC, 0));
      auto listener = reactord::adopt_listener(stage.reactor, ours.fd());
      REQUIRE(listener.has_value());
      const int fd = ours.release();
      CHECK(is_watched(fd));
      if (drained) listener->drain();
      CHECK(listener->close().has_value());
      stage.end_turn();
      CHECK_FALSE(is_open(fd));
      CHECK_FALSE(is_watched(fd));
      const Peer client = Peer::connect(manager.local_addr());
      stage.end_turn();
      const Peer served(::accept(manager.fd(), nullptr, nullptr));
      CHECK(served.fd() >= 0);
    }
  }
}

TEST_CASE("drain leaves those in the queue of an adopted socket to whoever holds it too") {
  for (const char* text : {"127.0.0.1:0", "unix:@"}) {
    CAPTURE(text);
    ListenerStage stage;
    const Peer manager = foreign_listener(address_of(text));
    Peer ours(::fcntl(manager.fd(), F_DUPFD_CLOEXEC, 0));
    auto listener = reactord::adopt_listener(stage.reactor, ours.fd());
    REQUIRE(listener.has_value());
    ours.release();
    const Peer waits = Peer::connect(manager.local_addr());
    stage.end_turn();
    listener->drain();
    test::run(stage.reactor, check_closed_for_accept(*listener));
    const Peer served(::accept(manager.fd(), nullptr, nullptr));
    CHECK(served.fd() >= 0);
  }
}

TEST_CASE("[89] a connected socket that somebody else has opened serves as a Conn") {
  const test::TemporaryDirectory directory;
  struct Row {
    std::string network, address;
  };
  for (const Row& row : {Row{"tcp", "127.0.0.1:0"}, Row{"tcp6", "[::1]:0"},
                         Row{"unix", directory.path("socket")}, Row{"unix", ""}}) {
    CAPTURE(row.network);
    CAPTURE(row.address);
    ListenerStage stage;
    Listener listener = stage.listen(row.network, row.address);
    Peer foreign = Peer::connect(listener.local_addr());
    auto adopted = reactord::adopt_conn(stage.reactor, foreign.fd());
    REQUIRE(adopted.has_value());
    const int fd = foreign.release();
    Conn conn = accept(stage, listener);
    CHECK(adopted->remote_addr() == listener.local_addr());
    CHECK(adopted->local_addr() == conn.remote_addr());
    CHECK(adopted->network() == listener.local_addr().network());
    static constexpr auto both_ways = [](Conn& from, Conn& to) -> Task<> {
      auto written = co_await from.write(std::string_view("x"));
      CHECK(written.has_value());
      Task<> echoing = echo_once(to);
      co_await std::move(echoing);
      char byte = 0;
      auto count = co_await from.read(std::span(&byte, 1));
      CHECK(count.has_value());
      CHECK(byte == 'x');
    };
    test::run(stage.reactor, both_ways(*adopted, conn));
    adopted->abort();
    stage.end_turn();
    CHECK_FALSE(is_open(fd));
  }
  ListenerStage stage;
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  Peer near(pair[0]), far(pair[1]);
  REQUIRE(::fcntl(far.fd(), F_SETFL, O_NONBLOCK) == 0);
  auto adopted = reactord::adopt_conn(stage.reactor, near.fd());
  REQUIRE(adopted.has_value());
  near.release();
  CHECK(adopted->local_addr().text() == "@");
  CHECK(adopted->remote_addr().text() == "@");
  test::run(stage.reactor, exchange(stage.reactor, *adopted, far));
}

TEST_CASE("[89] what is no such socket is refused, and stays with the caller as it was") {
  ListenerStage stage;
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const Peer reading(pipe_ends[0]), writing(pipe_ends[1]);
  const Peer datagram = foreign_listener(address_of("127.0.0.1:0"), SOCK_DGRAM);
  const Peer unconnected(::socket(AF_INET, SOCK_STREAM, 0));
  const Peer listening = foreign_listener(address_of("127.0.0.1:0"));
  const Peer connected = Peer::connect(listening.local_addr());
  struct Row {
    int fd;
    const char *as_listener, *as_conn;  // the reason; null: it would be taken
  };
  const Row table[] = {
      {pipe_ends[0], "getsockopt: socket operation on non-socket",
       "getsockopt: socket operation on non-socket"},
      {datagram.fd(), "not a stream socket", "not a stream socket"},
      {unconnected.fd(), "not a listening socket", "not a connected socket"},
      {listening.fd(), nullptr, "not a connected socket"},
      {connected.fd(), "not a listening socket", nullptr},
      {-1, "getsockopt: bad file descriptor", "getsockopt: bad file descriptor"},
  };
  for (const Row& row : table) {
    CAPTURE(row.fd);
    const std::string beginning = "adopt fd " + std::to_string(row.fd) + ": ";
    const int flags = ::fcntl(row.fd, F_GETFL), descriptor_flags = ::fcntl(row.fd, F_GETFD);
    if (row.as_listener != nullptr) {
      const auto listener = reactord::adopt_listener(stage.reactor, row.fd);
      REQUIRE_FALSE(listener.has_value());
      CHECK(listener.error().text() == beginning + row.as_listener);
    }
    if (row.as_conn != nullptr) {
      const auto conn = reactord::adopt_conn(stage.reactor, row.fd);
      REQUIRE_FALSE(conn.has_value());
      CHECK(conn.error().text() == beginning + row.as_conn);
    }
    CHECK(::fcntl(row.fd, F_GETFL) == flags);
    CHECK(::fcntl(row.fd, F_GETFD) == descriptor_flags);
  }
  CHECK(stage.reactor.open_descriptors() == 0);
}
