// The wait for timers that are far away, on the machine's clock: by the alarm, and without one.
#include "event/alarm.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>

#include "support/fail_next.hpp"
#include "support/loopback.hpp"

using reactord::Duration;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using test::Call;
using test::FailNext;
using namespace std::chrono_literals;

namespace {

constexpr Duration far = 1050ms;  // a little more than what is waited for with a limit

struct Slept {
  Duration late{-1};
  std::uint64_t turns = 0;
};

Task<> sleep_and_note(Reactor& reactor, Duration duration, Slept& into) {
  const Time due = reactor.now() + duration;
  const std::uint64_t before = reactor.turns();
  auto slept = co_await reactor.sleep_until(due);
  CHECK(slept.has_value());
  into = {.late = reactord::monotonic_now() - due, .turns = reactor.turns() - before};
}

Slept sleep_on(Reactor& reactor, Duration duration) {
  Slept slept;
  test::run(reactor, sleep_and_note(reactor, duration, slept));
  return slept;
}

Task<> sleep_until_shut_down(Reactor& reactor) {
  auto slept = co_await reactor.sleep(1h);
  CHECK_FALSE(slept.has_value());
}

Task<> stop_after(Reactor& reactor, Duration duration, Slept& into) {
  co_await sleep_and_note(reactor, duration, into);
  reactor.stop();
}

}  // namespace

TEST_CASE("alarm: a far timer comes in few turns, and not early") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  const Slept slept = sleep_on(reactor, far);
  CHECK(slept.late >= 0s);
  CHECK(slept.turns <= 6);  // the wheel's levels may have it looked at on the way
}

TEST_CASE("alarm: one that is set for a later timer does not hold up a nearer one") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  reactor.spawn(sleep_until_shut_down(reactor));
  for (const Duration duration : {far, Duration(20ms)}) {
    Slept slept;
    reactor.spawn(stop_after(reactor, duration, slept));
    CHECK(reactor.run().has_value());
    CHECK(slept.late >= 0s);
    CHECK(slept.late < 60s);
  }
}

TEST_CASE("alarm: without one, and with one that the kernel will not set, a far timer comes all the same") {
  for (const Call call : {Call::timerfd_create, Call::timerfd_settime}) {
    const test::DescriptorCheck descriptors;
    FailNext fail(call, call == Call::timerfd_create ? EMFILE : EINVAL);
    Reactor reactor;
    const Slept slept = sleep_on(reactor, far);
    // Whether the alarm is set at all depends on where the wheel's slots begin: see the next case.
    if (call == Call::timerfd_create) CHECK(fail.happened());
    CHECK(slept.late >= 0s);
    CHECK(slept.turns <= 6);
  }
}

TEST_CASE("alarm: once it has rung it is set for nothing") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  reactord::WatchHandle<reactord::Alarm> alarm(new reactord::Alarm(reactor));
  REQUIRE(reactor.add(*alarm).has_value());
  const Time soon = reactord::monotonic_now() + 1ms;
  CHECK_FALSE(alarm->rings_by(soon));
  REQUIRE(alarm->set(soon));
  CHECK(alarm->rings_by(soon));
  CHECK(alarm->rings_by(soon + 1h));
  CHECK_FALSE(alarm->rings_by(soon + -1ns));
  test::run(
      reactor,
      [](Reactor& on, reactord::Alarm& one, Time time) -> Task<> {
        const auto has_rung = [&] { return !one.rings_by(time); };
        co_await test::until(on, has_rung);
      },
      *alarm, soon);
  CHECK(reactord::monotonic_now() >= soon);
  CHECK(alarm->rings_by(Time::never()));
}

TEST_CASE("alarm: what the kernel refuses to set is set for nothing, and may be tried again") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  reactord::WatchHandle<reactord::Alarm> alarm(new reactord::Alarm(reactor));
  const Time time = reactord::monotonic_now() + 1h;
  {
    const FailNext fail(Call::timerfd_settime, EINVAL);
    CHECK_FALSE(alarm->set(time));
    CHECK(fail.happened());
  }
  CHECK_FALSE(alarm->rings_by(time));
  CHECK(alarm->set(time));
  CHECK(alarm->rings_by(time));
}

TEST_CASE("alarm: nobody sleeps on a virtual clock, so there is no descriptor for it") {
  const std::size_t before = test::open_descriptors();
  reactord::VirtualClock clock;
  Reactor reactor(clock);
  const std::size_t on_virtual = test::open_descriptors() - before;
  Reactor real;
  CHECK(test::open_descriptors() - before == 2 * on_virtual + 1);
}
