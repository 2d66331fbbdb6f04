// The ends of a Conn: half-closes, close, finish, abort, letting go.
#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "reactord/conn.hpp"
#include "support/loopback.hpp"

using reactord::Conn;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using test::ConnStage;
using test::over_each_transport;
using namespace std::chrono_literals;

namespace {

using Outcome = std::optional<Result<std::size_t>>;
constexpr test::PeerOptions slow_peer{.receive_buffer = 4096};

const std::string& flood() {
  static const std::string bytes(8 * 1024 * 1024, 'f');
  return bytes;
}

Task<> read_once(Conn& conn, Outcome& outcome) {
  std::array<char, 1024> room{};
  auto count = co_await conn.read(room);
  outcome.emplace(std::move(count));
}

Task<> write_flood(Conn& conn, Outcome& outcome) {
  auto written = co_await conn.write(flood());
  outcome.emplace(std::move(written));
}

Task<> finish(Conn& conn, std::optional<Result<void>>& outcome) {
  auto finished = co_await conn.finish();
  outcome.emplace(std::move(finished));
}

std::string closed_sentence(const char* operation, const reactord::Address& local, const Conn& conn) {
  return std::string(operation) + ' ' + to_string(conn.remote_addr().network()) + ' ' + local.text() + "->" +
         conn.remote_addr().text() + ": use of closed network connection";
}

}  // namespace

TEST_CASE("close_write sends what was written, then the end; reading goes on") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    auto written = co_await scene.conn.write("last words");
    CHECK(written.has_value());
    CHECK(scene.conn.close_write().has_value());
    CHECK(scene.conn.close_write().has_value());
    auto bytes = co_await test::read_to_end(scene.reactor, scene.peer);
    CHECK(bytes == "last words");
    CHECK(scene.peer.error() == 0);
    auto refused = co_await scene.conn.write("x");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().system_errno() == EPIPE);
    CHECK(refused.error().text().ends_with("broken pipe"));
    scene.peer.send("answer");
    Outcome read;
    Task<> reading = read_once(scene.conn, read);
    co_await std::move(reading);
    REQUIRE((read && read->has_value()));
    CHECK(**read == 6);
  });
}

TEST_CASE("close_write fails the write that is pending, and sends what was taken over") {
  over_each_transport(
      [](ConnStage& scene) -> Task<> {
        Outcome written;
        scene.reactor.spawn(write_flood(scene.conn, written));
        co_await scene.reactor.next_turn();
        co_await scene.reactor.next_turn();
        CHECK(scene.conn.close_write().has_value());
        co_await scene.reactor.next_turn();
        REQUIRE(written.has_value());
        REQUIRE_FALSE(written->has_value());
        CHECK(written->error().system_errno() == EPIPE);
        auto bytes = co_await test::read_to_end(scene.reactor, scene.peer);
        CHECK(bytes.size() == scene.conn.bytes_written());
        CHECK(scene.peer.error() == 0);
      },
      slow_peer);
}

TEST_CASE("close_read ends the pending read and all later ones with eof; writing goes on") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome pending, later;
    scene.reactor.spawn(read_once(scene.conn, pending));
    co_await scene.reactor.next_turn();
    CHECK(scene.conn.close_read().has_value());
    co_await scene.reactor.next_turn();
    REQUIRE((pending && !pending->has_value()));
    CHECK(pending->error().is_eof());
    Task<> reading = read_once(scene.conn, later);
    co_await std::move(reading);
    REQUIRE((later && !later->has_value()));
    CHECK(later->error().is_eof());
    auto written = co_await scene.conn.write("still here");
    CHECK(written.has_value());
    auto bytes = co_await test::read_bytes(scene.reactor, scene.peer, 10);
    CHECK(bytes == "still here");
  });
}

TEST_CASE("finish_reading gives what has been received by now, then eof") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    co_await test::send_all(scene.reactor, scene.peer, "received");
    scene.conn.finish_reading();
    co_await test::send_all(scene.reactor, scene.peer, " too late");
    std::array<char, 64> room{};
    auto received = co_await scene.conn.read(room);
    REQUIRE(received.has_value());
    CHECK(std::string_view(room.data(), *received) == "received");
    auto end = co_await scene.conn.read(room);
    REQUIRE_FALSE(end.has_value());
    CHECK(end.error().is_eof());
  });
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome pending;
    scene.reactor.spawn(read_once(scene.conn, pending));
    co_await scene.reactor.next_turn();
    scene.conn.finish_reading();
    co_await scene.reactor.next_turn();
    REQUIRE((pending && !pending->has_value()));
    CHECK(pending->error().is_eof());
  });
}

TEST_CASE("close ends what is pending with closed, and everything after it") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const reactord::Address local = scene.conn.local_addr();
    Outcome read, written, later;
    scene.reactor.spawn(read_once(scene.conn, read));
    scene.reactor.spawn(write_flood(scene.conn, written));
    co_await scene.reactor.next_turn();
    CHECK(scene.conn.close().has_value());
    CHECK_FALSE(read.has_value());  // resumed by the loop, not from within close()
    co_await scene.reactor.next_turn();
    REQUIRE((read && !read->has_value()));
    CHECK(read->error().text() == closed_sentence("read", local, scene.conn));
    REQUIRE((written && !written->has_value()));
    CHECK(written->error().text() == closed_sentence("write", local, scene.conn));
    Task<> reading = read_once(scene.conn, later);
    co_await std::move(reading);
    CHECK(later->error().is_closed());
    auto flushed = co_await scene.conn.flush();
    CHECK(flushed.error().is_closed());
    CHECK(scene.conn.close_read().error().is_closed());
    CHECK(scene.conn.close_write().error().is_closed());
    CHECK(scene.conn.set_deadline(Time::never()).error().text() ==
          std::string("set ") + to_string(local.network()) + ' ' + local.text() +
              ": use of closed network connection");
    scene.conn.finish_reading();  // has no effect
    scene.conn.abort();
  });
}

TEST_CASE("a second close says so, and the addresses stay known") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const reactord::Address local = scene.conn.local_addr(), remote = scene.conn.remote_addr();
    CHECK(scene.conn.close().has_value());
    scene.peer.close();
    const auto is_closed = [&scene] { return scene.reactor.open_descriptors() == 0; };
    co_await test::until(scene.reactor, is_closed);
    const auto second = scene.conn.close();
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().text() == closed_sentence("close", local, scene.conn));
    CHECK(scene.conn.local_addr() == local);
    CHECK(scene.conn.remote_addr() == remote);
  });
}

TEST_CASE("close loses nothing that a write took over") {
  over_each_transport(
      [](ConnStage& scene) -> Task<> {
        static const std::string reply(Conn::high_watermark - 100, 'r');
        auto first = co_await scene.conn.write(reply);
        auto second = co_await scene.conn.write("the end");
        CHECK((first.has_value() && second.has_value()));
        CHECK(scene.conn.close().has_value());
        auto bytes = co_await test::read_to_end(scene.reactor, scene.peer);
        CHECK(scene.peer.error() == 0);
        CHECK(bytes == reply + "the end");
      },
      slow_peer);
}

TEST_CASE("letting go of a Conn is close()") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    {
      Conn conn = std::move(scene.conn);
      auto written = co_await conn.write("goodbye");
      CHECK(written.has_value());
    }
    auto bytes = co_await test::read_to_end(scene.reactor, scene.peer);
    CHECK(bytes == "goodbye");
    CHECK(scene.peer.error() == 0);
    scene.peer.close();
    const auto is_closed = [&scene] { return scene.reactor.open_descriptors() == 0; };
    co_await test::until(scene.reactor, is_closed);
  });
}

TEST_CASE("finish waits until the peer has all and the descriptor is given back") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    auto written = co_await scene.conn.write("reply");
    CHECK(written.has_value());
    std::optional<Result<void>> finished;
    scene.reactor.spawn(finish(scene.conn, finished));
    auto bytes = co_await test::read_to_end(scene.reactor, scene.peer);
    CHECK(bytes == "reply");
    CHECK_FALSE(finished.has_value());  // the peer has not ended its side
    scene.peer.close();
    const auto is_done = [&finished] { return finished.has_value(); };
    co_await test::until(scene.reactor, is_done);
    CHECK(finished->has_value());
    co_await scene.reactor.next_turn();
    CHECK(scene.reactor.open_descriptors() == 0);
    auto again = co_await scene.conn.finish();
    CHECK(again.has_value());
  });
}

TEST_CASE("a peer that never ends its side is waited for no longer than the linger timeout") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const Time start = scene.reactor.now();
    auto finished = co_await scene.conn.finish();
    CHECK(finished.has_value());
    CHECK(scene.reactor.now() >= start + Conn::linger_timeout);
    CHECK(scene.reactor.now() - start <= Conn::linger_timeout + 1ms);
  });
}

TEST_CASE("a peer that takes nothing is given up after the send timeout, and finish says why") {
  over_each_transport(
      [](ConnStage& scene) -> Task<> {
        Outcome written;
        scene.reactor.spawn(write_flood(scene.conn, written));
        co_await scene.reactor.next_turn();
        co_await scene.reactor.next_turn();
        CHECK(scene.conn.set_write_deadline(Time::past()).has_value());
        co_await scene.reactor.next_turn();
        REQUIRE((written && !written->has_value()));
        CHECK(scene.conn.set_write_deadline(Time::never()).has_value());
        auto one_more = co_await scene.conn.write("one more byte");
        CHECK(one_more.has_value());
        const Time start = scene.reactor.now();
        auto finished = co_await scene.conn.finish();
        REQUIRE_FALSE(finished.has_value());
        CHECK(finished.error().timeout());
        CHECK(finished.error().text().starts_with("close "));
        CHECK(scene.reactor.now() - start <= Conn::send_timeout + 1ms);
        CHECK(scene.reactor.now() >= start + Conn::send_timeout);
      },
      slow_peer);
}

TEST_CASE("abort drops what is unsent and gives the descriptor back in the same turn") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    Outcome read;
    scene.reactor.spawn(read_once(scene.conn, read));
    co_await scene.reactor.next_turn();
    auto written = co_await scene.conn.write("never sent");
    CHECK(written.has_value());
    scene.conn.abort();
    scene.conn.abort();
    co_await scene.reactor.next_turn();
    CHECK(scene.reactor.open_descriptors() == 0);
    REQUIRE((read && !read->has_value()));
    CHECK(read->error().is_closed());
    auto bytes = co_await test::read_to_end(scene.reactor, scene.peer);
    CHECK(bytes.empty());
    CHECK(scene.conn.close().error().is_closed());
  });
}

TEST_CASE("abort cuts the lingering of a close short") {
  over_each_transport([](ConnStage& scene) -> Task<> {
    const Time start = scene.reactor.now();
    CHECK(scene.conn.close().has_value());
    co_await scene.reactor.next_turn();
    CHECK(scene.reactor.open_descriptors() == 1);
    scene.conn.abort();
    co_await scene.reactor.next_turn();
    CHECK(scene.reactor.open_descriptors() == 0);
    CHECK(scene.reactor.now() == start);
    CHECK(scene.reactor.timers().size() == 0);
  });
}

TEST_CASE("shutdown of the reactor ends what is pending") {
  for (const auto transport : {test::Transport::tcp, test::Transport::unix_socket}) {
    ConnStage scene(transport);
    Outcome read;
    scene.reactor.spawn(read_once(scene.conn, read));
    static constexpr auto stop = [](ConnStage& on) -> Task<> {
      co_await on.reactor.next_turn();
      on.reactor.stop();
    };
    scene.reactor.spawn(stop(scene));
    REQUIRE(scene.reactor.run().has_value());
    scene.reactor.shutdown();
    REQUIRE((read && !read->has_value()));
    CHECK(read->error().is_closed());
    CHECK(scene.reactor.live_tasks() == 0);
    CHECK(scene.reactor.open_descriptors() == 0);
  }
}
