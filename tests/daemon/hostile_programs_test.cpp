// Four workers under thousands of connections, while they are killed, stopped and told to misbehave in all ways. In
// make test there are hundreds of connections, for three seconds; make hostile-programs has 9,000, for thirty, in rounds of
// calm and chaos: how long others wait in the one is held against the other.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <random>
#include <sstream>
#include <thread>

#include "support/askers.hpp"
#include "support/configured.hpp"
#include "support/misbehaving.hpp"
#include "support/processes.hpp"
#include "support/well_behaved.hpp"

using test::Askers;
using test::Clock;
using test::Configured;
using test::Process;
using test::WellBehaved;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t MiB = 1024 * 1024;
constexpr std::size_t workers = 4;
// A start of a program holds up the loop until it runs: 0.1 ms where a processor is idle, a slice of the scheduler more where the
// clients and the programs keep all of them busy. There are a dozen a second, so one question in a hundred meets one.
constexpr auto start_time = 2ms;

std::size_t rounds() { return test::is_thorough() ? 3 : 1; }
std::size_t connections() { return test::is_thorough() ? 9000 : 400; }

// As docs/operations.md and docs/programs.md have it: what it has at first, for each connection, for each worker its queue, its
// notices and an answer without end, what is sent to clients, and what the log and its clients' turn hold for a moment.
std::size_t most_memory() {
  return 8 * MiB + connections() * 4096 + workers * (2 + 2 + 2) * MiB + 128 * MiB + 16 * MiB;
}

std::string configuration(const std::string& mark, std::size_t count = workers) {
  return "max-buffers = 128MiB\nlisten = w@unix:DIRw\nlisten = line@unix:DIRl\nprogram = w "
         "workers=" +
         std::to_string(count) + " timeout=" + (test::is_thorough() ? "3s" : "1s") + " notices=yes " +
         test::misbehaving_program() + " worker " + mark + '\n';
}

// One misdeed after the other, in an order of its own: done to a worker, or said to it; and reloads.
class Chaos {
 public:
  Chaos(Configured& daemon, std::string mark, Askers& askers)
      : daemon_(daemon), mark_(std::move(mark)), askers_(askers) {}

  void turn() {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + 80ms;
    if (done_ % misdeeds_.size() == 0) std::ranges::shuffle(misdeeds_, random_);
    const std::string_view misdeed = misdeeds_[done_++ % misdeeds_.size()];
    if (misdeed == "SIGKILL") {
      signal_one(SIGKILL);
    } else if (misdeed == "SIGSTOP") {
      signal_one(SIGSTOP);
    } else if (misdeed == "reload") {
      count_ = workers + workers / 2 - count_;
      daemon_.reload(configuration(mark_, count_));
    } else {
      askers_.say_once(" do:" + std::string(misdeed));
    }
  }
  std::size_t done() const noexcept { return done_; }

 private:
  void signal_one(int number) {
    const std::vector<pid_t> pids = test::children_of(daemon_.process().pid());
    if (!pids.empty()) ::kill(pids[random_() % pids.size()], number);
  }

  Configured& daemon_;
  const std::string mark_;
  Askers& askers_;
  std::mt19937 random_{20250102};
  std::array<std::string_view, 15> misdeeds_{"reload", "SIGKILL", "SIGSTOP", "exit",         "crash",
                                             "spew",   "half",    "rave",    "stranger",     "push",
                                             "stderr", "fork",    "nothing", "close-output", "close-input"};
  std::size_t done_ = 0;
  std::size_t count_ = workers;  // it is that, or half of it
  Clock::time_point next_{};
};

// The waits of a well-behaved client that one in a hundred exceeds, in each round.
struct Waits {
  std::vector<Clock::duration> calm, chaos;
};

Waits waits_in(const WellBehaved& client, const std::vector<std::array<Clock::time_point, 3>>& times) {
  Waits waits;
  for (const auto& [calm, began, ended] : times) {
    waits.calm.push_back(client.p99(calm, began));
    waits.chaos.push_back(client.p99(began, ended));
  }
  return waits;
}

Clock::duration median(std::vector<Clock::duration> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::uint64_t sum_of(const std::string& log, std::string_view event, const std::string& key) {
  std::uint64_t sum = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(event) == std::string::npos) continue;
    const std::size_t at = line.find(' ' + key + '=');
    if (at != std::string::npos) sum += std::stoull(line.substr(at + key.size() + 2));
  }
  return sum;
}

std::size_t count_of(const std::string& text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// No process and no descriptor is there but those that there were at first. Not looked at twice: a worker may just be replaced.
void wait_until_as_before(Process& daemon, std::size_t descriptors, const std::string& mark) {
  std::size_t children = 0, marked = 0, open = 0;
  const auto is_as_before = [&] {
    daemon.read_log();
    children = test::children_of(daemon.pid()).size();
    marked = test::processes_with(mark);
    open = daemon.descriptors();
    return children == workers && marked == workers && open == descriptors;
  };
  for (const auto until = Clock::now() + test::patience; !is_as_before() && Clock::now() < until;)
    std::this_thread::sleep_for(10ms);
  CHECK(children == workers);
  CHECK(marked == workers);
  CHECK(open == descriptors);
}

void check_books(const Askers::Books& books, const std::string& log) {
  CHECK(books.asked == books.answered + books.lost + books.unanswered);
  const std::uint64_t lost = sum_of(log, "event=program-ended", "lost");
  CHECK(count_of(log, "event=omitted kind=program-ended") == 0);
  CHECK(count_of(log, "event=log-lines-dropped") == 0);
  CHECK(lost == books.lost);
  CHECK(books.broken_off == 0);  // their lines are small: max-buffers has no reason
  CHECK(books.answered > books.asked / 4);
  CHECK(books.lost > 0);
  if (!test::is_thorough()) return;  // a worker may be killed before it has told who is late
  CHECK(books.late > 0);
  CHECK(books.pushes > 0);
}

}  // namespace

TEST_CASE(
    "hostile programs: each line is answered once by its own answer or ERR, memory is bounded, others are "
    "served") {
  test::raise_descriptor_limit();
  const test::TemporaryDirectory unique;
  const std::string mark = unique.path("hostile");
  Configured configured(configuration(mark));
  Process& daemon = configured.process();
  for (std::size_t worker = 1; worker <= workers; ++worker) daemon.wait_for_log({"event=program-started"});
  daemon.wait_for_log({"event=limits"});
  const std::size_t descriptors = daemon.descriptors() + 1;
  WellBehaved well_behaved(configured.address("l"));
  test::wait_until("it is served", [&] { return daemon.descriptors() == descriptors; });

  Askers askers(connections(), configured.address("w"), test::is_thorough() ? 2s : 100ms, 4);
  std::size_t peak = 0;
  Clock::time_point next_look{};
  const auto look = [&] {
    if (Clock::now() < next_look) return;
    next_look = Clock::now() + 20ms;
    daemon.read_log();
    peak = std::max(peak, daemon.resident_bytes());
  };
  const std::chrono::milliseconds time = test::hostile_time(3s) / rounds();
  askers.run_for(time / 6, look);
  Chaos chaos(configured, mark, askers);
  std::vector<std::array<Clock::time_point, 3>> times;  // calm, chaos, the end of it
  std::size_t calm_peak = 0;
  while (times.size() < rounds()) {
    const auto calm = Clock::now();
    askers.run_for(time / 6, look);
    if (times.empty()) {
      CHECK(askers.books().lost + askers.books().unanswered == 0);
      CHECK(askers.are_all_connected());
      calm_peak = peak;
    }
    const auto began = Clock::now();
    askers.run_for(time / 2, [&] {
      chaos.turn();
      look();
    });
    times.push_back({calm, began, Clock::now()});
    configured.reload(configuration(mark));  // no worker waits for its turn to start again
    askers.run_for(time / 3, look);          // those that hang are found out
  }
  askers.finish(look);
  well_behaved.stop();

  CHECK(askers.wrong() == "");
  CHECK(well_behaved.wrong() == "");
  wait_until_as_before(daemon, descriptors, mark);
  const std::size_t afterwards = daemon.resident_bytes();
  CHECK(daemon.stop() == 0);
  CHECK(test::processes_with(mark) == 0);
  const std::string log = daemon.errors();
  check_books(askers.books(), log);

  const Askers::Books& books = askers.books();
  const Waits waits = waits_in(well_behaved, times);
  MESSAGE(chaos.done() << " misdeeds, " << count_of(log, "event=program-started") << " workers, "
                       << books.connections << " connections; " << books.asked << " lines: " << books.answered
                       << " answered, " << books.lost << " lost, " << books.unanswered << " unanswered of "
                       << books.late << " late connections and " << books.broken_off << " broken off; "
                       << books.pushes << " pushes; others wait at p99 " << median(waits.calm) / 1us
                       << " us in calm, " << median(waits.chaos) / 1us << " us in chaos, at most "
                       << well_behaved.slowest() / 1us << " us; resident in calm " << calm_peak / 1024
                       << " KiB, at most " << peak / 1024 << " KiB of " << most_memory() / 1024
                       << " KiB, afterwards " << afterwards / 1024 << " KiB");
  CHECK(well_behaved.answers() > 100);
  CHECK(well_behaved.slowest() < (test::is_thorough() ? 1s : 2s));
  if (test::is_thorough() && !test::is_sanitized()) {
    CHECK(median(waits.chaos) < 2 * median(waits.calm) + start_time);
  }
  if (!test::is_sanitized()) CHECK(peak < most_memory());
}
