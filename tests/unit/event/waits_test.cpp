// The suite of waits: what wait.hpp says of every wait, once for every primitive, on a virtual clock.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "conformance/running.hpp"
#include "unit/event/wait_kinds.hpp"

using reactord::Context;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using reactord::WaitLimit;
using test::waits::Kind;
using test::waits::Waited;
using namespace std::chrono_literals;

namespace {

// The end of a wait, and when it came.
struct Outcome {
  std::optional<Result<void>> result;
  Time ended;
  std::uint64_t turn = 0;
  int place = 0;  // first, second ... of a Scene to end

  bool is_done() const { return result.has_value(); }
  bool is_ok() const { return result && result->has_value(); }
  bool is(ErrorCode code) const { return result && !*result && result->error() == code; }
};

struct Scene {
  explicit Scene(const Kind& of) : kind(of), waited(of.make(reactor)) {}

  void wait(Outcome& outcome, WaitLimit limit = {}) { reactor.spawn(wait_once(*this, outcome, limit)); }

  static Task<> wait_once(Scene& scene, Outcome& outcome, WaitLimit limit) {
    auto result = co_await scene.waited->wait(limit);
    outcome.ended = scene.reactor.now();
    outcome.turn = scene.reactor.turns();
    outcome.place = ++scene.ended;
    outcome.result.emplace(std::move(result));
  }

  test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor{clock};
  const Kind& kind;
  int ended = 0;
  std::unique_ptr<Waited> waited;
};

// After so many turns every task has done what it can do, however deep it is in others.
constexpr int settled = 6;

Task<> turns(Scene& scene, int count) {
  for (int turn = 0; turn < count; ++turn) co_await scene.reactor.next_turn();
}

Task<> cancelled_before(Scene& scene) {
  Context root(scene.reactor);
  Context context(root, Time::never());
  context.cancel();
  Outcome outcome, after;
  const std::uint64_t turn = scene.reactor.turns();
  co_await Scene::wait_once(scene, outcome, context);
  CHECK(outcome.is(ErrorCode::cancelled));
  CHECK(scene.reactor.turns() == turn);
  scene.waited->give();
  Outcome refused;
  co_await Scene::wait_once(scene, refused, context);
  CHECK(refused.is(ErrorCode::cancelled));  // also where something is there: it stays for the next
  co_await Scene::wait_once(scene, after, root);
  CHECK(after.is_ok());
}

Task<> late_before(Scene& scene) {
  Outcome past, now, after;
  const std::uint64_t turn = scene.reactor.turns();
  co_await Scene::wait_once(scene, past, Time::past());
  co_await Scene::wait_once(scene, now, scene.reactor.now());
  CHECK(past.is(ErrorCode::deadline_exceeded));
  CHECK(now.is(ErrorCode::deadline_exceeded));
  CHECK(scene.reactor.turns() == turn);
  scene.waited->give();
  Outcome refused;
  co_await Scene::wait_once(scene, refused, Time::past());
  CHECK(refused.is(ErrorCode::deadline_exceeded));
  co_await Scene::wait_once(scene, after, {});
  CHECK(after.is_ok());
}

Task<> cancelled_meanwhile(Scene& scene) {
  Context root(scene.reactor);
  Context context(root, Time::never());
  Outcome cancelled, after;
  scene.wait(cancelled, context);
  co_await turns(scene, settled);
  CHECK_FALSE(cancelled.is_done());
  context.cancel();
  CHECK_FALSE(cancelled.is_done());  // not from within cancel()
  co_await turns(scene, settled);
  CHECK(cancelled.is(ErrorCode::cancelled));
  scene.waited->give();
  co_await Scene::wait_once(scene, after, {});
  CHECK(after.is_ok());
}

Task<> context_goes(Scene& scene) {
  Outcome outcome;
  {
    Context context(scene.reactor);
    scene.wait(outcome, context);
    co_await turns(scene, settled);
  }
  co_await turns(scene, settled);
  CHECK(outcome.is(ErrorCode::cancelled));
}

Task<> deadline(Scene& scene) {
  Outcome outcome, after;
  const Time due = scene.reactor.now() + 1500ms;
  co_await Scene::wait_once(scene, outcome, due);
  CHECK(outcome.is(ErrorCode::deadline_exceeded));
  CHECK(outcome.ended >= due);
  CHECK(outcome.ended - due <= 1ms);
  CHECK(scene.reactor.timers().size() == 0);
  scene.waited->give();
  co_await Scene::wait_once(scene, after, {});
  CHECK(after.is_ok());
}

Task<> context_deadline(Scene& scene) {
  Context root(scene.reactor);
  const Time due = scene.reactor.now() + 2s;
  Context parent(root, due);
  Context context(parent, Time::never());
  Outcome outcome;
  co_await Scene::wait_once(scene, outcome, context);
  CHECK(outcome.is(ErrorCode::deadline_exceeded));
  CHECK(outcome.ended >= due);
  CHECK(outcome.ended - due <= 1ms);
}

Task<> parent_cancelled(Scene& scene) {
  Context root(scene.reactor);
  Context parent(root, Time::never());
  Context context(parent, scene.reactor.now() + 1h);
  Outcome outcome;
  scene.wait(outcome, context);
  co_await turns(scene, settled);
  parent.cancel();
  co_await turns(scene, settled);
  CHECK(outcome.is(ErrorCode::cancelled));
  CHECK(scene.reactor.timers().size() == 0);
}

Task<> given_meanwhile(Scene& scene) {
  Context context(scene.reactor);
  Outcome outcome;
  const Time due = scene.reactor.now() + 1h;
  scene.wait(outcome, due);
  co_await turns(scene, settled);
  scene.waited->give();
  CHECK_FALSE(outcome.is_done());  // not from within the call
  co_await turns(scene, settled);
  CHECK(outcome.is_ok());
  CHECK(outcome.ended < due);
  CHECK(scene.reactor.timers().size() == 0);
}

// What was given first is kept; the task's Context is done before the loop has resumed it.
Task<> given_and_cancelled(Scene& scene) {
  if (!scene.kind.gives_at_once) co_return;
  Context context(scene.reactor);
  Outcome outcome;
  scene.wait(outcome, context);
  co_await turns(scene, settled);
  scene.waited->give();
  context.cancel();
  co_await turns(scene, settled);
  CHECK(outcome.is_ok());
}

Task<> cancelled_and_given(Scene& scene) {
  Context context(scene.reactor);
  Outcome cancelled, next;
  scene.wait(cancelled, context);
  scene.wait(next);
  co_await turns(scene, settled);
  context.cancel();
  scene.waited->give();
  co_await turns(scene, settled);
  CHECK(cancelled.is(ErrorCode::cancelled));
  CHECK(next.is_ok());
}

Task<> in_order(Scene& scene) {
  constexpr int count = 4;
  Outcome outcomes[count];
  for (Outcome& outcome : outcomes) scene.wait(outcome);
  co_await turns(scene, settled);
  for (int given = 1; given <= count; ++given) {
    scene.waited->give();
    co_await turns(scene, settled);
    CHECK(scene.ended == (scene.kind.gives_to_all ? count : given));
  }
  for (int index = 0; index < count; ++index) {
    CHECK(outcomes[index].is_ok());
    CHECK(outcomes[index].place == index + 1);
  }
}

// First, in the middle, last: each leaves, and the others are as they were.
Task<> leaves_the_queue(Scene& scene) {
  constexpr int count = 5;
  Context contexts[count] = {Context(scene.reactor), Context(scene.reactor), Context(scene.reactor),
                             Context(scene.reactor), Context(scene.reactor)};
  Outcome outcomes[count];
  for (int index = 0; index < count; ++index) scene.wait(outcomes[index], contexts[index]);
  co_await turns(scene, settled);
  for (const int index : {2, 0, 4}) contexts[index].cancel();
  for (int given = 0; given < 2; ++given) {
    scene.waited->give();
    co_await turns(scene, settled);
  }
  for (const int index : {2, 0, 4}) CHECK(outcomes[index].is(ErrorCode::cancelled));
  CHECK(outcomes[1].is_ok());
  CHECK(outcomes[3].is_ok());
  CHECK(outcomes[1].place < outcomes[3].place);
}

Task<> nested(Scene& scene) {
  Context context(scene.reactor);
  Outcome given, cancelled;
  const auto inner = [](Scene& of, Outcome& outcome, WaitLimit limit) -> Task<> {
    co_await Scene::wait_once(of, outcome, limit);
  };
  scene.reactor.spawn(inner(scene, given, {}));
  co_await turns(scene, settled);
  scene.reactor.spawn(inner(scene, cancelled, context));
  co_await turns(scene, settled);
  context.cancel();
  scene.waited->give();
  co_await turns(scene, settled);
  CHECK(given.is_ok());
  CHECK(cancelled.is(ErrorCode::cancelled));
}

Task<> primitive_goes(Scene& scene) {
  Outcome first, second;
  Context context(scene.reactor);
  scene.wait(first, context);
  scene.wait(second, scene.reactor.now() + 1h);
  co_await turns(scene, settled);
  scene.waited.reset();
  CHECK_FALSE(first.is_done());
  if (scene.kind.gives_at_once) context.cancel();  // too late: the wait has ended
  co_await turns(scene, settled);
  CHECK(first.is(ErrorCode::closed));
  CHECK(second.is(ErrorCode::closed));
  CHECK(first.result->error().text().find("network connection") == std::string::npos);
  CHECK(scene.reactor.timers().size() == 0);
}

Task<> shutdown_within(Scene& scene, Outcome& pending, Outcome& begun) {
  scene.wait(pending);
  co_await turns(scene, settled);
  scene.reactor.shutdown();
  co_await Scene::wait_once(scene, begun, scene.reactor.now() + 1h);  // a new one fails too
}

Task<> stop_later(Scene& scene) {
  co_await turns(scene, settled);
  scene.reactor.stop();
}

struct Case {
  const char* name;
  Task<> (*body)(Scene& scene);
};

constexpr Case cases[] = {
    {"a Context that is done fails it at once, and it takes nothing", cancelled_before},
    {"a deadline that is past fails it at once, and it takes nothing", late_before},
    {"cancelled while it waits", cancelled_meanwhile},
    {"its Context goes while it waits", context_goes},
    {"its deadline ends it, never early, and leaves no timer", deadline},
    {"the deadline of its Context's parent ends it", context_deadline},
    {"the parent of its Context is cancelled", parent_cancelled},
    {"given while it waits: resumed by the loop, and no timer is left", given_meanwhile},
    {"given, then cancelled in the same turn: it was given", given_and_cancelled},
    {"cancelled, then given in the same turn: the next has it", cancelled_and_given},
    {"first come, first served", in_order},
    {"those that are cancelled leave the queue, the others are served in order", leaves_the_queue},
    {"in a task that is awaited by another", nested},
    {"what it waits for goes", primitive_goes},
};

void each_kind(void (*check)(const Kind& kind)) {
  for (const Kind& kind : test::waits::kinds()) {
    CAPTURE(std::string(kind.name));
    check(kind);
  }
}

}  // namespace

TEST_CASE("every wait: the suite of wait.hpp") {
  for (const Case& one : cases) {
    CAPTURE(std::string(one.name));
    for (const Kind& kind : test::waits::kinds()) {
      CAPTURE(std::string(kind.name));
      Scene scene(kind);
      test::run(scene.reactor, one.body(scene));
    }
  }
}

TEST_CASE("every wait: a shutdown between turns fails it, and its task ends") {
  each_kind([](const Kind& kind) {
    Outcome plain, in_context, until;
    {
      Scene scene(kind);
      Context context(scene.reactor);
      scene.wait(plain);
      scene.wait(in_context, context);
      scene.wait(until, scene.reactor.now() + 1h);
      scene.reactor.spawn(stop_later(scene));
      REQUIRE(scene.reactor.run().has_value());
      CHECK(scene.ended == 0);
      scene.reactor.shutdown();
      CHECK(scene.reactor.live_tasks() == 0);
      CHECK(scene.reactor.timers().size() == 0);
    }
    for (const Outcome* outcome : {&plain, &in_context, &until}) CHECK(outcome->is(ErrorCode::cancelled));
  });
}

TEST_CASE("every wait: a shutdown from within a turn fails it, and what is begun after it") {
  each_kind([](const Kind& kind) {
    Scene scene(kind);
    Outcome pending, begun;
    test::run(scene.reactor, shutdown_within(scene, pending, begun));
    CHECK(pending.is(ErrorCode::cancelled));
    CHECK(begun.is(ErrorCode::cancelled));
    CHECK(scene.reactor.timers().size() == 0);
  });
}

TEST_CASE("every wait: what waits when primitive and Reactor go, in this order, ends as closed") {
  each_kind([](const Kind& kind) {
    Outcome outcome;
    {
      VirtualClock clock;
      Reactor reactor(clock);
      const std::unique_ptr<Waited> waited = kind.make(reactor);
      reactor.spawn([&reactor, &outcome, &waited = *waited]() -> Task<> {
        auto result = co_await waited.wait({});
        outcome.ended = reactor.now();
        outcome.result.emplace(std::move(result));
      });
      reactor.spawn([&reactor]() -> Task<> {
        for (int turn = 0; turn < 3; ++turn) co_await reactor.next_turn();
        reactor.stop();
      });
      REQUIRE(reactor.run().has_value());
      CHECK_FALSE(outcome.is_done());
    }
    CHECK(outcome.is(ErrorCode::closed));
  });
}
