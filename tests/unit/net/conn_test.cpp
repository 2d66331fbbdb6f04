// Reading and writing on a Conn, over TCP and over a unix socket.
#include "reactord/conn.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "support/loopback.hpp"

using reactord::Buffer;
using reactord::Conn;
using reactord::ErrorCode;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using test::ConnStage;
using test::over_each_transport;
using namespace std::chrono_literals;

namespace {

using Outcome = std::optional<Result<std::size_t>>;

constexpr test::PeerOptions slow_peer{.receive_buffer = 4096};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;  // the usual congruence
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string sentence(ConnStage& scene, const char* operation, const char* reason) {
  return std::string(operation) + ' ' + to_string(scene.conn.remote_addr().network()) + ' ' +
         scene.conn.local_addr().text() + "->" + scene.conn.remote_addr().text() + ": " + reason;
}

Task<> read_once(Conn& conn, Outcome& outcome) {
  std::array<char, 1024> room{};
  auto count = co_await conn.read(room);
  outcome.emplace(std::move(count));
}

Task<> write_all(Conn& conn, std::string_view bytes, Outcome& outcome) {
  auto written = co_await conn.write(bytes);
  outcome.emplace(std::move(written));
}

}  // namespace

TEST_CASE("a read gives what is there, at most what fits") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    std::array<char, 4> room{};
    co_await test::send_all(scene.reactor, scene.peer, "abcdef");
    auto first = co_await scene.conn.read(room);
    REQUIRE(first.has_value());
    CHECK(std::string_view(room.data(), *first) == "abcd");
    CHECK(scene.conn.unread() == 2);
    auto second = co_await scene.conn.read(room);
    REQUIRE(second.has_value());
    CHECK(std::string_view(room.data(), *second) == "ef");
    CHECK(scene.conn.unread() == 0);
    CHECK(scene.conn.bytes_read() == 6);
  });
}

TEST_CASE("a read into a buffer appends, and borrows nothing until bytes come") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Buffer buffer;
    Outcome unused;
    static constexpr auto read = [](Conn& conn, Buffer& into, Outcome& outcome) -> Task<> {
      auto count = co_await conn.read(into);
      outcome.emplace(std::move(count));
    };
    scene.reactor.spawn(read(scene.conn, buffer, unused));
    co_await scene.reactor.next_turn();
    co_await scene.reactor.next_turn();
    CHECK(buffer.capacity() == 0);
    co_await test::send_all(scene.reactor, scene.peer, "one ");
    const auto is_done = [&unused] { return unused.has_value(); };
    co_await test::until(scene.reactor, is_done);
    co_await test::send_all(scene.reactor, scene.peer, "two");
    auto second = co_await scene.conn.read(buffer);
    REQUIRE(second.has_value());
    CHECK(*second == 3);
    CHECK(buffer.view() == "one two");
  });
}

TEST_CASE("an empty span reads nothing and waits for nothing") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    auto none = co_await scene.conn.read(std::span<char>());
    REQUIRE(none.has_value());
    CHECK(*none == 0);
  });
}

TEST_CASE("the peer's end of the stream is eof, bare and for good, and writing goes on") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    std::array<char, 16> room{};
    scene.peer.send("last");
    scene.peer.finish();
    auto last = co_await scene.conn.read(room);
    REQUIRE(last.has_value());
    CHECK(*last == 4);
    for (int round = 0; round < 2; ++round) {
      auto end = co_await scene.conn.read(room);
      REQUIRE_FALSE(end.has_value());
      CHECK(end.error().is_eof());
      CHECK(end.error().text() == "EOF");
    }
    auto answered = co_await scene.conn.write("answer");
    CHECK(answered.has_value());
    auto answer = co_await test::read_bytes(scene.reactor, scene.peer, 6);
    CHECK(answer == "answer");
  });
}

TEST_CASE("a second read is refused while one is pending, and does it no harm") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome first;
    scene.reactor.spawn(read_once(scene.conn, first));
    co_await scene.reactor.next_turn();
    std::array<char, 4> room{};
    auto second = co_await scene.conn.read(room);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error() == ErrorCode::busy);
    CHECK(second.error().text() ==
          sentence(scene, "read", "another operation of this kind is pending on the connection"));
    scene.peer.send("x");
    const auto is_done = [&first] { return first.has_value(); };
    co_await test::until(scene.reactor, is_done);
    REQUIRE(first->has_value());
    CHECK(**first == 1);
  });
}

TEST_CASE("what was received before a reset is delivered, then the reset") {
  ConnStage scene(test::Transport::tcp);
  scene.run([](ConnStage& on) -> Task<> {
    std::array<char, 16> room{};
    co_await test::send_all(on.reactor, on.peer, "before");
    on.peer.reset();
    co_await on.reactor.next_turn();
    auto before = co_await on.conn.read(room);
    REQUIRE(before.has_value());
    CHECK(*before == 6);
    const std::string expected = sentence(on, "read", "read: connection reset by peer");
    auto end = co_await on.conn.read(room);
    REQUIRE_FALSE(end.has_value());
    CHECK(end.error().is_reset());
    CHECK_FALSE(end.error().is_eof());
    CHECK(end.error().text() == expected);
  });
}

TEST_CASE("writes are collected and sent once, at the end of the turn") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    auto one = co_await scene.conn.write("Server: ", std::string("x"), "\n");
    auto two = co_await scene.conn.write("y");
    auto none = co_await scene.conn.write();
    auto empty = co_await scene.conn.write("", "");
    REQUIRE((one.has_value() && two.has_value() && none.has_value() && empty.has_value()));
    CHECK(*one == 10);
    CHECK(*two == 1);
    CHECK(*none + *empty == 0);
    CHECK(scene.conn.unsent() == 11);
    CHECK(scene.conn.bytes_written() == 0);
    co_await scene.reactor.next_turn();
    CHECK(scene.conn.unsent() == 0);
    CHECK(scene.conn.bytes_written() == 11);
    auto bytes = co_await test::read_bytes(scene.reactor, scene.peer, 11);
    CHECK(bytes == "Server: x\ny");
  });
}

TEST_CASE("a big write waits for a slow peer, in bounded memory, and loses nothing") {
  over_each_transport(
      [](ConnStage& scene) -> Task<> {
        static const std::string bytes = pattern(4 * 1024 * 1024);
        Outcome written;
        scene.reactor.spawn(write_all(scene.conn, bytes, written));
        co_await scene.reactor.next_turn();
        co_await scene.reactor.next_turn();
        CHECK_FALSE(written.has_value());
        std::string received;
        while (received.size() < bytes.size() && !scene.peer.at_end()) {
          received += scene.peer.receive(16 * 1024);
          co_await scene.reactor.next_turn();
          REQUIRE(scene.conn.unsent() <= Conn::high_watermark);
          REQUIRE(scene.reactor.buffers().bytes_in_use() <= 2 * Conn::high_watermark);
        }
        CHECK(received == bytes);
        REQUIRE((written.has_value() && written->has_value()));
        CHECK(**written == bytes.size());
        CHECK(scene.conn.bytes_written() == bytes.size());
        CHECK(scene.reactor.buffers().bytes_in_use() == 0);
      },
      slow_peer);
}

TEST_CASE("many parts in one write, more than a send can gather") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    static const std::string large = pattern(100'000);
    auto written = co_await scene.conn.write("head ", large, " middle ", large, " tail");
    REQUIRE(written.has_value());
    const std::string expected = "head " + large + " middle " + large + " tail";
    CHECK(*written == expected.size());
    auto received = co_await test::read_bytes(scene.reactor, scene.peer, expected.size());
    CHECK(received == expected);
  });
}

TEST_CASE("above the high watermark a writer waits until the low one is left") {
  over_each_transport(
      [](ConnStage& scene) -> Task<> {
        static const std::string flood = pattern(4 * 1024 * 1024);
        Outcome written;
        scene.reactor.spawn(write_all(scene.conn, flood, written));
        co_await scene.reactor.next_turn();
        auto second = co_await scene.conn.write("x");
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error() == ErrorCode::busy);
        auto flushed = co_await scene.conn.flush();
        REQUIRE_FALSE(flushed.has_value());
        CHECK(flushed.error() == ErrorCode::busy);
        while (!written) {
          auto some = scene.peer.receive();
          co_await scene.reactor.next_turn();
        }
        CHECK(scene.conn.unsent() <= Conn::low_watermark);
        auto room = co_await scene.conn.wait_writable();
        CHECK(room.has_value());
      },
      slow_peer);
}

TEST_CASE("flush waits until every byte is with the kernel") {
  over_each_transport(
      [](ConnStage& scene) -> Task<> {
        static const std::string flood = pattern(2 * 1024 * 1024);
        Outcome written;
        scene.reactor.spawn(write_all(scene.conn, flood, written));
        while (!written) {
          auto some = scene.peer.receive();
          co_await scene.reactor.next_turn();
        }
        static constexpr auto flush = [](Conn& conn, bool& done) -> Task<> {
          auto flushed = co_await conn.flush();
          CHECK(flushed.has_value());
          CHECK(conn.unsent() == 0);
          done = true;
        };
        bool done = false;
        scene.reactor.spawn(flush(scene.conn, done));
        while (!done) {
          auto some = scene.peer.receive();
          co_await scene.reactor.next_turn();
        }
        CHECK(scene.conn.bytes_written() == flood.size());
      },
      slow_peer);
}

TEST_CASE("a write to a peer that has broken off fails, and says how much it had handed on") {
  ConnStage scene(test::Transport::tcp, slow_peer);
  scene.run([](ConnStage& on) -> Task<> {
    static const std::string flood = pattern(4 * 1024 * 1024);
    static constexpr auto write = [](Conn& conn, Outcome& outcome, std::size_t& handed_on) -> Task<> {
      auto operation = conn.write(flood);
      auto written = co_await operation;
      handed_on = operation.taken_over();
      outcome.emplace(std::move(written));
    };
    Outcome written;
    std::size_t handed_on = 0;
    on.reactor.spawn(write(on.conn, written, handed_on));
    co_await on.reactor.next_turn();
    co_await on.reactor.next_turn();
    on.peer.reset();
    const auto is_done = [&written] { return written.has_value(); };
    co_await test::until(on.reactor, is_done);
    REQUIRE_FALSE(written->has_value());
    CHECK(written->error().is_reset());
    CHECK(handed_on > 0);
    CHECK(handed_on < flood.size());
    auto again = co_await on.conn.write("x");
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().is_reset());
    CHECK(on.conn.unsent() == 0);
  });
}

TEST_CASE("a write does not wait for the read that is pending, nor the read for it") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome read;
    scene.reactor.spawn(read_once(scene.conn, read));
    auto written = co_await scene.conn.write("while a read is pending");
    CHECK(written.has_value());
    auto bytes = co_await test::read_bytes(scene.reactor, scene.peer, 23);
    CHECK(bytes == "while a read is pending");
    CHECK_FALSE(read.has_value());
    scene.peer.send("now");
    const auto is_done = [&read] { return read.has_value(); };
    co_await test::until(scene.reactor, is_done);
    CHECK(read->has_value());
  });
}

TEST_CASE("a Conn knows when bytes last moved") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    CHECK(scene.conn.last_activity() == scene.reactor.now());
    auto slept = co_await scene.reactor.sleep(3s);
    CHECK(slept.has_value());
    CHECK(scene.reactor.now() - scene.conn.last_activity() >= 3s);
    scene.peer.send("x");
    Outcome read;
    Task<> reading = read_once(scene.conn, read);
    co_await std::move(reading);
    CHECK(scene.conn.last_activity() == scene.reactor.now());
    CHECK(&scene.conn.reactor() == &scene.reactor);
  });
}

TEST_CASE("the addresses of both ends") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    CHECK(scene.conn.remote_addr() == scene.peer.local_addr());
    CHECK(scene.conn.local_addr().is_unix() == (scene.transport == test::Transport::unix_socket));
    CHECK_FALSE(scene.conn.local_addr() == scene.conn.remote_addr());
    co_return;
  });
}
