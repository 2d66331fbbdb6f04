#include "load/crew/crew.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "load/crew/children.hpp"
#include "load/crew/worker.hpp"
#include "load/result/result_json.hpp"
#include "reactord/context.hpp"
#include "reactord/listener.hpp"
#include "reactord/signals.hpp"

namespace reactord::load {
namespace {

constexpr Duration head_start = 5ms;  // for the word to reach all of them

// A second of which not all processes have told yet.
struct SecondSum {
  LoadSecond sum;
  Histogram responses;
};

struct Link {
  Conn conn;
  std::size_t told = 0;  // seconds
  LoadSecond so_far;     // before the first of them
  bool is_ready = false;
  bool has_ended = false;
};

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return false;
  text.remove_prefix(std::min(static_cast<std::size_t>(end - text.data()) + 1, text.size()));
  return true;
}

class Foreman {
 public:
  Foreman(Reactor& reactor, CrewRun& run, CrewObserver& observer)
      : reactor_(reactor), run_(run), observer_(observer) {}

  void add(Conn link) { links_.push_back(std::make_unique<Link>(std::move(link))); }

  void start() {
    working_ = links_.size();
    for (const auto& link : links_) reactor_.spawn(listen(*link));
  }

  Task<> obey_signals(Signals& signals) {
    auto first = co_await signals.next();
    if (!first) co_return;
    const Time came = monotonic_now();
    was_told_to_end_ = true;
    for (const auto& link : links_) reactor_.spawn(tell(link->conn, "stop\n"));
    reactor_.spawn(announce_interruption());
    while (monotonic_now() - came < same_instant) {
      auto second = co_await signals.next();
      if (!second) co_return;
    }
    run_.aborted = true;
    reactor_.stop();
  }

  // Once all of them have ended.
  void conclude() {
    if (run_.result.interrupted && !was_told_to_end_)
      fail("a process of the generator was told to end by a signal");
    run_.result.interrupted = was_told_to_end_;
  }

 private:
  void fail(const char* what) {
    LoadError& error = run_.result.errors["process ended"];
    if (error.count++ == 0) error.first_example = what;
  }

  Task<> listen(Link& link) {
    LineInput input(link.conn);
    bool is_done = false;
    while (true) {
      auto line = co_await input.next();
      if (!line) break;
      is_done = take_result(*line);
      if (is_done || !take(link, *line)) break;
    }
    if (!is_done && !run_.aborted)
      fail("a process of the generator ended before it was done, and what it has measured is lost");
    --working_;
    link.has_ended = true;
    // Who is gone is neither waited for at the start nor at the end of a second.
    start_if_ready();
    tell_seconds();
    if (working_ == 0) reactor_.spawn(finish());
  }

  // A process that was signalled with the whole group may have ended before we have seen the signal.
  Task<> finish() {
    if (run_.result.interrupted && !was_told_to_end_) {
      auto slept = co_await reactor_.sleep(same_instant);
    }
    reactor_.stop();
  }

  Task<> announce_interruption() {
    auto slept = co_await reactor_.sleep(same_instant);
    if (slept) observer_.on_interrupted();
  }

  static Task<> tell(Conn& link, std::string text) {
    auto written = co_await link.write(text);
    if (!written) link.abort();
  }

  // False: it is no line of theirs.
  bool take(Link& link, std::string_view line) {
    if (line.starts_with("opening ")) return take_prelude(link, Progress::Phase::opening, line.substr(8));
    if (line.starts_with("warm-up ")) return take_prelude(link, Progress::Phase::warming_up, line.substr(8));
    if (line.starts_with("second ")) return take_second(link, line.substr(7));
    if (line != "ready") return false;
    link.is_ready = true;
    start_if_ready();
    return true;
  }

  bool take_result(std::string_view line) {
    if (!line.starts_with("result ")) return false;
    const auto result = read_result_json(line.substr(7));
    if (result) run_.result.merge(*result);
    return result.has_value();
  }

  void start_if_ready() {
    const auto is_waited_for = [](const std::unique_ptr<Link>& link) {
      return !link->is_ready && !link->has_ended;
    };
    if (started_ || working_ == 0 || std::ranges::any_of(links_, is_waited_for)) return;
    started_ = true;
    const Time start = monotonic_now() + head_start;
    for (const auto& link : links_) {
      reactor_.spawn(tell(link->conn, "start " + std::to_string(start.nanoseconds()) + "\n"));
    }
  }

  bool take_prelude(Link& link, Progress::Phase phase, std::string_view text) {
    LoadSecond& told = link.so_far;
    const bool right = take_number(text, told.requests) && take_number(text, told.errors) &&
                       take_number(text, told.open_connections);
    LoadSecond sum;
    for (const auto& one : links_) {
      sum.requests += one->so_far.requests;
      sum.errors += one->so_far.errors;
      sum.open_connections += one->so_far.open_connections;
    }
    const auto speaks = std::ranges::find(links_, false, [](const auto& one) { return one->has_ended; });
    if (right && speaks->get() == &link) observer_.on_prelude(phase, sum);
    return right;
  }

  bool take_second(Link& link, std::string_view text) {
    std::uint64_t number = 0, requests = 0, errors = 0, open = 0;
    const bool right = take_number(text, number) && take_number(text, requests) &&
                       take_number(text, errors) && take_number(text, open);
    const auto responses = Histogram::from_text(text);
    if (!right || !responses || number != link.told) return false;
    if (number - told_ >= seconds_.size()) seconds_.resize(number - told_ + 1);
    SecondSum& second = seconds_[number - told_];
    second.sum.requests += requests;
    second.sum.errors += errors;
    second.sum.open_connections += open;
    second.responses.merge(*responses);
    ++link.told;
    tell_seconds();
    return true;
  }

  void tell_seconds() {
    const auto has_told = [this](const std::unique_ptr<Link>& link) {
      return link->has_ended || link->told > told_;
    };
    while (!seconds_.empty() && std::ranges::all_of(links_, has_told)) {
      SecondSum& second = seconds_.front();
      second.sum.p50 = second.responses.at(0.5);
      second.sum.p99 = second.responses.at(0.99);
      second.sum.max = second.responses.max();
      run_.result.seconds.push_back(second.sum);
      ++told_;
      observer_.on_second(told_, second.sum);
      seconds_.erase(seconds_.begin());
    }
  }

  Reactor& reactor_;
  CrewRun& run_;
  CrewObserver& observer_;
  std::vector<std::unique_ptr<Link>> links_;
  std::size_t working_ = 0;
  bool started_ = false, was_told_to_end_ = false;
  std::vector<SecondSum> seconds_;  // from the first that was not told yet
  std::size_t told_ = 0;
};

struct Started {
  std::vector<pid_t> workers;
  std::vector<int> links;
};

// Nothing: this is a worker, and it is done.
std::optional<Started> start_workers(const LoadOptions& options, CrewRun& run) {
  Started started;
  for (std::uint64_t index = 0; index < options.processes; ++index) {
    int ends[2];
    const int failure = system::socket_pair(ends);
    const pid_t pid = failure < 0 ? failure : system::fork();
    if (pid == 0) {
      for (const int link : started.links) system::close(link);
      system::close(ends[0]);
      run_worker(share_of(options, index), ends[1]);
      return std::nullopt;
    }
    if (failure == 0) system::close(ends[1]);
    if (pid < 0) {
      if (failure == 0) system::close(ends[0]);
      run.failure = "can't start a process: " + errno_text(-pid);
      return started;
    }
    started.workers.push_back(pid);
    started.links.push_back(ends[0]);
  }
  return started;
}

void supervise(const std::vector<int>& links, CrewRun& run, CrewObserver& observer) {
  Reactor reactor;
  auto signals = Signals::open(reactor, {SIGINT, SIGTERM});
  Foreman foreman(reactor, run, observer);
  if (!signals) run.failure = signals.error().text();
  for (const int link : links) {
    auto conn = adopt_conn(reactor, link);
    if (conn) {
      foreman.add(std::move(*conn));
    } else {
      run.failure = conn.error().text();
      system::close(link);
    }
  }
  if (!run.failure.empty()) return;  // the links are closed by it, which ends the workers
  foreman.start();
  reactor.spawn(foreman.obey_signals(*signals));
  const auto ran = reactor.run();
  if (!ran) run.failure = ran.error().text();
  foreman.conclude();
  reactor.shutdown();
}

}  // namespace

CrewRun run_crew(const LoadOptions& options, CrewObserver& observer) {
  CrewRun run;
  run.result.open_loop = options.is_open_loop();
  system::block_signal(SIGINT);  // of the terminal: the workers are told by us
  system::block_signal(SIGTERM);
  auto started = start_workers(options, run);
  if (!started) {
    run.is_worker = true;
    return run;
  }
  if (run.failure.empty()) {
    supervise(started->links, run, observer);
  } else {
    for (const int link : started->links) system::close(link);  // which ends them
  }
  for (const pid_t worker : started->workers) {
    if (run.aborted) kill_child(worker);
    system::wait_for_child(worker);
  }
  if (!run.result.open_loop && run.result.response.count() == 0) run.result.response = run.result.service;
  return run;
}

}  // namespace reactord::load
