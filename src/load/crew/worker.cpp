#include "load/crew/worker.hpp"

#include <charconv>
#include <csignal>
#include <utility>

#include "load/engine/engine.hpp"
#include "load/result/result_json.hpp"
#include "reactord/buffered_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/signals.hpp"

namespace reactord::load {
namespace {

constexpr Duration outbox_interval = 20ms;

class Worker final : EngineObserver {
 public:
  Worker(Reactor& reactor, const LoadOptions& share, Conn link)
      : reactor_(reactor),
        link_(std::move(link)),
        input_(link_, longest_line, longest_line),
        engine_(reactor, share, *this),
        started_(reactor) {}

  Task<> run() {
    co_await engine_.open();
    outbox_ += "ready\n";
    auto started = co_await started_.done();
    auto result = co_await engine_.measure(start_);
    result.interrupted = was_interrupted_;
    outbox_ += "result " + result_json(result, true);
    is_done_ = true;
  }

  Task<> read_link() {
    while (true) {
      auto line = co_await input_.read_until('\n');
      if (!line) break;
      handle_line(line->substr(0, line->size() - 1));
    }
    // No process reads the result any more. The engine is stopped too, since its retries would never end.
    engine_.stop();
    reactor_.stop();
  }

  // The supervisor gets the same signal, or else sees in the result that this share was interrupted.
  Task<> handle_signals(Signals& signals) {
    auto first = co_await signals.next();
    if (!first) co_return;
    const Time came = monotonic_now();
    was_interrupted_ = true;
    stop();
    while (monotonic_now() - came < same_instant) {
      auto second = co_await signals.next();
      if (!second) co_return;
    }
    engine_.stop();
    reactor_.stop();
  }

  Task<> write_link() {
    while (!is_done_ || !outbox_.empty()) {
      if (outbox_.empty()) {
        auto slept = co_await reactor_.sleep(outbox_interval);
        if (!slept) co_return;
        continue;
      }
      const std::string text = std::exchange(outbox_, {});
      auto written = co_await link_.write(text);
      if (!written) break;
    }
    auto finished = co_await link_.finish();
    reactor_.stop();
  }

 private:
  void stop() {
    engine_.stop();
    started_.cancel();
  }

  void handle_line(std::string_view line) {
    if (line == "stop") {
      stop();
    } else if (line.starts_with("start ")) {
      std::int64_t nanoseconds = 0;
      std::from_chars(line.data() + 6, line.data() + line.size(), nanoseconds);
      start_ = Time::from_nanoseconds(nanoseconds);
      started_.cancel();
    }
  }

  void queue_prelude(const char* phase, const LoadSecond& so_far) {
    outbox_ += std::string(phase) + " " + std::to_string(so_far.requests) + " " +
               std::to_string(so_far.errors) + " " + std::to_string(so_far.open_connections) + "\n";
  }
  void on_opening(const LoadSecond& so_far) override { queue_prelude("opening", so_far); }
  void on_warm_up(const LoadSecond& so_far) override { queue_prelude("warm-up", so_far); }

  void on_second(const LoadSecond& second, const Histogram& responses) override {
    outbox_ += "second " + std::to_string(seconds_++) + " " + std::to_string(second.requests) + " " +
               std::to_string(second.errors) + " " + std::to_string(second.open_connections) + " " +
               responses.to_text() + "\n";
  }

  Reactor& reactor_;
  Conn link_;
  BufferedReader input_;
  Engine engine_;
  Context started_;  // done once the supervisor has sent the start, or a stop
  Time start_;
  std::string outbox_;
  std::uint64_t seconds_ = 0;
  bool is_done_ = false, was_interrupted_ = false;
};

std::uint64_t part_of(std::uint64_t whole, std::uint64_t index, std::uint64_t parts) {
  return whole / parts + (index < whole % parts ? 1 : 0);
}

}  // namespace

LoadOptions share_of(const LoadOptions& options, std::uint64_t index) {
  LoadOptions share = options;
  const std::uint64_t parts = options.processes;
  share.process = index;
  share.connections = part_of(options.connections, index, parts);
  share.hold = part_of(options.hold, index, parts);
  share.rate = options.rate / static_cast<double>(parts);
  share.first_connection = 0;
  for (std::uint64_t before = 0; before < index; ++before) {
    share.first_connection +=
        part_of(options.connections, before, parts) + part_of(options.hold, before, parts);
  }
  return share;
}

void run_worker(const LoadOptions& share, int link) {
  Reactor reactor;
  auto conn = adopt_conn(reactor, link);
  auto signals = Signals::open(reactor, {SIGINT, SIGTERM});
  if (!conn || !signals) return;  // the supervisor sees the link closed
  Worker worker(reactor, share, std::move(*conn));
  reactor.spawn(worker.handle_signals(*signals));
  reactor.spawn(worker.read_link());
  reactor.spawn(worker.write_link());
  reactor.spawn(worker.run());
  auto ran = reactor.run();
  reactor.shutdown();
}

}  // namespace reactord::load
