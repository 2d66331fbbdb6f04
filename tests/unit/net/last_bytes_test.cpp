// What becomes of the last bytes where a connection ends by our own doing: the rows of the table in docs/semantics.md
// that are about a Conn. The others are in tests/traps and tests/daemon.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <thread>

#include "reactord/dial.hpp"
#include "reactord/pipe.hpp"
#include "support/loopback.hpp"

using reactord::Conn;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using test::Peer;
using test::Transport;
using namespace std::chrono_literals;

namespace {

constexpr test::PeerOptions slow_peer{.receive_buffer = 8192};

const std::string& long_reply() {  // more than any two kernel buffers hold
  static const std::string bytes(8'000'000, 'r');
  return bytes;
}

// What a blocking reader gets of a stream, and how it ends: 0, or an errno.
struct Received {
  std::size_t bytes = 0;
  int error = 0;
};

Received read_in_thread(int fd) {
  Received received;
  std::string room(16 * 1024, '\0');
  while (true) {
    pollfd polled{fd, POLLIN, 0};
    constexpr int far_too_long = 10'000;
    if (::poll(&polled, 1, far_too_long) != 1) break;
    const ssize_t count = ::recv(fd, room.data(), room.size(), 0);
    const int saved = errno;
    if (count < 0 && saved == EAGAIN) continue;
    if (count < 0) received.error = saved;
    if (count <= 0) break;
    received.bytes += static_cast<std::size_t>(count);
  }
  return received;
}

// Writes, and lets go of the connection.
Task<> say_and_leave(Conn conn, std::string_view bytes) {
  auto written = co_await conn.write(bytes);
  CHECK(written.has_value());
}

Task<> finish(Conn& conn, std::optional<Result<void>>& outcome) {
  auto finished = co_await conn.finish();
  outcome.emplace(std::move(finished));
}

// Reads slowly, and sends on and on, until the stream ends.
Task<> talk_and_read(Reactor& reactor, Peer& peer, bool talks, std::size_t& received) {
  const std::string words(4096, 'w');
  while (!peer.at_end()) {
    if (talks) peer.send(words);
    received += peer.receive(20'000).size();
    co_await reactor.next_turn();
  }
}

Task<> one_turn(Reactor& reactor) { co_await reactor.next_turn(); }

}  // namespace

TEST_CASE(
    "last bytes: close after close_read sends all, and no reset follows, whatever the peer still sends") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport, slow_peer);
    static constexpr auto reply = [](Conn& conn, bool& sent_all) -> Task<> {
      CHECK(conn.close_read().has_value());
      auto written = co_await conn.write(long_reply());
      CHECK(written.has_value());
      auto finished = co_await conn.finish();
      sent_all = finished.has_value();
    };
    bool sent_all = false;
    std::size_t received = 0;
    reactor.spawn(reply(link.conn, sent_all));
    // To a unix socket whose reading has ended nothing can be sent.
    test::run(reactor, talk_and_read(reactor, link.peer, transport == Transport::tcp, received));
    link.peer.close();
    test::run(reactor, one_turn(reactor));
    CHECK(received == long_reply().size());
    CHECK(link.peer.error() == 0);
    CHECK(sent_all);
  }
}

TEST_CASE("last bytes: of a pipe, too, close after close_read gives the other end all that was taken over") {
  VirtualClock clock;
  Reactor reactor(clock);
  reactord::ConnPair ends = reactord::buffered_pipe(reactor);
  static constexpr auto reply = [](Conn& conn) -> Task<> {
    CHECK(conn.close_read().has_value());
    auto written = co_await conn.write("the last words");
    CHECK(written.has_value());
    CHECK(conn.close().has_value());
  };
  static constexpr auto read = [](Conn& conn, std::string& words) -> Task<> {
    std::string room(64, '\0');
    auto count = co_await conn.read(std::span(room));
    REQUIRE(count.has_value());
    words = room.substr(0, *count);
    auto end = co_await conn.read(std::span(room));
    REQUIRE_FALSE(end.has_value());
    CHECK(end.error().is_eof());
  };
  std::string words;
  test::run(reactor, reply(ends.first));
  test::run(reactor, read(ends.second, words));
  CHECK(words == "the last words");
}

TEST_CASE("last bytes: run() goes on until a connection that was let go has sent all and is closed") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Received received;
    Peer peer;
    std::thread reader;
    {
      Reactor reactor;
      test::Link link = test::connect(reactor, transport, slow_peer);
      peer = std::move(link.peer);
      reader = std::thread([&received, fd = peer.fd()] {
        received = read_in_thread(fd);
        ::shutdown(fd, SHUT_WR);
      });
      reactor.spawn(say_and_leave(std::move(link.conn), long_reply()));
      REQUIRE(reactor.run().has_value());
      CHECK(reactor.open_descriptors() == 0);
      CHECK(reactor.live_tasks() == 0);
    }
    reader.join();
    CHECK(received.bytes == long_reply().size());
    CHECK(received.error == 0);
  }
}

TEST_CASE("last bytes: run() waits for a peer that does not end its side no longer than the limits say") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    test::ConnStage scene(transport);
    const Time before = scene.reactor.now();
    test::run(scene.reactor, say_and_leave(std::move(scene.conn), "bye"));
    CHECK(scene.reactor.now() - before >= Conn::linger_timeout);
    CHECK(scene.reactor.now() - before <= Conn::linger_timeout + 1ms);
    CHECK(scene.peer.receive() == "bye");
  }
}

TEST_CASE("last bytes: run() waits for a peer that takes nothing no longer than the limits say") {
  static constexpr auto fill = [](Conn conn) -> Task<> {
    CHECK(conn.set_write_deadline(conn.reactor().now() + 1s).has_value());
    auto written = co_await conn.write(long_reply());
    CHECK_FALSE(written.has_value());
    CHECK(conn.set_write_deadline(Time::never()).has_value());
    auto more = co_await conn.write("more");
    CHECK(more.has_value());
  };
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    test::ConnStage scene(transport, slow_peer);
    const Time before = scene.reactor.now();
    test::run(scene.reactor, fill(std::move(scene.conn)));
    CHECK(scene.reactor.now() - before >= 1s + Conn::send_timeout);
    CHECK(scene.reactor.now() - before <= 1s + Conn::send_timeout + 2ms);
  }
}

TEST_CASE("last bytes: stop() waits for nobody, and the end of the Reactor drops what is unsent") {
  test::ConnStage scene(Transport::tcp, slow_peer);
  static constexpr auto leave_and_stop = [](Conn conn) -> Task<> {
    Reactor& reactor = conn.reactor();
    CHECK(conn.set_write_deadline(reactor.now()).has_value());
    auto written = co_await conn.write("bye");
    CHECK_FALSE(written.has_value());
    reactor.stop();
  };
  const Time before = scene.reactor.now();
  scene.reactor.spawn(leave_and_stop(std::move(scene.conn)));
  REQUIRE(scene.reactor.run().has_value());
  CHECK(scene.reactor.now() == before);
  CHECK(scene.reactor.open_descriptors() == 1);
  scene.reactor.shutdown();
  CHECK(scene.reactor.open_descriptors() == 0);
  CHECK(scene.reactor.live_tasks() == 0);
}

TEST_CASE("last bytes: a pipe that nobody reads any more keeps no run() going") {
  reactord::VirtualClock clock;
  Reactor reactor(clock);
  reactord::ConnPair ends = reactord::buffered_pipe(reactor);
  const Time before = reactor.now();
  test::run(reactor, say_and_leave(std::move(ends.first), "to nobody"));
  CHECK(reactor.now() == before);
}

TEST_CASE("last bytes: finish says so where a reset, heard of by a read, has destroyed what was unsent") {
  test::ConnStage scene(Transport::tcp, slow_peer);
  scene.run([](test::ConnStage& on) -> Task<> {
    CHECK(on.conn.set_write_deadline(on.reactor.now() + 1s).has_value());
    auto written = co_await on.conn.write(long_reply());
    CHECK_FALSE(written.has_value());
    CHECK(on.conn.set_write_deadline(Time::never()).has_value());
    auto more = co_await on.conn.write("more");
    CHECK(more.has_value());
    on.peer.reset();
    char byte = 0;
    auto read = co_await on.conn.read(std::span(&byte, 1));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().is_reset());
    std::optional<Result<void>> finished;
    Task<> finishing = finish(on.conn, finished);
    co_await std::move(finishing);
    REQUIRE(finished.has_value());
    CHECK_FALSE(finished->has_value());
  });
}

TEST_CASE("last bytes: the end of the process, once run() has returned, loses nothing") {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = reactord::Address::parse("127.0.0.1:0");
  sockaddr_storage storage{};
  socklen_t length = address->to_socket_address(storage);
  REQUIRE(::bind(listening, reinterpret_cast<sockaddr*>(&storage), length) == 0);
  constexpr int small = 8192;  // lest the kernels hold all of it
  REQUIRE(::setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
  REQUIRE(::listen(listening, 1) == 0);
  length = sizeof storage;
  REQUIRE(::getsockname(listening, reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  const std::string where = reactord::Address::from_socket_address(storage, length).text();
  const pid_t child = ::fork();
  if (child == 0) {
    static constexpr auto speak = [](Reactor& reactor, std::string to) -> Task<> {
      auto conn = co_await reactord::dial(reactor, "tcp", to);
      if (!conn) co_return;
      auto written = co_await conn->write(long_reply());
    };
    {
      Reactor reactor;
      reactor.spawn(speak(reactor, where));
      auto ran = reactor.run();
    }
    ::_exit(0);
  }
  const int fd = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  ::close(listening);
  REQUIRE(fd >= 0);
  REQUIRE(::send(fd, "unread", 6, MSG_NOSIGNAL) == 6);
  const Received received = read_in_thread(fd);
  ::close(fd);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(received.bytes == long_reply().size());
  CHECK(received.error == 0);
}
