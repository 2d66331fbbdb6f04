// A Conn and its Context, for any kind of Conn: what is pending ends, what comes later is refused, and the connection
// survives it.
#pragma once

#include "reactord/context.hpp"
#include "scene.hpp"

namespace test::conformance {

using reactord::Context;

inline void check_cancelled(const Outcome& outcome) {
  REQUIRE(outcome.is(ErrorCode::cancelled));
  CHECK(outcome.text().ends_with("operation was canceled"));
  CHECK_FALSE(outcome.result->error().timeout());
}

inline Task<> read_and_write(Conn& conn, Outcome& read, Outcome& written) {
  Task<> reading = read_once(conn, read);
  co_await std::move(reading);
  Task<> writing = write_from(conn, "x", written);
  co_await std::move(writing);
}

inline Task<> case_context_cancels(Scene& scene) {
  Conn& conn = scene.first();
  Context context(scene.reactor);
  conn.set_context(&context);
  co_await roundtrip(scene);
  Outcome read, written;
  scene.reactor.spawn(read_once(conn, read));
  scene.reactor.spawn(write_from(conn, flood(), written));
  co_await turns(scene.reactor, 2);
  CHECK_FALSE(read.is_done());
  CHECK_FALSE(written.is_done());
  context.cancel();
  CHECK_FALSE(read.is_done());  // not from within the call: from the loop's own stack
  co_await turns(scene.reactor, 2);
  check_cancelled(read);
  check_cancelled(written);
  Outcome later_read, later_written;
  co_await read_and_write(conn, later_read, later_written);
  check_cancelled(later_read);
  check_cancelled(later_written);
  CHECK(later_written.taken_over == 0);
}

inline Task<> case_context_born_done(Scene& scene) {
  Context context(scene.reactor);
  context.cancel();
  scene.first().set_context(&context);
  Outcome read, written;
  co_await read_and_write(scene.first(), read, written);
  check_cancelled(read);
  check_cancelled(written);
}

inline Task<> case_context_order(Scene& scene) {
  Conn& conn = scene.first();
  Context context(scene.reactor);
  conn.set_context(&context);
  context.cancel();
  CHECK(conn.set_deadline(Time::past()).has_value());
  Outcome read, written;
  co_await read_and_write(conn, read, written);
  check_cancelled(read);
  check_cancelled(written);
  CHECK(conn.close().has_value());
  Outcome closed_read, closed_written;
  co_await read_and_write(conn, closed_read, closed_written);
  CHECK(closed_read.is_closed());
  CHECK(closed_written.is_closed());
}

inline Task<> case_context_revives(Scene& scene) {
  Conn& conn = scene.first();
  {
    Context context(scene.reactor);
    conn.set_context(&context);
    context.cancel();
    Outcome read, written;
    co_await read_and_write(conn, read, written);
    check_cancelled(read);
    check_cancelled(written);
    conn.set_context(nullptr);
  }
  co_await roundtrip(scene);
  Context fresh(scene.reactor);
  conn.set_context(&fresh);
  co_await roundtrip(scene);
}

inline Task<> case_context_deadline(Scene& scene) {
  Conn& conn = scene.first();
  const Time deadline = scene.reactor.now() + 3s;
  Context root(scene.reactor);
  Context context(root, deadline);
  conn.set_context(&context);
  Outcome read, written;
  scene.reactor.spawn(read_once(conn, read));
  scene.reactor.spawn(write_from(conn, flood(), written));
  co_await sleep(scene, 10s);
  check_ended(read, deadline);
  check_ended(written, deadline);
  Outcome later_read, later_written;
  co_await read_and_write(conn, later_read, later_written);
  CHECK(later_read.timed_out());
  CHECK(later_written.timed_out());
}

inline Task<> case_context_destroyed(Scene& scene) {
  Outcome read;
  {
    Context context(scene.reactor);
    scene.first().set_context(&context);
    scene.reactor.spawn(read_once(scene.first(), read));
    co_await turns(scene.reactor, 2);
    CHECK_FALSE(read.is_done());
  }
  co_await turns(scene.reactor, 2);
  check_cancelled(read);
}

inline Task<> case_context_tree(Scene& scene) {
  Context root(scene.reactor);
  Context branch(root, Time::never());
  scene.first().set_context(&branch);
  scene.second().set_context(&root);
  Outcome read, other;
  scene.reactor.spawn(read_once(scene.first(), read));
  scene.reactor.spawn(read_once(scene.second(), other));
  co_await turns(scene.reactor, 2);
  branch.cancel();
  co_await turns(scene.reactor, 2);
  check_cancelled(read);
  CHECK_FALSE(other.is_done());
  root.cancel();
  co_await turns(scene.reactor, 2);
  check_cancelled(other);
}

inline Task<> case_context_keeps_data(Scene& scene) {
  Outcome written;
  scene.reactor.spawn(write_from(scene.second(), "data", written));
  co_await arrival(scene, scene.first(), 4);
  Context context(scene.reactor);
  scene.first().set_context(&context);
  context.cancel();
  Outcome read;
  Task<> reading = read_once(scene.first(), read);
  co_await std::move(reading);
  check_cancelled(read);
  scene.first().set_context(nullptr);
  auto data = co_await read_exactly(scene.first(), 4);
  CHECK(data == "data");
  co_await until_done(scene.reactor, written);
}

}  // namespace test::conformance
