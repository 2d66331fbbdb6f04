// micro: what the parts of the library cost alone, in nanoseconds. No daemon, no sockets.
//
//     micro     prints tables in Markdown; takes no arguments; exits 1 where a part computed something wrong
//
// Every figure is the median of several rounds. What is compared takes turns, round by round, so that a
// machine that becomes slower for a while does so for both. Only the time that this thread was running counts.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/line_reader.hpp"
#include "reactord/reactor.hpp"
#include "reactord/task.hpp"
#include "reactord/timer.hpp"

using reactord::LineSplitter;
using reactord::Reactor;
using reactord::Task;
using reactord::Tick;
using reactord::Timer;
using reactord::TimerWheel;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "micro: wrong result: %s\n", what);
  std::exit(1);
}

double thread_nanoseconds() {
  timespec moment;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &moment);
  return static_cast<double>(moment.tv_sec) * 1e9 + static_cast<double>(moment.tv_nsec);
}

using Samples = std::vector<double>;

double median(Samples samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::ranges::nth_element(samples, middle);
  return *middle;
}

// Reading the clock is a system call: nothing beside a million operations, too much beside a thousand.
double clock_cost() {
  static const double cost = [] {
    Samples samples;
    for (int round = 0; round < 1001; ++round) {
      const double from = thread_nanoseconds();
      samples.push_back(thread_nanoseconds() - from);
    }
    return median(samples);
  }();
  return cost;
}

template <typename Work>
double nanoseconds_each(std::size_t count, Work work) {
  const double from = thread_nanoseconds();
  work();
  const double spent = thread_nanoseconds() - from - clock_cost();
  return std::max(spent, 0.0) / static_cast<double>(count);
}

// ---- Timers: what is done to them, in which order, and which expiries must come out at the end.

constexpr Tick longest_deadline = 60'000;  // a minute

// Expiries in the order in which they came, as one number.
class Sequence {
 public:
  void add(Tick expiry) { hash_ = (hash_ ^ expiry) * 0x9e3779b97f4a7c15; }
  bool operator==(const Sequence&) const = default;

 private:
  std::uint64_t hash_ = 1;
};

struct TimerWork {
  std::vector<Tick> first, moved, last;  // first: of all timers; the others: of the chosen ones
  std::vector<std::size_t> chosen;       // to be moved, cancelled and armed again, in random order
  Sequence expected;
};

std::vector<Tick> deadlines(std::size_t count, std::mt19937_64& random) {
  std::uniform_int_distribution<Tick> any(1, longest_deadline);
  std::vector<Tick> made(count);
  for (Tick& deadline : made) deadline = any(random);
  return made;
}

TimerWork timer_work(std::size_t timers) {
  constexpr std::size_t most_chosen = 100'000;
  std::mt19937_64 random(timers);
  TimerWork work;
  work.first = deadlines(timers, random);
  work.chosen.resize(timers);
  std::iota(work.chosen.begin(), work.chosen.end(), std::size_t{0});
  std::ranges::shuffle(work.chosen, random);
  work.chosen.resize(std::min(timers, most_chosen));
  work.moved = deadlines(work.chosen.size(), random);
  work.last = deadlines(work.chosen.size(), random);
  std::vector<Tick> sorted = work.first;
  for (std::size_t at = 0; at < work.chosen.size(); ++at) sorted[work.chosen[at]] = work.last[at];
  std::ranges::sort(sorted);
  for (const Tick expiry : sorted) work.expected.add(expiry);
  return work;
}

class WheelTimers {
 public:
  explicit WheelTimers(std::size_t count) : timers_(count) {}
  void arm(std::size_t index, Tick expiry) { wheel_.arm(timers_[index], expiry); }
  void move(std::size_t index, Tick expiry) { wheel_.arm(timers_[index], expiry); }
  void cancel(std::size_t index) { wheel_.cancel(timers_[index]); }
  std::size_t size() const { return wheel_.size(); }
  Sequence expire_all() {
    Sequence expired;
    while (wheel_.next() != TimerWheel::never) {
      wheel_.advance(wheel_.next());
      while (Timer* timer = wheel_.pop_expired()) expired.add(timer->expiry());
    }
    return expired;
  }

 private:
  struct Node final : Timer {
    void on_timer() override {}
  };
  std::vector<Node> timers_;
  TimerWheel wheel_;
};

// As well as a multimap can do it: each timer knows its node, and a moved one keeps it.
class MapTimers {
 public:
  explicit MapTimers(std::size_t count) : places_(count) {}
  void arm(std::size_t index, Tick expiry) { places_[index] = map_.emplace(expiry, index); }
  void move(std::size_t index, Tick expiry) {
    auto node = map_.extract(places_[index]);
    node.key() = expiry;
    places_[index] = map_.insert(std::move(node));
  }
  void cancel(std::size_t index) { map_.erase(places_[index]); }
  std::size_t size() const { return map_.size(); }
  Sequence expire_all() {
    Sequence expired;
    while (!map_.empty()) {
      const Tick now = map_.begin()->first;
      while (!map_.empty() && map_.begin()->first <= now) {
        expired.add(map_.begin()->first);
        map_.erase(map_.begin());
      }
    }
    return expired;
  }

 private:
  using Map = std::multimap<Tick, std::size_t>;
  Map map_;
  std::vector<Map::iterator> places_;
};

constexpr std::array operations{"arm", "move", "cancel", "expire"};
using TimerSamples = std::array<Samples, operations.size()>;

template <typename Timers>
void timer_round(const TimerWork& work, TimerSamples& samples) {
  const std::size_t count = work.first.size(), chosen = work.chosen.size();
  Timers timers(count);
  for (std::size_t index = 0; index < count; ++index) timers.arm(index, work.first[index]);
  samples[1].push_back(nanoseconds_each(chosen, [&] {
    for (std::size_t at = 0; at < chosen; ++at) timers.move(work.chosen[at], work.moved[at]);
  }));
  require(timers.size() == count, "moving changed the number of timers");
  samples[2].push_back(nanoseconds_each(chosen, [&] {
    for (const std::size_t index : work.chosen) timers.cancel(index);
  }));
  require(timers.size() == count - chosen, "cancelling left another number of timers");
  samples[0].push_back(nanoseconds_each(chosen, [&] {
    for (std::size_t at = 0; at < chosen; ++at) timers.arm(work.chosen[at], work.last[at]);
  }));
  require(timers.size() == count, "arming made another number of timers");
  Sequence expired;
  samples[3].push_back(nanoseconds_each(count, [&] { expired = timers.expire_all(); }));
  require(expired == work.expected && timers.size() == 0, "other timers expired, or in another order");
}

void timer_table() {
  std::puts("| timers | operation | TimerWheel, ns | std::multimap, ns | ratio |\n|---|---|---|---|---|");
  struct Row {
    std::size_t timers;
    int rounds;
  };
  for (const auto& [timers, rounds] :
       {Row{1'000, 301}, Row{10'000, 51}, Row{100'000, 11}, Row{1'000'000, 3}}) {
    const TimerWork work = timer_work(timers);
    TimerSamples wheel, map;
    for (int round = 0; round < rounds; ++round) {
      timer_round<WheelTimers>(work, wheel);
      timer_round<MapTimers>(work, map);
    }
    for (std::size_t at = 0; at < operations.size(); ++at) {
      const double ours = median(wheel[at]), theirs = median(map[at]);
      std::printf("| %zu | %s | %.1f | %.1f | %.1f |\n", timers, operations[at], ours, theirs, theirs / ours);
    }
  }
}

// ---- Lines: as many bytes as the loop receives at once, again and again.

struct Found {
  std::size_t lines = 0, bytes = 0;
  bool operator==(const Found&) const = default;
};

[[gnu::noinline]] Found split(std::string_view text) {
  LineSplitter splitter;
  Found found;
  const char* at = text.data();
  std::string_view line;
  while (splitter.next(at, text.data() + text.size(), line) == LineSplitter::Found::line) {
    ++found.lines;
    found.bytes += line.size();
  }
  return found;
}

[[gnu::noinline]] Found search(std::string_view text) {
  Found found;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
    ++found.lines;
    found.bytes += static_cast<std::size_t>(static_cast<const char*>(newline) - at);
    at = static_cast<const char*>(newline) + 1;
  }
  return found;
}

// Bytes per nanosecond: GB/s.
double line_rate(const std::string& text, Found expected, Found (*find)(std::string_view)) {
  constexpr std::size_t times = 128;
  Found found;
  const double each = nanoseconds_each(times, [&] {
    for (std::size_t time = 0; time < times; ++time) {
      std::string_view bytes = text;
      asm volatile("" : "+m"(bytes) : : "memory");  // the bytes may be others: search them again
      const Found now = find(bytes);
      found.lines += now.lines;
      found.bytes += now.bytes;
    }
  });
  require(found == Found{expected.lines * times, expected.bytes * times}, "other lines were found");
  return static_cast<double>(text.size()) / each;
}

void line_table() {
  std::puts("| bytes of a line | LineSplitter, GB/s | bare memchr, GB/s | ratio |\n|---|---|---|---|");
  for (const std::size_t length : {8U, 64U, 1024U}) {
    std::string text(Reactor::scratch_size, 'x');
    for (std::size_t at = length - 1; at < text.size(); at += length) text[at] = '\n';
    const std::size_t lines = text.size() / length;
    const Found expected{lines, text.size() - lines};
    Samples splitter, bare;
    for (int round = 0; round < 21; ++round) {
      splitter.push_back(line_rate(text, expected, split));
      bare.push_back(line_rate(text, expected, search));
    }
    const double ours = median(splitter), theirs = median(bare);
    std::printf("| %zu | %.2f | %.2f | %.2f |\n", length, ours, theirs, ours / theirs);
  }
}

// ---- Tasks.

Task<> count_one(std::uint64_t& counter) {
  ++counter;
  co_return;
}

Task<> count_turns(Reactor& reactor, std::uint64_t& counter, std::size_t turns) {
  for (std::size_t turn = 0; turn < turns; ++turn) {
    co_await reactor.next_turn();
    ++counter;
  }
}

Task<> count_children(std::uint64_t& counter, std::size_t children) {
  for (std::size_t child = 0; child < children; ++child) co_await count_one(counter);
}

void run(Reactor& reactor) {
  require(reactor.run().has_value(), "the reactor has failed");
  require(reactor.live_tasks() == 0, "a task is left");
}

double spawn_cost() {
  constexpr std::size_t tasks = 1'000, times = 20;
  Reactor reactor;
  std::uint64_t counter = 0;
  const double each = nanoseconds_each(tasks * times, [&] {
    for (std::size_t time = 0; time < times; ++time) {
      for (std::size_t task = 0; task < tasks; ++task) reactor.spawn(count_one(counter));
      run(reactor);
    }
  });
  require(counter == tasks * times, "another number of tasks ran");
  return each;
}

double resume_cost(std::size_t tasks, std::size_t turns) {
  Reactor reactor;
  std::uint64_t counter = 0;
  for (std::size_t task = 0; task < tasks; ++task) reactor.spawn(count_turns(reactor, counter, turns));
  const double each = nanoseconds_each(tasks * turns, [&] { run(reactor); });
  require(counter == tasks * turns, "another number of resumptions happened");
  require(reactor.turns() >= turns, "two resumptions of a task happened in one turn");
  return each;
}

double await_cost() {
  constexpr std::size_t children = 20'000;
  Reactor reactor;
  std::uint64_t counter = 0;
  reactor.spawn(count_children(counter, children));
  const double each = nanoseconds_each(children, [&] { run(reactor); });
  require(counter == children, "another number of awaited tasks ran");
  return each;
}

void task_table() {
  Samples spawned, resumed, alone, awaited;
  for (int round = 0; round < 31; ++round) {
    spawned.push_back(spawn_cost());
    resumed.push_back(resume_cost(1'000, 50));
    alone.push_back(resume_cost(1, 5'000));
    awaited.push_back(await_cost());
  }
  std::puts("| a task | ns |\n|---|---|");
  std::printf("| awaited by another: made, run to its end, freed | %.1f |\n", median(awaited));
  std::printf("| spawned: made, queued, run to its end, freed; 1,000 in a turn | %.1f |\n", median(spawned));
  std::printf("| resumed through the queue; 1,000 in a turn | %.1f |\n", median(resumed));
  std::printf("| resumed through the queue; alone in a turn, with its epoll_wait(2) | %.1f |\n",
              median(alone));
}

}  // namespace

int main() {
  timer_table();
  std::puts("");
  line_table();
  std::puts("");
  task_table();
}
