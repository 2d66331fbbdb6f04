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
struct Scene {
  Scene() {
    ListenOptions options;
    options.on_pause = [this](const Error& error, Duration length) {
      pauses.push_back({error.system_errno(), length});
    };
    listener.emplace(listen_at(reactor, "127.0.0.1:0", std::move(options)));
  }
  test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor{clock};
  std::vector<Pause> pauses;
  std::optional<Listener> listener;
  std::vector<Conn> accepted;
  std::optional<test::NoDescriptors> limit;
};

Task<> accept(Scene& scene, std::size_t count) {
  while (scene.accepted.size() < count) {
    auto conn = co_await scene.listener->accept();
    if (!conn) break;
    scene.accepted.push_back(std::move(*conn));
  }
}

Task<> lift_limit(Scene& scene, Duration after) {
  auto slept = co_await scene.reactor.sleep(after);
  CHECK(scene.accepted.empty());
  scene.limit.reset();
}

// Closes the first accepted connection, and sees the waiting one taken in before any time has passed.
Task<> free_one(Scene& scene, Duration after) {
  auto slept = co_await scene.reactor.sleep(after);
  CHECK(scene.accepted.size() == 1);
  CHECK(scene.pauses.back().length == Listener::longest_pause);
  const Time before = scene.reactor.now();
  const std::uint64_t turn = scene.reactor.turns();
  scene.accepted.front().abort();
  while (scene.accepted.size() < 2) co_await scene.reactor.next_turn();
  CHECK(scene.reactor.now() == before);
  CHECK(scene.reactor.turns() - turn <= 3);
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
  Scene scene;
  const Peer client = Peer::connect(scene.listener->local_addr());
  scene.limit.emplace();
  scene.reactor.spawn(accept(scene, 1));
  test::run(scene.reactor, lift_limit(scene, 10s));
  CHECK(scene.accepted.size() == 1);
  Duration expected = Listener::shortest_pause;
  for (const Pause& pause : scene.pauses) {
    CHECK(pause.number == EMFILE);
    CHECK(pause.length == expected);
    expected = std::min(expected * 2, Listener::longest_pause);
  }
  CHECK(scene.pauses.size() >= 15);  // 1.275 s until the longest is reached, then one a second
  CHECK(scene.pauses.size() <= 19);
  CHECK(scene.listener->pauses() == scene.pauses.size());
  CHECK(scene.reactor.turns() <= 4 * scene.pauses.size());
}

TEST_CASE(
    "accept exhaustion: closing a connection of ours cuts the pause short, and the back-off begins anew") {
  Scene scene;
  const Peer first = Peer::connect(scene.listener->local_addr());
  test::run(scene.reactor, accept(scene, 1));
  const Peer second = Peer::connect(scene.listener->local_addr());
  scene.limit.emplace();
  scene.reactor.spawn(accept(scene, 2));
  test::run(scene.reactor, free_one(scene, 5s));
  scene.limit.reset();
  const Peer third = Peer::connect(scene.listener->local_addr());
  scene.limit.emplace();
  scene.pauses.clear();
  scene.reactor.spawn(accept(scene, 3));
  auto lift = [](Scene& of) -> Task<> {
    auto slept = co_await of.reactor.sleep(1ms);
    of.limit.reset();
  };
  test::run(scene.reactor, lift(scene));
  CHECK(scene.accepted.size() == 3);
  REQUIRE_FALSE(scene.pauses.empty());
  CHECK(scene.pauses.front().length == Listener::shortest_pause);
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
  Scene scene;
  Peer dead = Peer::connect(scene.listener->local_addr());
  dead.reset();
  Peer alive = Peer::connect(scene.listener->local_addr());
  alive.send("x");
  alive.finish();
  test::run(scene.reactor, accept(scene, 2));
  REQUIRE(scene.accepted.size() == 2);
  Seen from_dead, from_alive;
  scene.reactor.spawn(read_all(scene.accepted[0], from_dead));
  test::run(scene.reactor, read_all(scene.accepted[1], from_alive));
  CHECK(from_dead.number == ECONNRESET);
  CHECK(from_alive.bytes == "x");
  CHECK(from_alive.code == ErrorCode::eof);
  CHECK(scene.pauses.empty());
}

namespace {

Task<> accept_or_fail(Scene& scene, Seen& seen) {
  auto conn = co_await scene.listener->accept();
  seen.ended = true;
  if (!conn) {
    seen.note(conn.error());
  } else {
    scene.accepted.push_back(std::move(*conn));
  }
}

}  // namespace

TEST_CASE("accept exhaustion: an errno that nobody expects is a pause, and an error only time after time") {
  Scene scene;
  const Peer client = Peer::connect(scene.listener->local_addr());
  Seen first, second;
  {
    test::FailNext fail(test::Call::accept, EIO, Listener::failed_accepts);
    test::run(scene.reactor, accept_or_fail(scene, first));
    CHECK(fail.happened());
  }
  CHECK(first.number == EIO);
  CHECK(scene.pauses.size() == Listener::failed_accepts - 1);
  CHECK(scene.pauses.back().number == EIO);
  CHECK(scene.pauses.back().length == Listener::longest_pause);
  test::FailNext fail(test::Call::accept, EIO, Listener::failed_accepts - 1);
  test::run(scene.reactor, accept_or_fail(scene, second));
  CHECK(fail.happened());
  CHECK(scene.accepted.size() == 1);
}

TEST_CASE("accept exhaustion: clients that died are passed over, but not without end") {
  Scene scene;
  const Peer client = Peer::connect(scene.listener->local_addr());
  Seen seen;
  test::FailNext fail(test::Call::accept, EPERM, 10 * Listener::accepts_per_turn);
  test::run(scene.reactor, accept_or_fail(scene, seen));
  CHECK(fail.happened());
  CHECK(scene.accepted.size() == 1);
  CHECK(scene.pauses.size() == 10);
  CHECK(scene.pauses.front().number == EPERM);
}
