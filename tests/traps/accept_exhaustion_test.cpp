// Out of descriptors, accept(2) fails and the connection stays in the kernel's queue: a loop that tries again
// spins, one that gives up ends the server for a passing lack. The library pauses the listener (5 ms,
// doubling to 1 s), tries again at once when one of our descriptors is closed, and passes over a connection
// that died in the queue.
#include <fcntl.h>
#include <sys/resource.h>

#include <optional>

#include "support/fail_next.hpp"
#include "support/no_descriptors.hpp"
#include "traps/trap.hpp"

namespace {

using namespace traps;

struct Pause {
  int number;
  Duration length;
};

// A listener on a virtual clock that keeps its pauses.
struct PauseStage : test::Stage {
  PauseStage() {
    ListenOptions options;
    options.on_pause = [this](const Error& error, Duration length) {
      pauses.push_back({error.system_errno(), length});
    };
    listener.emplace(listen_at(reactor, "127.0.0.1:0", std::move(options)));
  }
  std::vector<Pause> pauses;
  std::optional<Listener> listener;
  std::vector<Conn> accepted;
  std::optional<test::NoDescriptors> limit;
};

Task<> accept(PauseStage& stage, std::size_t count) {
  while (stage.accepted.size() < count) {
    auto conn = co_await stage.listener->accept();
    if (!conn) break;
    stage.accepted.push_back(std::move(*conn));
  }
}

Task<> lift_limit(PauseStage& stage, Duration after) {
  auto slept = co_await stage.reactor.sleep(after);
  CHECK(stage.accepted.empty());
  stage.limit.reset();
}

// Closes the first accepted connection, and sees the waiting one taken in before any time has passed.
Task<> free_one(PauseStage& stage, Duration after) {
  auto slept = co_await stage.reactor.sleep(after);
  CHECK(stage.accepted.size() == 1);
  CHECK(stage.pauses.back().length == Listener::longest_pause);
  const Time before = stage.reactor.now();
  const std::uint64_t turn = stage.reactor.turns();
  stage.accepted.front().abort();
  while (stage.accepted.size() < 2) co_await stage.reactor.next_turn();
  CHECK(stage.reactor.now() == before);
  CHECK(stage.reactor.turns() - turn <= 3);
}

class Answerer final : public LineHandler {
 public:
  void on_line(std::string_view line, Reply& reply) override { reply.write("Server: ", line, "\n"); }
};

struct PauseWatcher final : ServerObserver {
  void on_accept_paused(const Error& error, Duration) override {
    number = error.system_errno();
    ++pauses;
  }
  void on_listener_failed(reactord::ListenerId, const Error&) override { failed = true; }
  int number = 0, pauses = 0;
  bool failed = false;
};

struct Talk {
  Address address;
  PauseWatcher& watcher;
  Server& server;
  std::string first_answer, answer_while_paused, second_answer;
};

// The first client is served; then descriptors run out, and the second waits until the first one leaves.
Task<> talk(Reactor& reactor, Talk& talk) {
  Peer first = Peer::connect(talk.address);
  first.send("one\n");
  talk.first_answer = co_await test::read_line(reactor, first);
  Peer second = Peer::connect(talk.address);
  std::optional<test::NoDescriptors> limit(std::in_place);
  second.send("two\n");
  while (talk.watcher.pauses == 0) co_await reactor.next_turn();
  first.send("still\n");
  talk.answer_while_paused = co_await test::read_line(reactor, first);
  CHECK(talk.server.accepted() == 1);
  first.finish();
  talk.second_answer = co_await test::read_line(reactor, second);
  limit.reset();
  second.finish();
  talk.server.drain(1s);
}

}  // namespace

TEST_CASE(
    "[79] accept exhaustion: the listener pauses, 5 ms doubling to 1 s, and takes the client in when it "
    "can") {
  PauseStage stage;
  const Peer client = Peer::connect(stage.listener->local_addr());
  stage.limit.emplace();
  stage.reactor.spawn(accept(stage, 1));
  test::run(stage.reactor, lift_limit(stage, 10s));
  CHECK(stage.accepted.size() == 1);
  Duration expected = Listener::shortest_pause;
  for (const Pause& pause : stage.pauses) {
    CHECK(pause.number == EMFILE);
    CHECK(pause.length == expected);
    expected = std::min(expected * 2, Listener::longest_pause);
  }
  CHECK(stage.pauses.size() >= 15);  // 1.275 s until the longest is reached, then one a second
  CHECK(stage.pauses.size() <= 19);
  CHECK(stage.listener->pauses() == stage.pauses.size());
  CHECK(stage.reactor.turns() <= 4 * stage.pauses.size());
}

TEST_CASE(
    "accept exhaustion: closing a connection of ours cuts the pause short, and the back-off begins anew") {
  PauseStage stage;
  const Peer first = Peer::connect(stage.listener->local_addr());
  test::run(stage.reactor, accept(stage, 1));
  const Peer second = Peer::connect(stage.listener->local_addr());
  stage.limit.emplace();
  stage.reactor.spawn(accept(stage, 2));
  test::run(stage.reactor, free_one(stage, 5s));
  stage.limit.reset();
  const Peer third = Peer::connect(stage.listener->local_addr());
  stage.limit.emplace();
  stage.pauses.clear();
  stage.reactor.spawn(accept(stage, 3));
  auto lift = [](PauseStage& of) -> Task<> {
    auto slept = co_await of.reactor.sleep(1ms);
    of.limit.reset();
  };
  test::run(stage.reactor, lift(stage));
  CHECK(stage.accepted.size() == 3);
  REQUIRE_FALSE(stage.pauses.empty());
  CHECK(stage.pauses.front().length == Listener::shortest_pause);
}

TEST_CASE("accept exhaustion: a paused listener sleeps in the kernel, on the machine's clock too") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Listener listener = listen_at(reactor);
  const Peer client = Peer::connect(listener.local_addr());
  auto wait = [](Reactor& of, Listener& from) -> Task<> {
    auto slept = co_await of.sleep(60ms);
    auto closed = from.close();
  };
  auto take = [](Listener& from) -> Task<> { auto conn = co_await from.accept(); };
  std::optional<test::NoDescriptors> limit(std::in_place);
  reactor.spawn(take(listener));
  reactor.spawn(wait(reactor, listener));
  const auto ran = reactor.run();
  limit.reset();
  REQUIRE(ran.has_value());
  CHECK(listener.pauses() > 0);
  CHECK(reactor.turns() <= 30);  // four or five pauses; a spin makes thousands
}

TEST_CASE("accept exhaustion: a server goes on serving whom it has, and takes the next when one leaves") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  PauseWatcher watcher;
  Answerer answerer;
  Server server(reactor, {.observer = &watcher});
  auto address = server.listen("127.0.0.1:0", answerer);
  REQUIRE(address.has_value());
  Talk both{*address, watcher, server, {}, {}, {}};
  test::run(reactor, talk(reactor, both));
  CHECK(both.first_answer == "Server: one\n");
  CHECK(both.answer_while_paused == "Server: still\n");
  CHECK(both.second_answer == "Server: two\n");
  CHECK(watcher.number == EMFILE);
  CHECK_FALSE(watcher.failed);
  CHECK(server.accepted() == 2);
}

TEST_CASE("[78] accept exhaustion: a client that reset in the queue disturbs nobody") {
  // Linux hands such a connection out; it is its first read that hears of the reset.
  PauseStage stage;
  Peer dead = Peer::connect(stage.listener->local_addr());
  dead.reset();
  Peer alive = Peer::connect(stage.listener->local_addr());
  alive.send("x");
  alive.finish();
  test::run(stage.reactor, accept(stage, 2));
  REQUIRE(stage.accepted.size() == 2);
  Seen from_dead, from_alive;
  stage.reactor.spawn(read_all(stage.accepted[0], from_dead));
  test::run(stage.reactor, read_all(stage.accepted[1], from_alive));
  CHECK(from_dead.number == ECONNRESET);
  CHECK(from_alive.bytes == "x");
  CHECK(from_alive.code == ErrorCode::eof);
  CHECK(stage.pauses.empty());
}

namespace {

Task<> accept_or_fail(PauseStage& stage, Seen& seen) {
  auto conn = co_await stage.listener->accept();
  seen.ended = true;
  if (!conn) {
    seen.note(conn.error());
  } else {
    stage.accepted.push_back(std::move(*conn));
  }
}

}  // namespace

TEST_CASE("accept exhaustion: an errno that nobody expects is a pause, and an error only time after time") {
  PauseStage stage;
  const Peer client = Peer::connect(stage.listener->local_addr());
  Seen first, second;
  {
    test::FailNext fail(test::Call::accept, EIO, Listener::failed_accepts);
    test::run(stage.reactor, accept_or_fail(stage, first));
    CHECK(fail.happened());
  }
  CHECK(first.number == EIO);
  CHECK(stage.pauses.size() == Listener::failed_accepts - 1);
  CHECK(stage.pauses.back().number == EIO);
  CHECK(stage.pauses.back().length == Listener::longest_pause);
  test::FailNext fail(test::Call::accept, EIO, Listener::failed_accepts - 1);
  test::run(stage.reactor, accept_or_fail(stage, second));
  CHECK(fail.happened());
  CHECK(stage.accepted.size() == 1);
}

TEST_CASE("accept exhaustion: clients that died are passed over, but not without end") {
  PauseStage stage;
  const Peer client = Peer::connect(stage.listener->local_addr());
  Seen seen;
  test::FailNext fail(test::Call::accept, EPERM, 10 * Listener::accepts_per_turn);
  test::run(stage.reactor, accept_or_fail(stage, seen));
  CHECK(fail.happened());
  CHECK(stage.accepted.size() == 1);
  CHECK(stage.pauses.size() == 10);
  CHECK(stage.pauses.front().number == EPERM);
}
