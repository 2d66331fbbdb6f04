// The timer wheel against std::multimap as its model, and through a simulated year: never early, at most one
// tick late, and with few stops on the way.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "reactord/timer.hpp"

using reactord::Tick;
using reactord::Time;
using reactord::Timer;
using reactord::TimerWheel;

namespace {

constexpr Tick largest = (Tick{1} << (TimerWheel::levels * TimerWheel::bits)) - 1;
constexpr Tick year = Tick{365} * 24 * 3600 * 1000;

struct Node final : Timer {
  void on_timer() override {}
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(engine_);
  }
  // From one tick to `longest`, each power of two as likely as the others.
  Tick interval(Tick longest) {
    const std::uint64_t bit = below(static_cast<std::uint64_t>(std::bit_width(longest)));
    return std::min(longest, (Tick{1} << bit) + below(Tick{1} << bit));
  }

 private:
  std::mt19937_64 engine_;
};

class Modelled {
 public:
  Modelled(unsigned seed, Tick start) : random_(seed), wheel_(start), now_(start) {}
  ~Modelled() {
    for (Node& node : nodes_) wheel_.cancel(node);
  }

  void operate() {
    Node& node = nodes_[random_.below(nodes_.size())];
    switch (random_.below(8)) {
      case 0:
      case 1:
        arm(node, now_ + random_.interval(4 * 365 * year));
        break;
      case 2:
        arm(node, now_ + random_.below(200));
        break;
      case 3:
        arm(node, random_.below(now_ + 1));  // in the past: expires at once
        break;
      case 4:
        wheel_.cancel(node);
        forget(node);
        break;
      case 5:
        if (wheel_.next() != TimerWheel::never) advance(wheel_.next());
        break;
      case 6:
        advance(now_ + random_.interval(random_.below(4) == 0 ? year : 5000));
        break;
      default:
        pop();
    }
    check();
  }

 private:
  using Model = std::multimap<Tick, Node*>;

  void forget(Node& node) {
    const auto found = std::ranges::find(model_, &node, &Model::value_type::second);
    if (found != model_.end()) model_.erase(found);
  }
  void arm(Node& node, Tick expiry) {
    wheel_.arm(node, expiry);
    forget(node);
    model_.emplace(expiry, &node);
  }
  void advance(Tick now) {
    wheel_.advance(now);
    now_ = now;
  }
  void pop() {
    Timer* popped = wheel_.pop_expired();
    if (popped == nullptr) {
      CHECK((model_.empty() || model_.begin()->first > now_));
      return;
    }
    CHECK_FALSE(popped->is_armed());
    CHECK(popped->expiry() <= now_);
    forget(static_cast<Node&>(*popped));
  }
  void check() {
    REQUIRE(wheel_.check());
    REQUIRE(wheel_.now() == now_);
    REQUIRE(wheel_.size() == model_.size());
    const auto due = std::distance(model_.begin(), model_.upper_bound(now_));
    REQUIRE(wheel_.expired() == static_cast<std::size_t>(due));
    for (const auto& [expiry, node] : model_) REQUIRE((node->is_armed() && node->expiry() == expiry));
    const Tick next = wheel_.next();
    if (model_.empty()) {
      REQUIRE(next == TimerWheel::never);
    } else if (due > 0) {
      REQUIRE(next == now_);
    } else {
      REQUIRE((next > now_ && next <= model_.begin()->first));
    }
  }

  Random random_;
  TimerWheel wheel_;
  Tick now_;
  std::array<Node, 40> nodes_;
  Model model_;
};

}  // namespace

TEST_CASE("random operations agree with a sorted map, and the wheel holds together after each") {
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U}) {
    CAPTURE(seed);
    Modelled small(seed, 0);
    Modelled late(seed, (Tick{1} << 42) - 100);  // about to begin a slot of every level at once
    for (int round = 0; round < 4000; ++round) {
      small.operate();
      late.operate();
    }
  }
}

TEST_CASE("a year of deadlines: never early, at most one tick late, few stops") {
  Random random(7);
  TimerWheel wheel;
  std::vector<Node> nodes(300);
  std::uint64_t armed = 0, stops = 0, fired = 0;
  for (Node& node : nodes) {
    wheel.arm(node, random.interval(year));
    ++armed;
  }
  while (wheel.next() <= year) {
    const Tick now = wheel.next();
    wheel.advance(now);
    ++stops;
    while (Timer* timer = wheel.pop_expired()) {
      ++fired;
      REQUIRE(timer->expiry() <= now);
      REQUIRE(now - timer->expiry() <= 1);
      if (fired > 200'000) continue;
      wheel.arm(*timer, now + random.interval(year / 64));
      ++armed;
    }
  }
  CHECK(wheel.check());
  CHECK(armed == fired + wheel.size());
  CHECK(fired > 10'000);
  CHECK(stops <= armed * (TimerWheel::levels + 1));
  for (Node& node : nodes) wheel.cancel(node);
  CHECK(wheel.size() == 0);
}

TEST_CASE("one timer a year away costs at most one stop per level and one for itself") {
  for (const Tick expiry :
       {Tick{1}, Tick{63}, Tick{64}, Tick{4096}, Tick{999'999}, year, 100 * year, largest}) {
    CAPTURE(expiry);
    TimerWheel wheel;
    Node node;
    wheel.arm(node, expiry);
    unsigned stops = 0;
    while (wheel.expired() == 0) {
      REQUIRE(wheel.next() <= expiry);
      wheel.advance(wheel.next());
      ++stops;
      REQUIRE(wheel.check());
    }
    CHECK(wheel.now() == expiry);
    CHECK(stops <= TimerWheel::levels + 1);
    CHECK(wheel.pop_expired() == &node);
  }
}

TEST_CASE("a timer that has expired and was not popped can be cancelled or moved") {
  TimerWheel wheel;
  Node first, second, third;
  for (Node* node : {&first, &second, &third}) wheel.arm(*node, 10);
  wheel.advance(10);
  CHECK(wheel.expired() == 3);

  wheel.cancel(second);
  CHECK_FALSE(second.is_armed());
  CHECK(wheel.check());
  wheel.arm(first, 20);  // out of the expired, into the wheel
  CHECK(wheel.check());
  CHECK(wheel.expired() == 1);
  CHECK(wheel.pop_expired() == &third);
  CHECK(wheel.pop_expired() == nullptr);
  wheel.advance(20);
  CHECK(wheel.pop_expired() == &first);
  CHECK(wheel.size() == 0);
  CHECK(wheel.next() == TimerWheel::never);
}

TEST_CASE("a timer armed in the past expires at once") {
  TimerWheel wheel(1000);
  Node past, present;
  wheel.arm(past, 1);
  wheel.arm(present, 1000);
  CHECK(wheel.next() == 1000);
  CHECK(wheel.expired() == 2);
  CHECK(wheel.pop_expired() == &past);
  CHECK(wheel.pop_expired() == &present);
}

TEST_CASE("a timer may be armed again while the expired are being popped") {
  TimerWheel wheel;
  Node every, other;
  wheel.arm(every, 1);
  wheel.arm(other, 1);
  std::array<Tick, 5> times{};
  for (Tick& time : times) {
    wheel.advance(wheel.next());
    while (Timer* timer = wheel.pop_expired()) {
      if (timer != &every) continue;
      time = wheel.now();
      wheel.arm(every, wheel.now() + 7);
      REQUIRE(wheel.check());
    }
  }
  CHECK(times == std::array<Tick, 5>{1, 8, 15, 22, 29});
  wheel.cancel(every);
}

TEST_CASE("the expired come in the order of their ticks when every stop is made") {
  TimerWheel wheel;
  std::array<Node, 5> nodes;
  const std::array<Tick, 5> expiries{300, 2, 70, 5000, 64};
  for (std::size_t index = 0; index < nodes.size(); ++index) wheel.arm(nodes[index], expiries[index]);
  std::vector<Tick> seen;
  while (wheel.size() > 0) {
    wheel.advance(wheel.next());
    while (Timer* timer = wheel.pop_expired()) seen.push_back(timer->expiry());
  }
  CHECK(seen == std::vector<Tick>{2, 64, 70, 300, 5000});
}

TEST_CASE("the far end of the wheel") {
  TimerWheel wheel;
  Node farthest, near;
  wheel.arm(farthest, TimerWheel::never);
  wheel.arm(near, largest - 1);
  CHECK(wheel.check());
  CHECK(farthest.expiry() == largest);
  wheel.advance(largest - 1);
  CHECK(wheel.check());
  CHECK(wheel.pop_expired() == &near);
  CHECK(wheel.pop_expired() == nullptr);
  wheel.advance(TimerWheel::never);
  CHECK(wheel.check());
  CHECK(wheel.pop_expired() == &farthest);
  CHECK(wheel.next() == TimerWheel::never);
}

TEST_CASE("time does not go backwards") {
  TimerWheel wheel(100);
  Node node;
  wheel.arm(node, 150);
  wheel.advance(50);
  CHECK(wheel.now() == 100);
  CHECK(wheel.check());
  wheel.advance(100);
  CHECK(wheel.expired() == 0);
  wheel.cancel(node);
}

TEST_CASE("timers may be destroyed in any order once cancelled") {
  TimerWheel wheel;
  std::vector<std::unique_ptr<Node>> nodes;
  for (Tick expiry = 1; expiry <= 100; ++expiry) {
    nodes.push_back(std::make_unique<Node>());
    wheel.arm(*nodes.back(), expiry / 10);  // several in a slot
  }
  wheel.advance(5);
  std::ranges::shuffle(nodes, std::mt19937(3));
  while (!nodes.empty()) {
    wheel.cancel(*nodes.back());
    nodes.pop_back();
    REQUIRE(wheel.check());
    REQUIRE(wheel.size() == nodes.size());
  }
  Node idle;
  wheel.cancel(idle);  // has no effect
  CHECK(wheel.size() == 0);
}

TEST_CASE("deadlines round up to ticks and the clock rounds down") {
  using reactord::tick_at_or_after;
  using reactord::tick_at_or_before;
  CHECK(tick_at_or_after(Time::past()) == 0);
  CHECK(tick_at_or_after(Time::from_nanoseconds(-5)) == 0);
  CHECK(tick_at_or_after(Time::from_nanoseconds(1)) == 1);
  CHECK(tick_at_or_after(Time::from_nanoseconds(1'000'000)) == 1);
  CHECK(tick_at_or_after(Time::from_nanoseconds(1'000'001)) == 2);
  CHECK(tick_at_or_before(Time::from_nanoseconds(999'999)) == 0);
  CHECK(tick_at_or_before(Time::from_nanoseconds(1'000'000)) == 1);
  CHECK(reactord::time_of_tick(5) == Time::from_nanoseconds(5'000'000));
  CHECK(tick_at_or_after(Time::never()) <= largest);
}

TEST_CASE("the tick of the farthest moment is a moment too") {
  const Tick farthest = reactord::tick_at_or_after(Time::from_nanoseconds(Time::never().nanoseconds() - 1));
  CHECK(reactord::time_of_tick(farthest) >= Time::from_nanoseconds(Time::never().nanoseconds() - 1));
}
