// Deadlines in depth, for any kind of Conn: never early, at most one tick late, movable, and harmless to the data.
#pragma once

#include "scene.hpp"

namespace test::conformance {

inline Task<> case_data_outlives_deadline(Scene& scene) {
  Outcome written;
  scene.reactor.spawn(write_from(scene.first(), "data", written));
  co_await arrival(scene, scene.second(), 4);
  CHECK(scene.second().set_read_deadline(scene.reactor.now() + Duration(-5s)).has_value());
  for (int round = 0; round < 2; ++round) {
    Outcome read;
    Task<> reading = read_once(scene.second(), read);
    co_await std::move(reading);
    CHECK(read.timed_out());
  }
  const Time deadline = scene.reactor.now() + 50ms;
  CHECK(scene.second().set_read_deadline(deadline).has_value());
  Received received;
  Task<> reading = read_until_failure(scene.second(), received);
  co_await std::move(reading);
  CHECK(received.bytes == "data");
  check_ended(received.outcome, deadline);
  CHECK(written.is_ok());
}

inline Task<> case_read_must_not_return(Scene& scene) {
  Conn& conn = scene.first();
  CHECK(conn.set_deadline(scene.reactor.now() + Duration(-5s)).has_value());
  CHECK(conn.set_write_deadline(scene.reactor.now() + Duration(-5s)).has_value());
  CHECK(conn.set_read_deadline(Time::never()).has_value());
  Outcome read;
  scene.reactor.spawn(read_once(conn, read));
  co_await sleep(scene, 100ms);
  CHECK_FALSE(read.is_done());
  CHECK(conn.close().has_value());
  co_await until_done(scene.reactor, read);
  REQUIRE(read.is_closed());
  CHECK_FALSE(read.result->error().timeout());
  CHECK_FALSE(read.result->error().temporary());
}

inline Task<> case_write_deadline(Scene& scene) {
  Conn& conn = scene.first();
  CHECK(conn.set_write_deadline(scene.reactor.now() + Duration(-5s)).has_value());
  for (int round = 0; round < 2; ++round) {
    Outcome refused;
    Task<> writing = write_from(conn, "x", refused);
    co_await std::move(writing);
    CHECK(refused.timed_out());
    CHECK(refused.taken_over == 0);
  }
  const Time deadline = scene.reactor.now() + 10ms;
  CHECK(conn.set_write_deadline(deadline).has_value());
  const std::string chunk(1024, 'c');
  std::size_t total = 0, successes = 0;
  Outcome written;
  while (true) {
    written.result.reset();
    Task<> writing = write_from(conn, chunk, written);
    co_await std::move(writing);
    total += written.taken_over;
    if (!written.is_ok()) break;
    ++successes;
  }
  check_ended(written, deadline);
  if (scene.traits.buffers) CHECK(successes > 0);
  CHECK(conn.close().has_value());
  Received received;
  Task<> reading = read_until_failure(scene.second(), received);
  co_await std::move(reading);
  CHECK(received.outcome.is_eof());
  CHECK(received.bytes.size() == total);
}

inline Task<> case_write_must_not_return(Scene& scene) {
  Conn& conn = scene.first();
  CHECK(conn.set_deadline(scene.reactor.now() + Duration(-5s)).has_value());
  CHECK(conn.set_read_deadline(scene.reactor.now() + Duration(-5s)).has_value());
  CHECK(conn.set_write_deadline(Time::never()).has_value());
  Outcome written;
  scene.reactor.spawn(write_from(conn, flood(), written));
  co_await sleep(scene, 100ms);
  CHECK_FALSE(written.is_done());
  CHECK(conn.close().has_value());
  co_await until_done(scene.reactor, written);
  REQUIRE(written.is_closed());
  CHECK_FALSE(written.result->error().timeout());
  CHECK_FALSE(written.result->error().temporary());
}

inline Task<> case_read_fluctuation(Scene& scene) {
  for (const Duration wait : durations) {
    const Time deadline = scene.reactor.now() + wait;
    CHECK(scene.first().set_read_deadline(deadline).has_value());
    Outcome read;
    Task<> reading = read_once(scene.first(), read);
    co_await std::move(reading);
    check_ended(read, deadline);
    co_await sleep(scene, 333us);  // so that the next begins elsewhere within a tick
  }
  CHECK(scene.first().set_read_deadline(Time::never()).has_value());
  co_await roundtrip(scene);
}

inline Task<> case_write_fluctuation(Scene& scene) {
  std::size_t total = 0;
  for (const Duration wait : durations) {
    const Time deadline = scene.reactor.now() + wait;
    CHECK(scene.first().set_write_deadline(deadline).has_value());
    Outcome written;
    Task<> writing = write_from(scene.first(), flood(), written);
    co_await std::move(writing);
    check_ended(written, deadline);
    total += written.taken_over;
    scene.clock.advance(333us);
    co_await scene.reactor.next_turn();
  }
  CHECK(scene.first().close().has_value());
  Received received;
  Task<> reading = read_until_failure(scene.second(), received);
  co_await std::move(reading);
  CHECK(received.outcome.is_eof());
  CHECK(received.bytes.size() == total);
}

inline Task<> flood_until_failure(Conn& conn, bool& ended) {
  while (true) {
    auto written = co_await conn.write(flood());
    if (!written) break;
  }
  ended = true;
}

inline Task<> case_various_deadlines(Scene& scene) {
  bool ended = false;
  scene.reactor.spawn(flood_until_failure(scene.second(), ended));
  std::string room(64 * 1024, '\0');
  for (const Duration wait : durations) {
    for (int round = 0; round < 3; ++round) {
      bool enough = false;
      scene.reactor.spawn(tick(scene, wait / 4 + 1ns, enough));
      const Time deadline = scene.reactor.now() + wait;
      CHECK(scene.first().set_deadline(deadline).has_value());
      while (true) {
        auto more = co_await scene.first().read(std::span(room));
        if (more) continue;
        CHECK(more.error() == ErrorCode::deadline_exceeded);
        break;
      }
      CHECK(scene.reactor.now() >= deadline);
      enough = true;
      co_await turns(scene.reactor, 2);
    }
  }
  CHECK(scene.second().set_write_deadline(Time::past()).has_value());
  const auto has_ended = [&] { return ended; };
  co_await test::until(scene.reactor, has_ended);
}

inline Task<> case_prolonged(Scene& scene) {
  for (int round = 0; round < 1000; ++round) {
    const Time deadline = scene.reactor.now() + 1h;
    CHECK(scene.first().set_write_deadline(deadline).has_value());
    CHECK(scene.second().set_read_deadline(deadline).has_value());
    co_await transfer(scene.first(), scene.second(), "x");
    scene.clock.advance(45min);
    co_await scene.reactor.next_turn();
  }
}

inline Task<> case_deadline_race(Scene& scene) {
  Outcome written, read;
  std::size_t sent = 0, received = 0;
  std::array<char, 1> byte{};
  for (int round = 0; round < 1000; ++round) {
    for (Conn* conn : {&scene.first(), &scene.second()}) {
      CHECK(conn->set_deadline(scene.reactor.now() + 2us).has_value());
    }
    written.result.reset();
    read.result.reset();
    scene.reactor.spawn(write_from(scene.first(), "x", written));
    scene.reactor.spawn(read_into(scene.second(), byte, read));
    scene.clock.advance(std::chrono::microseconds(round % 4));
    co_await sleep(scene, 2ms);
    REQUIRE(written.is_done());
    REQUIRE(read.is_done());
    sent += written.taken_over;
    CHECK((read.is_ok() || read.timed_out()));
    if (read.is_ok()) ++received;
  }
  CHECK(sent >= received);
  co_await resynchronise(scene.first(), scene.second());
  co_await roundtrip(scene);
}

inline Task<> case_earlier_and_earlier(Scene& scene) {
  const Time start = scene.reactor.now();
  std::vector<Outcome> outcomes(scene.pairs.size());
  for (std::size_t pair = 0; pair < outcomes.size(); ++pair) {
    scene.reactor.spawn(read_once(scene.pairs[pair].first, outcomes[pair]));
  }
  co_await turns(scene.reactor, 2);
  for (int round = 100; round > 0; --round) {
    for (std::size_t pair = 0; pair < outcomes.size(); ++pair) {
      const Time deadline = start + 1min * round + 1s * static_cast<long>(pair);
      CHECK(scene.pairs[pair].first.set_read_deadline(deadline).has_value());
    }
    CHECK(scene.reactor.timers().check());
    CHECK(scene.reactor.timers().size() == outcomes.size());
  }
  co_await sleep(scene, 1h);
  for (std::size_t pair = 0; pair < outcomes.size(); ++pair) {
    check_ended(outcomes[pair], start + 1min + 1s * static_cast<long>(pair));
  }
}

inline Task<> case_unblocks_read(Scene& scene) {
  Outcome read;
  scene.reactor.spawn(read_once(scene.first(), read));
  co_await turns(scene.reactor, 2);
  CHECK(scene.first().set_read_deadline(Time::past()).has_value());
  CHECK_FALSE(read.is_done());  // not from within the call: from the loop's own stack
  co_await turns(scene.reactor, 2);
  CHECK(read.timed_out());
}

inline Task<> case_independent(Scene& scene) {
  Conn& conn = scene.first();
  for (const bool equal : {false, true}) {
    const Time start = scene.reactor.now();
    Outcome read, written;
    if (equal) {
      CHECK(conn.set_deadline(start + 7s).has_value());
    } else {
      CHECK(conn.set_read_deadline(start + 20s).has_value());
      CHECK(conn.set_write_deadline(start + 7s).has_value());
    }
    scene.reactor.spawn(read_once(conn, read));
    scene.reactor.spawn(write_from(conn, flood(), written));
    co_await sleep(scene, 1s);
    if (equal) CHECK(conn.set_read_deadline(start + 20s).has_value());
    co_await sleep(scene, 1min);
    check_ended(written, start + 7s);
    check_ended(read, start + 20s);
    CHECK(conn.set_deadline(start + 2min).has_value());
    Outcome both_read, both_written;
    scene.reactor.spawn(read_once(conn, both_read));
    scene.reactor.spawn(write_from(conn, flood(), both_written));
    co_await sleep(scene, 5min);
    check_ended(both_read, start + 2min);
    check_ended(both_written, start + 2min);
  }
}

inline Task<> case_now_is_past(Scene& scene) {
  CHECK(scene.first().set_deadline(scene.reactor.now()).has_value());
  Outcome read, written;
  scene.reactor.spawn(read_once(scene.first(), read));
  scene.reactor.spawn(write_from(scene.first(), "x", written));
  co_await turns(scene.reactor, 2);
  CHECK(read.timed_out());
  CHECK(written.timed_out());
}

inline Task<> case_far_future(Scene& scene) {
  for (const Time far : {scene.reactor.now() + Duration::max(), Time::never() + Duration(-1)}) {
    CHECK(scene.first().set_deadline(far).has_value());
    Outcome read;
    scene.reactor.spawn(read_once(scene.first(), read));
    co_await sleep(scene, 24h * 365 * 10);
    CHECK_FALSE(read.is_done());
    Outcome written;
    scene.reactor.spawn(write_from(scene.second(), "x", written));
    co_await until_done(scene.reactor, read);
    co_await until_done(scene.reactor, written);
    CHECK(read.is_ok());
    CHECK(written.is_ok());
  }
}

inline Task<> case_stale_timer(Scene& scene) {
  const Time start = scene.reactor.now();
  CHECK(scene.first().set_read_deadline(start + 10ms).has_value());
  Outcome read, written, second_read;
  scene.reactor.spawn(read_once(scene.first(), read));
  scene.reactor.spawn(write_from(scene.second(), "x", written));
  co_await until_done(scene.reactor, read);
  co_await until_done(scene.reactor, written);
  CHECK(read.is_ok());
  CHECK(scene.first().set_read_deadline(start + 1s).has_value());
  scene.reactor.spawn(read_once(scene.first(), second_read));
  co_await sleep(scene, 500ms);
  CHECK_FALSE(second_read.is_done());
  co_await sleep(scene, 1s);
  check_ended(second_read, start + 1s);
}

inline Task<> case_closed_beats_timeout(Scene& scene) {
  CHECK(scene.first().set_deadline(Time::past()).has_value());
  CHECK(scene.first().close().has_value());
  Outcome read, written;
  Task<> reading = read_once(scene.first(), read);
  co_await std::move(reading);
  Task<> writing = write_from(scene.first(), "x", written);
  co_await std::move(writing);
  CHECK(read.is_closed());
  CHECK(written.is_closed());
}

inline Task<> case_revives(Scene& scene) {
  for (int round = 0; round < 3; ++round) {
    const Time deadline = scene.reactor.now() + 10ms;
    CHECK(scene.first().set_deadline(deadline).has_value());
    Outcome read;
    Task<> reading = read_once(scene.first(), read);
    co_await std::move(reading);
    check_ended(read, deadline);
    CHECK(scene.first().set_deadline(scene.reactor.now() + 1h).has_value());
    co_await roundtrip(scene);
  }
}

inline Task<> case_set_on_closed(Scene& scene) {
  Conn& conn = scene.first();
  const std::string expected = std::string("set ") + reactord::to_string(conn.network()) + ' ' +
                               conn.local_addr().text() + ": use of closed network connection";
  CHECK(conn.close().has_value());
  for (auto set : {&Conn::set_deadline, &Conn::set_read_deadline, &Conn::set_write_deadline}) {
    auto refused = (conn.*set)(scene.reactor.now() + 1h);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().is_closed());
    CHECK_FALSE(refused.error().timeout());
    if (!scene.traits.in_memory) CHECK(refused.error().text() == expected);
  }
  co_return;
}

inline Task<> case_partial_write(Scene& scene) {
  const Time deadline = scene.reactor.now() + 10ms;
  CHECK(scene.first().set_write_deadline(deadline).has_value());
  Outcome written;
  scene.reactor.spawn(write_from(scene.first(), flood(), written));
  auto some = co_await read_exactly(scene.second(), 3);
  CHECK(some == "www");
  co_await sleep(scene, 1s);
  check_ended(written, deadline);
  CHECK(written.taken_over >= some.size());
  CHECK(written.taken_over < flood().size());
  CHECK(scene.first().close().has_value());
  Received rest;
  Task<> reading = read_until_failure(scene.second(), rest);
  co_await std::move(reading);
  CHECK(rest.outcome.is_eof());
  CHECK(some.size() + rest.bytes.size() == written.taken_over);
}

}  // namespace test::conformance
