#include "load/engine/engine.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/quantity.hpp"
#include "base/system.hpp"
#include "base/system_process.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t opened_at_once = 64;  // below any backlog
constexpr Duration watch_interval = 20ms, longest_check_interval = 500ms;
constexpr Duration longest_catch_up = 100ms;  // for requests that the generator itself made late at the end
constexpr Duration prelude_interval = 1s;     // between two reports before the measured window
constexpr double busy_share = 0.95;
constexpr double missed_share = 0.01;  // of the requests
constexpr double stalled_share = 0.1;  // of the time

std::string percent(double share) {
  std::array<char, 16> text;
  const int length = std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

Engine::Engine(Reactor& reactor, const LoadOptions& options, EngineObserver& observer)
    : reactor_(reactor),
      options_(options),
      observer_(observer),
      recorder_(options.is_open_loop(), options.timeout),
      until_drained_(reactor),
      until_over_(reactor),
      until_opened_(reactor) {
  if (!options.script) {
    const Template* expect = options.expect ? &*options.expect : nullptr;
    templates_.reset(
        new Exchange::Templates{*options.send, expect, options.seed, options.depth, reactor.buffers()});
  }
  state_.reset(new EngineState{reactor, options, templates_.get(), recorder_, until_drained_, until_over_});
  recorder_.result().connections_wanted = options.connections + options.hold;
  if (options.is_open_loop()) {
    pacer_ = std::make_unique<Pacer>(*state_, options);
    state_->pacer = pacer_.get();
    state_->on_free = [](void* pacer, Connection& connection) {
      static_cast<Pacer*>(pacer)->add_free(connection);
    };
  }
  for (std::uint64_t index = 0; index < options.connections; ++index) {
    const std::uint64_t number = options.first_connection + index;
    if (options.script) {
      players_.push_back(std::make_unique<Player>(*state_, *options.script, number));
    } else {
      connections_.push_back(std::make_unique<Connection>(*state_, number));
    }
  }
  if (options.hold > 0) {
    idle_connections_ = std::make_unique<IdleConnections>(
        *state_, options.first_connection + options.connections, options.hold);
  }
}

Engine::~Engine() = default;

Task<> Engine::open() {
  Context until_all_are_open(reactor_);
  reactor_.spawn(open_all(until_all_are_open));
  while (!until_all_are_open.is_done()) {
    auto slept = co_await until_all_are_open.sleep(prelude_interval);
    if (slept) observer_.on_opening(so_far());
  }
}

LoadSecond Engine::so_far() const {
  LoadSecond second;
  second.requests = recorder_.result().warmup_answered;
  for (const auto& [name, error] : recorder_.result().errors) second.errors += error.count;
  second.open_connections = state_->open;
  return second;
}

Task<> Engine::open_all(Context& done) {
  if (idle_connections_) {
    co_await idle_connections_->open();
  }
  if (options_.connection_per_request || connections_.empty()) {
    done.cancel();
    co_return;
  }
  opening_ = options_.ramp > 0ns ? 1 : std::min(opened_at_once, connections_.size());
  for (std::size_t left = opening_; left > 0; --left) reactor_.spawn(open_some());
  auto opened = co_await until_opened_.done();
  done.cancel();
}

Task<> Engine::open_some() {
  const Time begun = reactor_.now();
  while (next_to_open_ < connections_.size() && !state_->is_ending()) {
    const std::size_t index = next_to_open_++;
    if (options_.ramp > 0ns) {
      const auto share = static_cast<double>(index) / static_cast<double>(connections_.size());
      const Duration wait(static_cast<std::int64_t>(share * static_cast<double>(options_.ramp.count())));
      auto slept = co_await until_drained_.sleep_until(begun + wait);
      if (!slept) break;
    }
    Connection& connection = *connections_[index];
    co_await connection.open();
    reactor_.spawn(connection.run());  // redials if open() has failed
  }
  if (--opening_ == 0) until_opened_.cancel();
}

void Engine::start_connections() {
  state_->phase = EngineState::Phase::running;
  for (const auto& player : players_) reactor_.spawn(player->run());
  if (pacer_) {
    for (const auto& connection : connections_) pacer_->add_free(*connection);
    reactor_.spawn(pacer_->run());
    return;
  }
  for (const auto& connection : connections_) {
    if (options_.connection_per_request) {
      reactor_.spawn(connection->run_connection_per_request());
    } else {
      connection->start();
    }
  }
}

Task<LoadResult> Engine::measure(Time start) {
  LoadResult& result = recorder_.result();
  const bool is_hopeless = result.connections_opened == 0 && !result.errors.empty();
  if (!is_hopeless) {
    auto slept = co_await until_drained_.sleep_until(start);
    // The window opens before the first request, so that the first request is measured too.
    const Time begin = reactor_.now() + options_.warmup;
    recorder_.measure(begin, begin + options_.duration);
    if (!state_->is_ending()) start_connections();
    reactor_.spawn(check_regularly());
    co_await run_seconds();
  }
  stop_sending();
  co_await drain();
  record_never_sent();
  judge_generator();
  co_return recorder_.finish();
}

// Counts the seconds until the end of the window or stop(). A last second that is cut short counts too.
Task<> Engine::run_seconds() {
  const Time begin = recorder_.begin();
  for (Time next = reactor_.now() + prelude_interval; next < begin; next = next + prelude_interval) {
    auto waited = co_await until_drained_.sleep_until(next);
    if (!waited) break;
    observer_.on_warm_up(so_far());
  }
  auto slept = co_await until_drained_.sleep_until(begin);
  const Time began = monotonic_now();
  const Duration processor_time_before = system::processor_time();
  if (slept) {
    for (int second = 1; slept && begin + second * 1s < recorder_.end(); ++second) {
      slept = co_await until_drained_.sleep_until(begin + second * 1s);
      if (slept) end_second();
    }
    if (slept) {
      slept = co_await until_drained_.sleep_until(recorder_.end());
    }
  }
  const Time last = monotonic_now() + longest_catch_up;
  while (pacer_ && pacer_->catch_up(monotonic_now()) && slept && monotonic_now() < last) {
    slept = co_await until_drained_.sleep(1ms);
  }
  const Time ended = monotonic_now();
  recorder_.end_at(ended);
  recorder_.result().duration = std::max(recorder_.end() - began, 0ns);
  end_second();
  processor_time_ = system::processor_time() - processor_time_before;
  wall_time_ = ended - began;
}

void Engine::end_second() {
  observer_.on_second(recorder_.end_second(state_->open), recorder_.responses_of_second());
}

void Engine::stop() { state_->stop_sending(); }

// Samples a turn in which the loop did not sleep. Other processes had the core for the rest of its wall time.
void Engine::sample_turn(Duration wall_time, Duration processor_time) {
  longest_turn_ = std::max(longest_turn_, wall_time);
  sampled_wall_time_ += wall_time;
  sampled_processor_time_ += std::min(processor_time, wall_time);
}

// The time between two checks of all connections.
Duration Engine::timeout_check_interval() const {
  return std::clamp(options_.timeout / 10, watch_interval, longest_check_interval);
}

// Fails replies that take longer than the timeout, and samples the loop's turns.
Task<> Engine::check_regularly() {
  ++state_->running;
  Time next_check;
  while (!state_->is_ending()) {
    const Time wanted = reactor_.now() + watch_interval;
    auto slept = co_await until_drained_.sleep_until(wanted);
    if (!slept) break;
    const Time began = monotonic_now();
    const Duration used_before = system::processor_time();
    co_await reactor_.next_turn();
    const Time now = monotonic_now();
    if (recorder_.is_measuring(began)) sample_turn(now - began, system::processor_time() - used_before);
    if (now < next_check) continue;
    next_check = now + timeout_check_interval();
    for (const auto& connection : connections_) connection->fail_if_late(now);
  }
  --state_->running;
}

void Engine::stop_sending() {
  state_->stop_sending();
  for (const auto& connection : connections_) {
    recorder_.result().in_flight_at_end += connection->in_flight();
    connection->end_if_idle();
  }
  for (const auto& player : players_) {
    recorder_.result().in_flight_at_end += player->in_flight();
    player->finish();
  }
  if (idle_connections_) idle_connections_->end();
}

// Waits for the replies that are still to come, for as long as one reply may take.
Task<> Engine::drain() {
  const Time deadline = monotonic_now() + options_.timeout;
  Time next_check;
  while (state_->running > 0) {
    auto slept = co_await reactor_.sleep(1ms);
    if (!slept) break;
    const Time now = reactor_.now();
    if (state_->phase == EngineState::Phase::over) continue;
    if (now >= next_check) {
      next_check = now + timeout_check_interval();
      for (const auto& connection : connections_) connection->fail_if_late(now);
    }
    if (now < deadline) continue;
    state_->phase = EngineState::Phase::over;
    until_over_.cancel();
    for (const auto& connection : connections_) connection->fail_unanswered();
    for (const auto& player : players_) player->fail_unanswered();
  }
}

void Engine::record_never_sent() {
  if (!pacer_) return;
  recorder_.result().unsent_by_generator = pacer_->unsent_by_generator();
  if (pacer_->never_sent() == 0) return;
  recorder_.failed(
      "send overdue",
      "requests that were due when the run ended and were never sent: no connection was free for them",
      pacer_->never_sent());
}

void Engine::judge_generator() {
  LoadResult& result = recorder_.result();
  if (wall_time_ <= 0ns) return;
  result.cpu_share = static_cast<double>(processor_time_.count()) / static_cast<double>(wall_time_.count());
  result.longest_turn = std::max(longest_turn_, pacer_ ? pacer_->longest_gap() : 0ns);
  result.bottleneck_reason = bottleneck_reason();
  result.is_bottleneck = !result.bottleneck_reason.empty();
}

// Says why the generator was the bottleneck. Empty: it was not. An open loop turns without sleeping, so a busy core
// proves nothing there.
std::string Engine::bottleneck_reason() {
  const LoadResult& result = recorder_.result();
  const auto share = [](auto part, auto whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  const std::uint64_t unsent = result.unsent_by_generator;
  const double missed = share(result.late_by_generator + unsent, result.sent + unsent);
  if (missed > missed_share) {
    return percent(missed) + " of the requests were sent more than " + duration_text(result.late_after) +
           " late, or never, by the generator itself: share the work with -t, or lower the rate";
  }
  if (!pacer_ && result.cpu_share > busy_share) {
    return "the generator itself used " + percent(result.cpu_share) +
           " of its core: share the work with -t, or the server may do more than this";
  }
  if (pacer_) {
    const double stalled = share(pacer_->stalled_time().count(), wall_time_.count());
    if (stalled < stalled_share) return "";
    return "the generator was kept from running for " + percent(stalled) +
           " of the time: give it a core of its own, or share the work with -t";
  }
  const double granted = share(sampled_processor_time_.count(), sampled_wall_time_.count());
  if (granted == 0 || result.cpu_share < busy_share * granted) return "";
  return "the generator ran for " + percent(result.cpu_share) +
         " of the time and was not given more: give it a core of its own, or share the work with -t";
}

}  // namespace reactord::load
