// The eleven cases of Go's nettest.TestConn (https://pkg.go.dev/golang.org/x/net/nettest), for any kind of Conn. Where
// Go has several threads at one connection, there are operations that meet a pending one, and are refused.
#pragma once

#include <cstdint>
#include <cstring>

#include "scene.hpp"

namespace test::conformance {

inline Task<> write_in_chunks_and_close(Conn& conn, std::string_view bytes, std::size_t chunk) {
  for (; !bytes.empty(); bytes.remove_prefix(chunk)) {
    auto written = co_await conn.write(bytes.substr(0, chunk));
    REQUIRE(written.has_value());
    CHECK(*written == chunk);
  }
  CHECK(conn.close().has_value());
}

inline Task<> case_basic_io(Scene& scene) {
  const std::string bytes = random_bytes(1024 * 1024);
  scene.reactor.spawn(write_in_chunks_and_close(scene.first(), bytes, 1024));
  Received received;
  Task<> reading = read_until_failure(scene.second(), received, 1024);
  co_await std::move(reading);
  CHECK((received.bytes == bytes));
  CHECK(received.outcome.is_eof());
  CHECK(scene.second().close().has_value());
}

inline constexpr std::uint64_t last_ping = 1000;

inline Task<> bounce(Conn& conn, std::uint64_t& last, bool& ended) {
  bool is_first = true;
  while (true) {
    auto ball = co_await read_exactly(conn, sizeof last);
    if (ball.size() < sizeof last) break;  // the other end has stopped
    std::uint64_t number = 0;
    std::memcpy(&number, ball.data(), sizeof number);
    if (!is_first) CHECK(number == last + 2);
    is_first = false;
    last = number;
    if (number == last_ping) break;
    ++number;
    std::memcpy(ball.data(), &number, sizeof number);
    auto written = co_await conn.write(ball);
    CHECK(written.has_value());
  }
  CHECK(conn.close().has_value());
  ended = true;
}

inline Task<> case_ping_pong(Scene& scene) {
  std::uint64_t first_last = 0, second_last = 0;
  bool first_ended = false, second_ended = false;
  scene.reactor.spawn(bounce(scene.first(), first_last, first_ended));
  scene.reactor.spawn(bounce(scene.second(), second_last, second_ended));
  auto begun = co_await scene.first().write(std::string_view("\0\0\0\0\0\0\0\0", 8));
  CHECK(begun.has_value());
  const auto both_ended = [&] { return first_ended && second_ended; };
  co_await test::until(scene.reactor, both_ended);
  CHECK(std::max(first_last, second_last) == last_ping);
  CHECK(std::min(first_last, second_last) == last_ping - 1);
}

// Writes with a rest now and then, until a write fails.
inline Task<> flood_with_rests(Conn& conn, bool& ended) {
  std::minstd_rand random(3);
  const std::string chunk(1024, 'f');
  while (true) {
    auto written = co_await conn.write(chunk);
    if (!written) {
      CHECK(written.error().timeout());
      break;
    }
    if (random() % 4 != 0) continue;
    for (auto rest = random() % 8; rest > 0; --rest) co_await conn.reactor().next_turn();
  }
  ended = true;
}

inline Task<> case_racy_read(Scene& scene) {
  bool enough = false, flooded = false;
  scene.reactor.spawn(flood_with_rests(scene.first(), flooded));
  scene.reactor.spawn(tick(scene, 300us, enough));
  CHECK(scene.second().set_read_deadline(scene.reactor.now() + 1ms).has_value());
  std::array<char, 1024> room{};
  std::size_t timeouts = 0;
  for (int round = 0; round < 1000; ++round) {
    Outcome outcome;
    scene.reactor.spawn(read_into(scene.second(), room, outcome));
    co_await scene.reactor.next_turn();
    if (!outcome.is_done()) {
      Outcome refused;
      Task<> reading = read_once(scene.second(), refused);
      co_await std::move(reading);
      CHECK(refused.is(ErrorCode::busy));
    }
    co_await until_done(scene.reactor, outcome);
    room.fill('\x5a');
    if (!outcome.is_ok()) {
      ++timeouts;
      CHECK(outcome.timed_out());
      CHECK(scene.second().set_read_deadline(scene.reactor.now() + 1ms).has_value());
      co_await turns(scene.reactor, 2);
    }
    CHECK(std::string_view(room.data(), room.size()).find_first_not_of('\x5a') == std::string_view::npos);
  }
  CHECK(timeouts > 0);
  enough = true;
  CHECK(scene.first().set_write_deadline(Time::past()).has_value());
  const auto is_flooded = [&] { return flooded; };
  co_await test::until(scene.reactor, is_flooded);
}

// What stands at `position` of the streams of this file's numbered writers.
inline char numbered(std::size_t position) { return static_cast<char>(position % 127); }

inline Task<> read_numbered(Conn& conn, std::size_t& position, bool& ended) {
  std::minstd_rand random(5);
  std::string room(16 * 1024, '\0');
  while (true) {
    auto more = co_await conn.read(std::span(room));
    if (!more) break;
    std::size_t wrong = 0;
    for (std::size_t index = 0; index < *more; ++index) wrong += room[index] != numbered(position++) ? 1 : 0;
    CHECK(wrong == 0);
    if (random() % 4 != 0) continue;
    for (auto rest = random() % 16; rest > 0; --rest) co_await conn.reactor().next_turn();
  }
  ended = true;
}

inline Task<> case_racy_write(Scene& scene) {
  std::size_t position = 0, arrived = 0, timeouts = 0;
  bool enough = false, ended = false;
  scene.reactor.spawn(read_numbered(scene.second(), arrived, ended));
  scene.reactor.spawn(tick(scene, 300us, enough));
  CHECK(scene.first().set_write_deadline(scene.reactor.now() + 1ms).has_value());
  std::string bytes(256 * 1024, '\0');
  for (int round = 0; round < 200; ++round) {
    for (std::size_t index = 0; index < bytes.size(); ++index) bytes[index] = numbered(position + index);
    Outcome outcome;
    scene.reactor.spawn(write_from(scene.first(), bytes, outcome));
    co_await until_done(scene.reactor, outcome);
    position += outcome.taken_over;
    bytes.assign(bytes.size(), '\xee');
    if (outcome.is_ok()) continue;
    ++timeouts;
    CHECK(outcome.timed_out());
    CHECK(scene.first().set_write_deadline(scene.reactor.now() + 1ms).has_value());
    co_await turns(scene.reactor, 2);
  }
  enough = true;
  CHECK(scene.first().close().has_value());
  const auto has_ended = [&] { return ended; };
  co_await test::until(scene.reactor, has_ended);
  CHECK(arrived == position);
  CHECK(timeouts > 0);
}

inline Task<> case_read_timeout(Scene& scene) {
  CHECK(scene.first().set_read_deadline(Time::past()).has_value());
  Outcome read;
  Task<> reading = read_once(scene.first(), read);
  co_await std::move(reading);
  CHECK(read.timed_out());
  co_await transfer(scene.first(), scene.second(), "written all the same");
}

inline Task<> case_write_timeout(Scene& scene) {
  CHECK(scene.first().set_write_deadline(Time::past()).has_value());
  Outcome written;
  Task<> writing = write_from(scene.first(), "x", written);
  co_await std::move(writing);
  CHECK(written.timed_out());
  CHECK(written.taken_over == 0);
  co_await transfer(scene.second(), scene.first(), "read all the same");
}

inline Task<> case_past_timeout(Scene& scene) {
  co_await roundtrip(scene);
  CHECK(scene.first().set_deadline(Time::past()).has_value());
  Outcome read, written;
  Task<> writing = write_from(scene.first(), "x", written);
  co_await std::move(writing);
  Task<> reading = read_once(scene.first(), read);
  co_await std::move(reading);
  CHECK(written.timed_out());
  CHECK(written.taken_over == 0);
  CHECK(read.timed_out());
  CHECK(scene.first().set_deadline(Time::never()).has_value());
  co_await roundtrip(scene);
}

inline Task<> case_present_timeout(Scene& scene) {
  std::array<char, 1024> room;
  room.fill('\x5a');
  Outcome read, written;
  scene.reactor.spawn(read_into(scene.first(), room, read));
  scene.reactor.spawn(write_from(scene.first(), flood(), written));
  co_await sleep(scene, 100ms);
  const Time set = scene.reactor.now();
  CHECK_FALSE(read.is_done());
  CHECK_FALSE(written.is_done());
  CHECK(scene.first().set_deadline(Time::past()).has_value());
  co_await turns(scene.reactor, 2);
  check_ended(read, set);
  check_ended(written, set);
  CHECK(std::string_view(room.data(), room.size()).find_first_not_of('\x5a') == std::string_view::npos);
}

inline Task<> case_future_timeout(Scene& scene) {
  const Time deadline = scene.reactor.now() + 100ms;
  CHECK(scene.first().set_deadline(deadline).has_value());
  Outcome read, written;
  scene.reactor.spawn(read_once(scene.first(), read));
  scene.reactor.spawn(write_from(scene.first(), flood(), written));
  co_await sleep(scene, 1s);
  check_ended(read, deadline);
  check_ended(written, deadline);
  co_await resynchronise(scene.first(), scene.second());
  co_await roundtrip(scene);
}

inline Task<> case_close_timeout(Scene& scene) {
  CHECK(scene.first().set_deadline(scene.reactor.now() + 1h).has_value());
  Outcome read, written;
  scene.reactor.spawn(read_once(scene.first(), read));
  scene.reactor.spawn(write_from(scene.first(), flood(), written));
  co_await sleep(scene, 100ms);
  const Time closed = scene.reactor.now();
  CHECK(scene.first().close().has_value());
  CHECK_FALSE(read.is_done());  // not from within the call: from the loop's own stack
  co_await turns(scene.reactor, 2);
  CHECK(read.is_closed());
  CHECK(written.is_closed());
  CHECK(read.ended == closed);
}

inline Task<> case_concurrent_methods(Scene& scene) {
  std::vector<Outcome> reads(100), writes(100);
  Conn& conn = scene.first();
  const auto local = conn.local_addr();
  const auto remote = conn.remote_addr();
  for (std::size_t round = 0; round < reads.size(); ++round) {
    scene.reactor.spawn(read_once(conn, reads[round]));
    scene.reactor.spawn(write_from(conn, flood(), writes[round]));
    switch (round % 4) {
      case 0:
        CHECK(conn.set_deadline(scene.reactor.now() + 10ms).has_value());
        break;
      case 1:
        CHECK(conn.set_read_deadline(Time::past()).has_value());
        break;
      case 2:
        CHECK(conn.set_write_deadline(Time::past()).has_value());
        break;
      default:
        scene.clock.advance(7ms);
        break;
    }
    CHECK(conn.local_addr() == local);
    CHECK(conn.remote_addr() == remote);
    if (round % 3 == 0) co_await scene.reactor.next_turn();
  }
  CHECK(conn.set_deadline(Time::past()).has_value());
  co_await turns(scene.reactor, 4);
  std::size_t refused = 0;
  for (std::size_t round = 0; round < reads.size(); ++round) {
    CHECK((reads[round].timed_out() || reads[round].is(ErrorCode::busy)));
    CHECK((writes[round].timed_out() || writes[round].is(ErrorCode::busy)));
    refused += reads[round].is(ErrorCode::busy) ? 1 : 0;
  }
  CHECK(refused > 0);
  co_await resynchronise(scene.first(), scene.second());
  co_await roundtrip(scene);
}

}  // namespace test::conformance
