// The deadline of a Listener: for the pending accept and for later ones, beside the pause that a lack of descriptors
// makes, which shares its timer.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "reactord/listener.hpp"
#include "support/loopback.hpp"
#include "support/no_descriptors.hpp"

using reactord::Conn;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::Reactor;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using test::Peer;
using namespace std::chrono_literals;

namespace {

// A listener on a virtual clock, and what became of the accept that started() last began.
struct Scene {
  explicit Scene(const char* network = "tcp", const char* address = "127.0.0.1:0") {
    auto made = reactord::listen(reactor, network, address);
    REQUIRE(made.has_value());
    listener.emplace(std::move(*made));
  }
  test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor{clock};
  std::optional<Listener> listener;
  std::optional<Result<Conn>> outcome;
  std::vector<Result<Conn>> earlier;  // kept: run() would wait until they are closed
  Time ended;

  void set(Time deadline) { REQUIRE(listener->set_deadline(deadline).has_value()); }
  bool has_failed_with(ErrorCode code) const {
    return outcome && !outcome->has_value() && outcome->error() == code;
  }
};

Task<> accept(Scene& scene) {
  auto conn = co_await scene.listener->accept();
  scene.outcome.emplace(std::move(conn));
  scene.ended = scene.reactor.now();
}

void run_accept(Scene& scene) {
  if (scene.outcome) scene.earlier.push_back(std::move(*scene.outcome));
  scene.outcome.reset();
  test::run(scene.reactor, accept(scene));
  REQUIRE(scene.outcome.has_value());
}

}  // namespace

TEST_CASE("[12] a past deadline fails an accept although a connection waits, and loses it not") {
  for (const char* network : {"tcp", "unix"}) {
    CAPTURE(network);
    Scene scene(network, network == std::string("tcp") ? "127.0.0.1:0" : "");
    const Peer waiting = Peer::connect(scene.listener->local_addr());
    for (const Time past : {scene.reactor.now() + -5s, Time::past(), scene.reactor.now()}) {
      scene.set(past);
      for (int round = 0; round < 2; ++round) {
        run_accept(scene);
        CHECK(scene.has_failed_with(ErrorCode::deadline_exceeded));
        CHECK(scene.outcome->error().timeout());
      }
    }
    scene.set(Time::never());
    run_accept(scene);
    CHECK(scene.outcome->has_value());
  }
}

TEST_CASE("[13] before its deadline an accept hands out who waits, then ends at the deadline") {
  Scene scene;
  const Peer first = Peer::connect(scene.listener->local_addr());
  const Peer second = Peer::connect(scene.listener->local_addr());
  const Time deadline = scene.reactor.now() + 50ms;
  scene.set(deadline);
  for (int round = 0; round < 2; ++round) {
    run_accept(scene);
    CHECK(scene.outcome->has_value());
    CHECK(scene.ended < deadline);
  }
  run_accept(scene);
  CHECK(scene.has_failed_with(ErrorCode::deadline_exceeded));
  CHECK(scene.ended >= deadline);
  CHECK(scene.ended <= deadline + 2ms);
}

TEST_CASE("[14] a deadline set while an accept is pending ends it: later, at once, moved earlier and later") {
  struct Row {
    std::vector<reactord::Duration> deadlines;  // from the start, set one after the other
    reactord::Duration end;
  };
  const Row table[] = {{{10ms}, 10ms}, {{-5s}, 0ms}, {{1h, 10ms}, 10ms}, {{10ms, 1h}, 1h}};
  static constexpr auto set_each = [](Scene& scene, const Row& row) -> Task<> {
    const Time start = scene.reactor.now();
    co_await scene.reactor.next_turn();
    for (const auto deadline : row.deadlines) {
      CHECK_FALSE(scene.outcome.has_value());
      scene.set(start + deadline);
    }
  };
  for (const Row& row : table) {
    Scene scene;
    scene.set(Time::never());
    const Time start = scene.reactor.now();
    scene.reactor.spawn(accept(scene));
    test::run(scene.reactor, set_each(scene, row));
    CHECK(scene.has_failed_with(ErrorCode::deadline_exceeded));
    CHECK(scene.ended >= start + row.end);
    CHECK(scene.ended <= start + row.end + 2ms);
  }
}

TEST_CASE("[15] a deadline that was cleared ends nothing; close does, and is no timeout") {
  Scene scene;
  scene.set(scene.reactor.now() + -5s);
  scene.set(Time::never());
  static constexpr auto close_later = [](Scene& of) -> Task<> {
    auto slept = co_await of.reactor.sleep(100ms);
    CHECK(slept.has_value());
    CHECK_FALSE(of.outcome.has_value());
    // Once more while it is pending: a deadline to come, taken back before it does.
    of.set(of.reactor.now() + 10ms);
    of.set(Time::never());
    slept = co_await of.reactor.sleep(100ms);
    CHECK(slept.has_value());
    CHECK_FALSE(of.outcome.has_value());
    CHECK(of.listener->close().has_value());
  };
  scene.reactor.spawn(accept(scene));
  test::run(scene.reactor, close_later(scene));
  CHECK(scene.has_failed_with(ErrorCode::closed));
  CHECK_FALSE(scene.outcome->error().timeout());
  CHECK_FALSE(scene.outcome->error().temporary());
}

TEST_CASE("[90] the timeout of an accept says where it listened") {
  Scene scene("tcp", ":0");
  scene.set(scene.reactor.now() + 30ns);
  run_accept(scene);
  const std::string port = std::to_string(scene.listener->local_addr().port());
  CHECK(scene.outcome->error().text() == "accept tcp [::]:" + port + ": i/o timeout");
}

TEST_CASE("a deadline for a closed listener is refused, and says so") {
  Scene scene;
  REQUIRE(scene.listener->close().has_value());
  const auto set = scene.listener->set_deadline(scene.reactor.now() + 1s);
  REQUIRE_FALSE(set.has_value());
  CHECK(set.error().text() ==
        "set tcp " + scene.listener->local_addr().text() + ": use of closed network connection");
  run_accept(scene);
  CHECK(scene.has_failed_with(ErrorCode::closed));
}

TEST_CASE("a deadline within a pause for want of descriptors ends the accept, and the pause goes on") {
  Scene scene;
  const Peer waiting = Peer::connect(scene.listener->local_addr());
  const Time start = scene.reactor.now();
  std::optional<test::NoDescriptors> limit(std::in_place);
  scene.set(start + 20ms);  // the pauses end after 5, 15 and 35 ms
  run_accept(scene);
  CHECK(scene.has_failed_with(ErrorCode::deadline_exceeded));
  CHECK(scene.ended >= start + 20ms);
  CHECK(scene.ended <= start + 22ms);
  CHECK(scene.listener->pauses() == 3);
  limit.reset();
  scene.set(Time::never());
  run_accept(scene);
  CHECK(scene.outcome->has_value());
  CHECK(scene.ended >= start + 35ms);  // not at once: the pause had not been forgotten
  CHECK(scene.ended <= start + 38ms);
  CHECK(scene.listener->pauses() == 3);
}

TEST_CASE("a pause that ends before the deadline hands out who waits, and the deadline does no harm later") {
  Scene scene;
  const Peer waiting = Peer::connect(scene.listener->local_addr());
  const Time start = scene.reactor.now();
  std::optional<test::NoDescriptors> limit(std::in_place);
  static constexpr auto lift = [](Scene& of, std::optional<test::NoDescriptors>& none) -> Task<> {
    auto slept = co_await of.reactor.sleep(7ms);
    CHECK(slept.has_value());
    none.reset();
    slept = co_await of.reactor.sleep(1s);
    CHECK(slept.has_value());
  };
  scene.set(start + 500ms);
  scene.reactor.spawn(accept(scene));
  test::run(scene.reactor, lift(scene, limit));
  REQUIRE(scene.outcome.has_value());
  CHECK(scene.outcome->has_value());
  CHECK(scene.ended >= start + 15ms);
  CHECK(scene.ended <= start + 18ms);
}
