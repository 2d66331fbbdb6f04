// What a wait costs: no allocation, and so many bytes of the frame that awaits it. And what the compiler refuses.
#include <doctest/doctest.h>

#include <cstdint>
#include <type_traits>

#include "conformance/running.hpp"
#include "reactord/channel.hpp"
#include "reactord/event.hpp"
#include "reactord/joinable.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/wait_group.hpp"
#include "support/no_memory.hpp"

using reactord::Channel;
using reactord::Context;
using reactord::Reactor;
using reactord::Task;
using reactord::VirtualClock;
using reactord::WaitLimit;
using namespace std::chrono_literals;

namespace {

struct Stage {
  VirtualClock clock;
  Reactor reactor{clock};
  reactord::Event event{reactor};
  reactord::Semaphore semaphore{reactor, 1};
  reactord::WaitGroup group{reactor};
  Channel<int> channel{reactor, 4};
  Channel<int> rendezvous{reactor};
};

Task<> give(Stage& stage) {
  auto permit = stage.semaphore.try_acquire();
  stage.group.add();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  stage.clock.advance(2ms);
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  stage.event.set();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  permit->release();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  stage.group.done();
  for (int turn = 0; turn < 3; ++turn) co_await stage.reactor.next_turn();
  auto sent = co_await stage.channel.send(1);
  auto received = co_await stage.rendezvous.receive();
  CHECK((sent && received));
}

Task<> take(Stage& stage, std::size_t& refused, int& ended) {
  Context context(stage.reactor);
  stage.reactor.spawn(give(stage));
  co_await stage.reactor.next_turn();
  test::NoMemory refuse(0, test::NoMemory::all);
  auto late = co_await stage.event.wait(stage.reactor.now() + 1ns);
  ended += late ? 0 : 1;
  auto waited = co_await stage.event.wait(context);
  ended += waited ? 1 : 0;
  auto permit = co_await stage.semaphore.acquire(1, context);
  ended += permit ? 1 : 0;
  auto done = co_await stage.group.wait(context);
  ended += done ? 1 : 0;
  auto item = co_await stage.channel.receive(context);
  ended += item ? 1 : 0;
  auto sent = co_await stage.rendezvous.send(1, context);
  ended += sent ? 1 : 0;
  refused = refuse.refused();
}

}  // namespace

// A wait on a temporary would wait for what is gone, and a temporary Context would be done before it is awaited.
template <typename Primitive>
concept waits = requires(Primitive primitive) {
  static_cast<Primitive>(primitive).wait();
};
template <typename Primitive>
concept acquires = requires(Primitive primitive) {
  static_cast<Primitive>(primitive).acquire();
};
template <typename Primitive>
concept receives = requires(Primitive primitive) {
  static_cast<Primitive>(primitive).receive();
};
template <typename Primitive>
concept joins = requires(Primitive primitive) {
  static_cast<Primitive>(primitive).join();
};

static_assert(waits<reactord::Event&> && !waits<reactord::Event&&>);
static_assert(waits<reactord::WaitGroup&> && !waits<reactord::WaitGroup&&>);
static_assert(acquires<reactord::Semaphore&> && !acquires<reactord::Semaphore&&>);
static_assert(receives<Channel<int>&> && !receives<Channel<int>&&>);
static_assert(joins<reactord::Joinable<int>&> && !joins<reactord::Joinable<int>&&>);
static_assert(std::is_convertible_v<Context&, WaitLimit> && !std::is_convertible_v<Context&&, WaitLimit>);

TEST_CASE("a wait allocates nothing, whatever it waits for and whatever ends it") {
  Stage stage;
  std::size_t refused = 1;
  int ended = 0;
  test::run(stage.reactor, take(stage, refused, ended));
  CHECK(refused == 0);
  CHECK(ended == 6);
}

TEST_CASE("the bytes of a wait in the frame that awaits it") {
  CHECK(sizeof(reactord::EventWaitOperation) <= 184);
  CHECK(sizeof(reactord::WaitGroupOperation) <= 184);
  CHECK(sizeof(reactord::AcquireOperation) <= 224);
  CHECK(sizeof(Channel<std::uint64_t>::SendOperation) <= 192);
  CHECK(sizeof(Channel<std::uint64_t>::ReceiveOperation) <= 200);
  CHECK(sizeof(reactord::JoinOperation<std::uint64_t>) <= 224);
  CHECK(sizeof(reactord::Permit) <= 32);
}
