// The scene of every conformance case: a Reactor on a virtual clock with connected pairs of Conns of one kind, and the
// small tasks that the cases are made of.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactord/conn.hpp"
#include "reactord/pipe.hpp"
#include "reactord/reactor.hpp"
#include "running.hpp"

namespace test::conformance {

using reactord::Conn;
using reactord::Duration;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using namespace std::chrono_literals;

// What the kinds differ in; a Kind has a static constexpr member of each name, but for those with a default.
struct Traits {
  bool buffers;        // a write succeeds without a reader
  bool half_close;     // one direction can be ended alone
  bool resets;         // abort() with input unread breaks the connection off
  bool in_memory;      // no kernel between the two: closed_pipe in place of closed
  bool direct = true;  // each end names the other, and is told at once of what the other does
};

struct Scene {
  DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  Reactor reactor{clock};
  Traits traits;
  std::vector<reactord::ConnPair> pairs;

  explicit Scene(Traits of) : traits(of) {}
  Conn& first() { return pairs.front().first; }
  Conn& second() { return pairs.front().second; }
};

// The end of an operation, and when it came.
struct Outcome {
  std::optional<Result<std::size_t>> result;
  std::size_t taken_over = 0;  // of a write, also of one that failed
  Time ended;

  bool is_done() const { return result.has_value(); }
  bool is_ok() const { return result && result->has_value(); }
  bool has_failed() const { return result && !result->has_value(); }
  bool timed_out() const { return has_failed() && result->error().timeout(); }
  bool is_closed() const { return has_failed() && result->error().is_closed(); }
  bool is_eof() const { return has_failed() && result->error().is_eof(); }
  bool is(ErrorCode code) const { return has_failed() && result->error() == code; }
  std::string text() const { return has_failed() ? result->error().text() : std::string("no error"); }
};

inline const std::string& flood() {  // more than any two kernel buffers hold
  static const std::string bytes(8 * 1024 * 1024, 'w');
  return bytes;
}

inline std::string random_bytes(std::size_t count) {
  std::minstd_rand random(7);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return bytes;
}

inline Task<> read_into(Conn& conn, std::span<char> room, Outcome& outcome) {
  auto count = co_await conn.read(room);
  outcome.ended = conn.reactor().now();
  outcome.result.emplace(std::move(count));
}

inline Task<> read_once(Conn& conn, Outcome& outcome) {
  std::array<char, 1024> room{};
  auto count = co_await conn.read(room);
  outcome.ended = conn.reactor().now();
  outcome.result.emplace(std::move(count));
}

inline Task<> write_from(Conn& conn, std::string_view bytes, Outcome& outcome) {
  auto operation = conn.write(bytes);
  auto count = co_await operation;
  outcome.ended = conn.reactor().now();
  outcome.taken_over = operation.taken_over();
  outcome.result.emplace(std::move(count));
}

// Fewer than `count` bytes if the stream ends or the read fails.
inline Task<std::string> read_exactly(Conn& conn, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    auto more = co_await conn.read(std::span(bytes).subspan(have));
    if (!more) break;
    have += *more;
  }
  bytes.resize(have);
  co_return bytes;
}

struct Received {
  std::string bytes;
  Outcome outcome;  // why it came to an end
};

// Into `received`, until a read fails.
inline Task<> read_until_failure(Conn& conn, Received& received, std::size_t chunk = 64 * 1024) {
  std::string room(chunk, '\0');
  while (true) {
    auto more = co_await conn.read(std::span(room));
    if (more) {
      received.bytes.append(room, 0, *more);
      continue;
    }
    received.outcome.ended = conn.reactor().now();
    received.outcome.result.emplace(std::move(more));
    break;
  }
}

// Time does not move meanwhile.
inline Task<> until_done(Reactor& reactor, const Outcome& outcome) {
  while (!outcome.is_done()) co_await reactor.next_turn();
}

inline Task<> turns(Reactor& reactor, int count) {
  for (int turn = 0; turn < count; ++turn) co_await reactor.next_turn();
}

// Until `conn` could read `count` bytes. A kind in memory has no way to go.
inline Task<> arrival(Scene& scene, Conn& conn, std::size_t count) {
  co_await turns(scene.reactor, 3);
  while (!scene.traits.in_memory && conn.unread() < count) co_await scene.reactor.next_turn();
}

inline Task<> transfer(Conn& from, Conn& to, std::string_view bytes) {
  Outcome written;
  from.reactor().spawn(write_from(from, bytes, written));
  auto read = co_await read_exactly(to, bytes.size());
  CHECK((read == bytes));
  co_await until_done(from.reactor(), written);
  CHECK(written.is_ok());
  CHECK(written.taken_over == bytes.size());
}

inline Task<> roundtrip(Scene& scene) {
  co_await transfer(scene.first(), scene.second(), "there");
  co_await transfer(scene.second(), scene.first(), "and back");
}

// Reads and forgets whatever earlier writes have left on the way to `to`.
inline Task<> resynchronise(Conn& from, Conn& to) {
  static constexpr std::string_view mark = "\x01 now in step \x02";
  CHECK(from.set_deadline(Time::never()).has_value());
  CHECK(to.set_deadline(Time::never()).has_value());
  Outcome written;
  from.reactor().spawn(write_from(from, mark, written));
  std::string tail, room(64 * 1024, '\0');
  while (!tail.ends_with(mark)) {
    auto more = co_await to.read(std::span(room));
    REQUIRE(more.has_value());
    tail.append(room, 0, *more);
    if (tail.size() > mark.size()) tail.erase(0, tail.size() - mark.size());
  }
  co_await until_done(from.reactor(), written);
  CHECK(written.is_ok());
}

inline void check_ended(const Outcome& outcome, Time deadline) {
  REQUIRE(outcome.timed_out());
  CHECK(outcome.ended >= deadline);
  CHECK(outcome.ended - deadline <= 1ms);
}

inline Task<> sleep(Scene& scene, Duration duration) {
  auto slept = co_await scene.reactor.sleep(duration);
  CHECK(slept.has_value());
}

// Moves the clock by `step` in every turn, for cases that keep the loop too busy to let it move by itself.
inline Task<> tick(Scene& scene, Duration step, const bool& enough) {
  while (!enough) {
    scene.clock.advance(step);
    co_await scene.reactor.next_turn();
  }
}

inline constexpr std::array<Duration, 19> durations{1ns,   2ns,   5ns,   50ns,  100ns, 1us,  5us,
                                                    25us,  50us,  500us, 1ms,   5ms,   25ms, 50ms,
                                                    100ms, 250ms, 500ms, 750ms, 1s};

}  // namespace test::conformance
