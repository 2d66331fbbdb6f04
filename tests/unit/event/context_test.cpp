// Context: who is done when, and what runs after it. The numbers are those of docs/semantics.md.
#include "reactord/context.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/loopback.hpp"

using reactord::AfterFunction;
using reactord::Context;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using test::Stage;
using namespace std::chrono_literals;

namespace {

constexpr Time never = Time::never();

struct Slept {
  std::optional<Result<void>> result;
  Time ended;
};

Task<> sleep_in(Context& context, Time until, Slept& slept) {
  auto result = co_await context.sleep_until(until);
  slept.result.emplace(std::move(result));
  slept.ended = context.reactor().now();
}

// Waits for the end of a context that may be gone by then.
Task<> wait_for_end(Reactor& reactor, Context& context, Slept& slept) {
  auto result = co_await context.done();
  slept.result.emplace(std::move(result));
  slept.ended = reactor.now();
}

Task<> sleep(Reactor& reactor, reactord::Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

bool ended_with(const Slept& slept, ErrorCode code) {
  return slept.result && !*slept.result && slept.result->error() == code;
}

}  // namespace

TEST_CASE("[119] a root is never done by itself, and has no deadline") {
  Stage stage;
  const Context root(stage.reactor);
  stage.run(sleep(stage.reactor, 365 * 24h));
  CHECK_FALSE(root.is_done());
  CHECK_FALSE(root.error().has_value());
  CHECK_FALSE(root.cause().has_value());
  CHECK(root.deadline().is_never());
}

TEST_CASE("[120] cancel reaches every descendant before it returns, and nobody else") {
  Stage stage;
  Context root(stage.reactor), branch(root, never), leaf(branch, never), deep(leaf, never),
      sibling(root, never);
  branch.cancel();
  for (const Context* context : {&branch, &leaf, &deep}) {
    CHECK(context->is_done());
    CHECK(context->error()->is_cancelled());
    CHECK(context->error()->text() == "context canceled");
  }
  CHECK_FALSE(root.is_done());
  CHECK_FALSE(sibling.is_done());
}

TEST_CASE("[121] a child that was cancelled, or let go, leaves its parent as it was") {
  Stage stage;
  Context parent(stage.reactor);
  for (int round = 0; round < 1000; ++round) {
    Context cancelled(parent, never);
    const Context let_go(parent, never);
    cancelled.cancel();
  }
  CHECK_FALSE(parent.is_done());
  parent.cancel();  // would meet a child that is gone
  CHECK(parent.is_done());
}

TEST_CASE("[122] born of one that is done, a context is done, for the same reason") {
  Stage stage;
  Context cancelled(stage.reactor);
  cancelled.cancel(Error::invalid("the reason"));
  Context child(cancelled, never);
  const Context grandchild(child, never);
  CHECK(grandchild.error()->is_cancelled());
  CHECK(grandchild.cause()->text() == "the reason");
  Context root(stage.reactor);
  Context late(root, Time::past());
  const Context later(late, never);
  CHECK(later.error()->code() == ErrorCode::deadline_exceeded);
}

TEST_CASE("[123] a deadline in the past or now is done at once; a child's can't extend its parent's") {
  Stage stage;
  Context root(stage.reactor);
  for (const Time past : {Time::past(), stage.reactor.now()}) {
    const Context late(root, past);
    CHECK(late.error()->code() == ErrorCode::deadline_exceeded);
    CHECK(late.error()->text() == "context deadline exceeded");
  }
  const Time in_a_second = stage.reactor.now() + 1s;
  Context parent(root, in_a_second);
  const Context longer(parent, in_a_second + 1h), shorter(parent, in_a_second + -1ms);
  CHECK(longer.deadline() == in_a_second);
  CHECK(shorter.deadline() == in_a_second + -1ms);
  CHECK(stage.reactor.timers().size() == 2);  // the parent's is the longer one's too
  stage.run(sleep(stage.reactor, 999ms));
  CHECK(shorter.is_done());
  CHECK_FALSE(parent.is_done());
  stage.run(sleep(stage.reactor, 1ms));
  CHECK(parent.error()->code() == ErrorCode::deadline_exceeded);
  CHECK(longer.error()->code() == ErrorCode::deadline_exceeded);
  CHECK_FALSE(root.is_done());
}

TEST_CASE("[124] cancelled before its deadline it is cancelled, and its timer is gone") {
  Stage stage;
  Context root(stage.reactor);
  {
    Context context(root, stage.reactor.now() + 1s);
    CHECK(stage.reactor.timers().size() == 1);
    context.cancel();
    CHECK(stage.reactor.timers().size() == 0);
    CHECK(context.error()->is_cancelled());
    const Context let_go(root, stage.reactor.now() + 1s);
  }
  CHECK(stage.reactor.timers().size() == 0);
}

TEST_CASE("[125] the first end is the one that counts") {
  Stage stage;
  Context root(stage.reactor);
  Context context(root, stage.reactor.now() + 1s);
  const Time deadline = context.deadline();
  context.cancel(Error::invalid("first"));
  context.cancel(Error::invalid("second"));
  root.cancel(Error::invalid("third"));
  stage.run(sleep(stage.reactor, 2s));
  CHECK(context.error()->is_cancelled());
  CHECK(context.cause()->text() == "first");
  CHECK(context.deadline() == deadline);
}

TEST_CASE("[127] a tree cancelled in any order is done, and holds together") {
  Stage stage;
  std::mt19937 random(20'240'601);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::unique_ptr<Context>> tree;
    tree.push_back(std::make_unique<Context>(stage.reactor));
    for (int count = 1; count < 100; ++count) {
      tree.push_back(std::make_unique<Context>(*tree[random() % tree.size()], never));
    }
    std::shuffle(tree.begin(), tree.end(), random);
    for (std::size_t at = 0; at < tree.size(); ++at) {
      if (at % 3 == 0) tree[at].reset();
      if (tree[at]) tree[at]->cancel();
    }
    CHECK(std::ranges::all_of(tree, [](const auto& context) { return !context || context->is_done(); }));
  }
}

TEST_CASE("[127] thirty layers of cancels and deadlines, ended at a layer, are done below it and not above") {
  Stage stage;
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::unique_ptr<Context>> layers;
    layers.push_back(std::make_unique<Context>(stage.reactor));
    for (int count = 1; count < 30; ++count) {
      const Time deadline =
          random() % 2 == 0 ? Time::never() : stage.reactor.now() + 1ms * (1000 + random() % 1000);
      layers.push_back(std::make_unique<Context>(*layers.back(), deadline));
    }
    const std::size_t at = random() % layers.size();
    layers[at]->cancel();
    for (std::size_t layer = 0; layer < layers.size(); ++layer)
      CHECK(layers[layer]->is_done() == (layer >= at));
    while (!layers.empty()) layers.pop_back();
    CHECK(stage.reactor.timers().size() == 0);
  }
}

TEST_CASE("[127] a function that runs after a cancel may cancel others, its own parent too") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    Context root(on.reactor), left(root, never), right(root, never);
    int runs = 0;
    const AfterFunction one(left, [&] { ++runs, right.cancel(); });
    const AfterFunction other(right, [&] { ++runs, left.cancel(), root.cancel(); });
    left.cancel();
    CHECK(runs == 0);  // not from within cancel(): from the loop's own stack
    while (runs < 2) co_await on.reactor.next_turn();
    CHECK(root.is_done());
  });
}

TEST_CASE("[128] a deadline that has passed is a timeout, a cancel is none") {
  Stage stage;
  Context root(stage.reactor), cancelled(root, never);
  const Context late(root, Time::past());
  cancelled.cancel();
  CHECK(late.error()->timeout());
  CHECK_FALSE(cancelled.error()->timeout());
}

TEST_CASE("[129] the cause is that of the first cancel up the tree, and else the error itself") {
  Stage stage;
  Context root(stage.reactor), child(root, never), other(root, never);
  const Context grandchild(child, never);
  child.cancel(Error::invalid("maintenance"));
  CHECK(grandchild.cause()->text() == "maintenance");
  CHECK(grandchild.error()->text() == "context canceled");
  other.cancel();
  CHECK(other.cause()->text() == "context canceled");
}

TEST_CASE("[129] stop tells whether it is why an after-function will not run") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    Context context(on.reactor);
    std::string ran;
    AfterFunction kept(context, [&] { ran += "kept "; });
    AfterFunction stopped(context, [&] { ran += "stopped "; });
    AfterFunction queued(context, [&] { ran += "queued "; });
    CHECK(stopped.stop());
    CHECK_FALSE(stopped.stop());
    {
      const AfterFunction let_go(context, [&] { ran += "let go "; });
    }
    context.cancel();
    CHECK(queued.stop());  // it was to run in the next turn
    co_await on.reactor.next_turn();
    CHECK(ran == "kept ");
    CHECK_FALSE(kept.stop());
    const AfterFunction late(context, [&] { ran += "late "; });
    AfterFunction moved(context, [&] { ran += "moved "; });
    const AfterFunction target = std::move(moved);
    co_await on.reactor.next_turn();
    CHECK(ran == "kept late moved ");
  });
}

TEST_CASE("[129] an after-function runs although nothing else is left to run") {
  Stage stage;
  Context context(stage.reactor);
  bool ran = false;
  const AfterFunction after(context, [&] { ran = true; });
  static constexpr auto body = [](Context& of) -> Task<> {
    of.cancel();
    co_return;
  };
  stage.run(body(context));
  CHECK(ran);
}

TEST_CASE("a sleep in a context ends at its time, or with the context") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    Context root(on.reactor), cancelled(root, never);
    Context late(root, on.reactor.now() + 2s);
    const Time start = on.reactor.now();
    Slept in_time, by_cancel, by_deadline, at_once;
    on.reactor.spawn(sleep_in(late, start + 1s, in_time));
    on.reactor.spawn(sleep_in(cancelled, start + 1h, by_cancel));
    on.reactor.spawn(sleep_in(late, start + 1h, by_deadline));
    auto slept = co_await on.reactor.sleep(500ms);
    CHECK(slept.has_value());
    cancelled.cancel();
    CHECK_FALSE(by_cancel.result.has_value());
    co_await on.reactor.next_turn();
    CHECK(ended_with(by_cancel, ErrorCode::cancelled));
    CHECK(by_cancel.ended == start + 500ms);
    Task<> sleeping = sleep_in(cancelled, start + 1h, at_once);
    co_await std::move(sleeping);
    CHECK(ended_with(at_once, ErrorCode::cancelled));
    auto rest = co_await on.reactor.sleep(10s);
    CHECK(rest.has_value());
    CHECK((in_time.result && in_time.result->has_value()));
    CHECK(in_time.ended == start + 1s);
    CHECK(ended_with(by_deadline, ErrorCode::deadline_exceeded));
    CHECK(by_deadline.ended == start + 2s);
  });
}

TEST_CASE("who waits for a context is woken by its end, even where that is its destruction") {
  Stage stage;
  stage.run([](Stage& on) -> Task<> {
    Slept waited;
    {
      Context context(on.reactor);
      on.reactor.spawn(wait_for_end(on.reactor, context, waited));
      co_await on.reactor.next_turn();
    }
    co_await on.reactor.next_turn();
    CHECK(ended_with(waited, ErrorCode::cancelled));
  });
}

TEST_CASE("shutdown of the reactor ends the waits, and a cancel meanwhile does no harm") {
  Stage stage;
  Context context(stage.reactor);
  Slept waited;
  stage.reactor.spawn(wait_for_end(stage.reactor, context, waited));
  static constexpr auto body = [](Stage& on, Context& of) -> Task<> {
    auto slept = co_await on.reactor.sleep(1h);
    CHECK_FALSE(slept.has_value());
    of.cancel();
  };
  stage.reactor.spawn(body(stage, context));
  static constexpr auto stop = [](Stage& on) -> Task<> {
    on.reactor.stop();
    co_return;
  };
  stage.reactor.spawn(stop(stage));
  REQUIRE(stage.reactor.run().has_value());
  stage.reactor.shutdown();
  CHECK(ended_with(waited, ErrorCode::cancelled));
  CHECK(stage.reactor.live_tasks() == 0);
}
