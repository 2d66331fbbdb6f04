// Reading, writing, closing and half-closing, for any kind of Conn: what arrives, how it ends, and what is refused.
#pragma once

#include <cerrno>

#include "scene.hpp"

namespace test::conformance {

inline Task<> case_zero_length_read(Scene& scene) {
  if (!scene.traits.buffers) co_return;  // there an empty read waits for a write, as net.Pipe's does
  auto nothing = co_await scene.first().read(std::span<char>());
  REQUIRE(nothing.has_value());
  CHECK(*nothing == 0);
  Outcome written;
  scene.reactor.spawn(write_from(scene.second(), "data", written));
  co_await arrival(scene, scene.first(), 4);
  auto still_nothing = co_await scene.first().read(std::span<char>());
  REQUIRE(still_nothing.has_value());
  CHECK(*still_nothing == 0);
  auto data = co_await read_exactly(scene.first(), 4);
  CHECK(data == "data");
}

inline Task<> case_reset(Scene& scene) {
  if (!scene.traits.resets) co_return;
  Outcome written;
  scene.reactor.spawn(write_from(scene.first(), "never read", written));
  co_await arrival(scene, scene.second(), 10);
  scene.second().abort();
  Outcome read;
  Task<> reading = read_once(scene.first(), read);
  co_await std::move(reading);
  REQUIRE(read.has_failed());
  CHECK_FALSE(read.is_eof());
  CHECK(read.result->error().is_reset());
  CHECK(read.result->error().system_errno() == ECONNRESET);
  CHECK_FALSE(read.result->error().temporary());
  CHECK_FALSE(read.result->error().timeout());
}

inline Task<> case_peer_close_unblocks(Scene& scene) {
  Outcome read;
  scene.reactor.spawn(read_once(scene.first(), read));
  co_await turns(scene.reactor, 2);
  CHECK_FALSE(read.is_done());
  CHECK(scene.second().close().has_value());
  co_await until_done(scene.reactor, read);
  CHECK(read.is_eof());
  CHECK(read.text() == "EOF");
  Outcome again;
  Task<> reading = read_once(scene.first(), again);
  co_await std::move(reading);
  CHECK(again.is_eof());
}

inline std::string closed_text(const Scene& scene) {
  return scene.traits.in_memory ? "io: read/write on closed pipe" : "use of closed network connection";
}

inline Task<> case_read_after_close(Scene& scene) {
  CHECK(scene.first().close().has_value());
  Outcome read;
  Task<> reading = read_once(scene.first(), read);
  co_await std::move(reading);
  CHECK(read.is_closed());
  if (!scene.traits.in_memory) CHECK(read.text().ends_with(closed_text(scene)));
}

inline Task<> case_write_after_close(Scene& scene) {
  CHECK(scene.first().close().has_value());
  Outcome written;
  Task<> writing = write_from(scene.first(), "x", written);
  co_await std::move(writing);
  CHECK(written.is_closed());
  CHECK(written.taken_over == 0);
  if (!scene.traits.in_memory) CHECK(written.text().ends_with(closed_text(scene)));
}

inline Task<> case_close_twice(Scene& scene) {
  Conn& conn = scene.first();
  const std::string expected = std::string("close ") + reactord::to_string(conn.network()) + ' ' +
                               conn.local_addr().text() + "->" + conn.remote_addr().text() +
                               ": use of closed network connection";
  CHECK(conn.close().has_value());
  auto again = conn.close();
  if (!scene.traits.buffers) CHECK(again.has_value());  // as net.Pipe has it
  if (scene.traits.in_memory) co_return;
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().is_closed());
  CHECK(again.error().text() == expected);
}

inline Task<> case_close_read(Scene& scene) {
  if (!scene.traits.half_close) co_return;
  for (int round = 0; round < 3; ++round) {
    CHECK(scene.first().close_read().has_value());
    Outcome read;
    Task<> reading = read_once(scene.first(), read);
    co_await std::move(reading);
    CHECK(read.is_eof());
  }
  co_await transfer(scene.first(), scene.second(), "the other direction is as it was");
}

inline Task<> case_close_write(Scene& scene) {
  if (!scene.traits.half_close) co_return;
  Outcome written;
  scene.reactor.spawn(write_from(scene.first(), "last words", written));
  auto words = co_await read_exactly(scene.second(), 10);
  CHECK(words == "last words");
  co_await until_done(scene.reactor, written);
  for (int round = 0; round < 3; ++round) {
    CHECK(scene.first().close_write().has_value());
    Outcome end, refused;
    Task<> reading = read_once(scene.second(), end);
    co_await std::move(reading);
    CHECK(end.is_eof());
    Task<> writing = write_from(scene.first(), "x", refused);
    co_await std::move(writing);
    CHECK(refused.has_failed());
    CHECK(refused.taken_over == 0);
    co_await transfer(scene.second(), scene.first(), "the other direction goes on");
  }
  CHECK(scene.second().close_write().has_value());
  Outcome end;
  Task<> reading = read_once(scene.first(), end);
  co_await std::move(reading);
  CHECK(end.is_eof());
}

inline Task<> case_all_or_error(Scene& scene) {
  const std::string bytes = random_bytes(3 * 1024 * 1024 + 1);
  Outcome written;
  scene.reactor.spawn(write_from(scene.first(), bytes, written));
  std::string received, room(7919, '\0');
  while (received.size() < bytes.size()) {
    auto more = co_await scene.second().read(std::span(room));
    REQUIRE(more.has_value());
    CHECK(*more > 0);
    received.append(room, 0, *more);
  }
  co_await until_done(scene.reactor, written);
  REQUIRE(written.is_ok());
  CHECK(**written.result == bytes.size());
  CHECK((received == bytes));
}

inline Task<> send_and_end(Conn& conn, std::string_view bytes, std::size_t chunk) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, chunk);
    auto written = co_await conn.write(piece);
    REQUIRE(written.has_value());
    bytes.remove_prefix(piece.size());
  }
}

inline Task<> receive_all(Conn& conn, std::size_t count, std::string& received, bool& ended) {
  auto bytes = co_await read_exactly(conn, count);
  received = std::move(bytes);
  ended = true;
}

inline Task<> case_both_ways_at_once(Scene& scene) {
  const std::string bytes = random_bytes(2 * 1024 * 1024);
  std::string there, back;
  bool there_ended = false, back_ended = false;
  scene.reactor.spawn(send_and_end(scene.first(), bytes, 1000));
  scene.reactor.spawn(send_and_end(scene.second(), bytes, 100'000));
  scene.reactor.spawn(receive_all(scene.second(), bytes.size(), there, there_ended));
  scene.reactor.spawn(receive_all(scene.first(), bytes.size(), back, back_ended));
  const auto both_ended = [&] { return there_ended && back_ended; };
  co_await test::until(scene.reactor, both_ended);
  CHECK((there == bytes));
  CHECK((back == bytes));
  co_await turns(scene.reactor, 3);
}

inline Task<> case_never_interleaved(Scene& scene) {
  Outcome long_write, refused;
  scene.reactor.spawn(write_from(scene.first(), flood(), long_write));
  co_await turns(scene.reactor, 2);
  REQUIRE_FALSE(long_write.is_done());
  Task<> writing = write_from(scene.first(), "xyz", refused);
  co_await std::move(writing);
  CHECK(refused.is(ErrorCode::busy));
  CHECK(refused.taken_over == 0);
  auto received = co_await read_exactly(scene.second(), flood().size());
  CHECK((received == flood()));
  co_await until_done(scene.reactor, long_write);
  CHECK(long_write.is_ok());
  co_await transfer(scene.first(), scene.second(), "next");
}

inline Task<> case_endless_write(Scene& scene) {
  if (!scene.traits.half_close) co_return;
  CHECK(scene.second().close_write().has_value());
  Outcome end, written;
  Task<> reading = read_once(scene.first(), end);
  co_await std::move(reading);
  CHECK(end.is_eof());
  const Time deadline = scene.reactor.now() + 10s;
  CHECK(scene.first().set_write_deadline(deadline).has_value());
  scene.reactor.spawn(write_from(scene.first(), flood(), written));
  co_await sleep(scene, 1s);  // whatever the kernel takes, it has taken
  const std::uint64_t before = scene.reactor.turns();
  co_await sleep(scene, 20s);
  check_ended(written, deadline);
  CHECK(scene.reactor.turns() - before < 100);
}

inline Task<> gather_from(Conn& conn, std::span<std::string_view> parts, Outcome& outcome) {
  auto operation = conn.write_gathered(parts);
  auto count = co_await operation;
  outcome.ended = conn.reactor().now();
  outcome.taken_over = operation.taken_over();
  outcome.result.emplace(std::move(count));
}

inline Task<> case_gathered(Scene& scene) {
  const std::string bytes = random_bytes(1024 * 1024);
  for (const std::size_t count : {0UZ, 1UZ, 2UZ, 3UZ, 1023UZ, 1024UZ, 1025UZ, 3000UZ}) {
    if (count == 0 && !scene.traits.buffers) continue;
    std::vector<std::string_view> parts;
    std::string expected;
    for (std::size_t part = 0; part < count; ++part) {
      parts.push_back(std::string_view(bytes).substr(part * 100, part % 300));  // some of them empty
      expected += parts.back();
    }
    Outcome written;
    scene.reactor.spawn(gather_from(scene.first(), parts, written));
    if (!scene.traits.buffers && expected.empty()) {  // there an empty write takes one read
      Outcome read;
      Task<> reading = read_once(scene.second(), read);
      co_await std::move(reading);
    }
    auto received = co_await read_exactly(scene.second(), expected.size());
    CHECK((received == expected));
    co_await until_done(scene.reactor, written);
    REQUIRE(written.is_ok());
    CHECK(**written.result == expected.size());
  }
}

inline Task<> case_gathered_keeps_rest(Scene& scene) {
  const Time deadline = scene.reactor.now() + 1s;
  CHECK(scene.first().set_write_deadline(deadline).has_value());
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin < flood().size(); begin += 8000) {
    parts.push_back(std::string_view(flood()).substr(begin, 8000));
  }
  Outcome written;
  scene.reactor.spawn(gather_from(scene.first(), parts, written));
  auto some = co_await read_exactly(scene.second(), 12'345);
  co_await sleep(scene, 2s);
  check_ended(written, deadline);
  std::size_t left = 0;
  bool is_front = true;
  for (const std::string_view part : parts) {
    if (!part.empty()) is_front = false;
    CHECK((is_front || !part.empty()));
    left += part.size();
  }
  CHECK(left + written.taken_over == flood().size());
  CHECK(scene.first().close().has_value());
  Received rest;
  Task<> reading = read_until_failure(scene.second(), rest);
  co_await std::move(reading);
  CHECK(some.size() + rest.bytes.size() == written.taken_over);
}

inline Task<> case_addresses_after_close(Scene& scene) {
  Conn& conn = scene.first();
  const auto local = conn.local_addr();
  const auto remote = conn.remote_addr();
  const auto network = conn.network();
  if (scene.traits.direct) CHECK(scene.second().local_addr() == remote);
  if (scene.traits.direct) CHECK(scene.second().remote_addr() == local);
  CHECK(local.network() == remote.network());
  CHECK(conn.close().has_value());
  CHECK(scene.second().close().has_value());
  for (int round = 0; round < 2; ++round) {
    CHECK(conn.local_addr() == local);
    CHECK(conn.remote_addr() == remote);
    CHECK(conn.network() == network);
    CHECK_FALSE(local.text().empty());
    co_await sleep(scene, 1min);  // by the second round the descriptors are gone
  }
}

inline Task<> write_now_and_then(Scene& scene, int times, Duration pause) {
  for (int round = 0; round < times; ++round) {
    Outcome written;
    co_await sleep(scene, pause);
    Task<> writing = write_from(scene.second(), "x", written);
    co_await std::move(writing);
    CHECK(written.is_ok());
  }
}

inline Task<> case_idle_timeout(Scene& scene) {
  constexpr int times = 5;
  scene.reactor.spawn(write_now_and_then(scene, times, 600ms));
  const Time start = scene.reactor.now();
  int bytes = 0;
  Outcome read;
  while (true) {
    CHECK(scene.first().set_read_deadline(scene.reactor.now() + 1s).has_value());
    read.result.reset();
    Task<> reading = read_once(scene.first(), read);
    co_await std::move(reading);
    if (!read.is_ok()) break;
    ++bytes;
  }
  CHECK(bytes == times);
  CHECK(read.timed_out());
  CHECK(read.ended - start >= 600ms * times + 1s);
  CHECK(read.ended - start <= 600ms * times + 1s + 20ms);
}

}  // namespace test::conformance
