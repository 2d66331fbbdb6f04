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
constexpr Duration look_interval = 20ms, longest_look_interval = 500ms;
constexpr Duration longest_catch_up = 100ms;  // with what the generator itself was late for at the end
constexpr Duration prelude_interval = 1s;     // between two words of what goes on before it measures
constexpr double busy_share = 0.95;
constexpr double missed_share = 0.01;  // of the requests
constexpr double held_up_share = 0.1;  // of the time

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
    texts_.reset(new Exchange::Texts{*options.send, expect, options.seed, options.depth, reactor.buffers()});
  }
  common_.reset(new Common{reactor, options, texts_.get(), recorder_, until_drained_, until_over_});
  recorder_.result().connections_wanted = options.connections + options.hold;
  if (options.is_open_loop()) {
    pacer_ = std::make_unique<Pacer>(*common_, options);
    common_->pacer = pacer_.get();
    common_->on_free = [](void* pacer, Connection& connection) {
      static_cast<Pacer*>(pacer)->is_free(connection);
    };
  }
  for (std::uint64_t index = 0; index < options.connections; ++index) {
    const std::uint64_t number = options.first_connection + index;
    if (options.script) {
      players_.push_back(std::make_unique<Player>(*common_, *options.script, number));
    } else {
      connections_.push_back(std::make_unique<Connection>(*common_, number));
    }
  }
  if (options.hold > 0) {
    holding_ =
        std::make_unique<Holding>(*common_, options.first_connection + options.connections, options.hold);
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
  second.open_connections = common_->open;
  return second;
}

Task<> Engine::open_all(Context& done) {
  if (holding_) {
    co_await holding_->open();
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
  while (next_to_open_ < connections_.size() && !common_->is_ending()) {
    const std::size_t index = next_to_open_++;
    if (options_.ramp > 0ns) {
      const auto share = static_cast<double>(index) / static_cast<double>(connections_.size());
      const Duration wait(static_cast<std::int64_t>(share * static_cast<double>(options_.ramp.count())));
      auto slept = co_await until_drained_.sleep_until(begun + wait);
      if (!slept) break;
    }
    Connection& connection = *connections_[index];
    co_await connection.open();
    reactor_.spawn(connection.run());  // it tries again, should this have failed
  }
  if (--opening_ == 0) until_opened_.cancel();
}

void Engine::start_connections() {
  common_->phase = Common::Phase::running;
  for (const auto& player : players_) reactor_.spawn(player->run());
  if (pacer_) {
    for (const auto& connection : connections_) pacer_->is_free(*connection);
    reactor_.spawn(pacer_->run());
    return;
  }
  for (const auto& connection : connections_) {
    if (options_.connection_per_request) {
      reactor_.spawn(connection->run_visits());
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
    // The window opens before the first request, so that it is one of those that are measured.
    const Time begin = reactor_.now() + options_.warmup;
    recorder_.measure(begin, begin + options_.duration);
    if (!common_->is_ending()) start_connections();
    reactor_.spawn(watch_over());
    co_await run_seconds();
  }
  co_await drain();
  judge();
  co_return recorder_.take();
}

// Until the end, or stop(); then what was begun of a second is the last one.
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
  real_time_ = ended - began;
}

void Engine::end_second() {
  observer_.on_second(recorder_.end_second(common_->open), recorder_.responses_of_second());
}

void Engine::stop() { common_->stop_sending(); }

// One turn of many, in which the loop did not sleep: what it took of the clock and not of the processor, others had.
void Engine::sample_turn(Duration took, Duration used) {
  longest_turn_ = std::max(longest_turn_, took);
  turns_took_ += took;
  turns_used_ += std::min(used, took);
}

// Between two looks at all connections, which are many.
Duration Engine::look_pause() const {
  return std::clamp(options_.timeout / 10, look_interval, longest_look_interval);
}

// Replies that take too long; and how long the loop's turns are.
Task<> Engine::watch_over() {
  ++common_->running;
  Time look_again;
  while (!common_->is_ending()) {
    const Time wanted = reactor_.now() + look_interval;
    auto slept = co_await until_drained_.sleep_until(wanted);
    if (!slept) break;
    const Time began = monotonic_now();
    const Duration used_before = system::processor_time();
    co_await reactor_.next_turn();
    const Time now = monotonic_now();
    if (recorder_.is_measuring(began)) sample_turn(now - began, system::processor_time() - used_before);
    if (now < look_again) continue;
    look_again = now + look_pause();
    for (const auto& connection : connections_) connection->fail_if_late(now);
  }
  --common_->running;
}

Task<> Engine::drain() {
  common_->stop_sending();
  for (const auto& connection : connections_) {
    recorder_.result().in_flight_at_end += connection->in_flight();
    connection->end_if_idle();
  }
  for (const auto& player : players_) {
    recorder_.result().in_flight_at_end += player->in_flight();
    player->finish();
  }
  if (holding_) holding_->end();
  const Time deadline = monotonic_now() + options_.timeout;
  Time look_again;
  while (common_->running > 0) {
    auto slept = co_await reactor_.sleep(1ms);
    if (!slept) break;
    const Time now = reactor_.now();
    if (common_->phase == Common::Phase::over) continue;
    if (now >= look_again) {
      look_again = now + look_pause();
      for (const auto& connection : connections_) connection->fail_if_late(now);
    }
    if (now < deadline) continue;
    common_->phase = Common::Phase::over;
    until_over_.cancel();
    for (const auto& connection : connections_) connection->fail_unanswered();
    for (const auto& player : players_) player->fail_unanswered();
  }
  if (pacer_) recorder_.result().unsent_by_generator = pacer_->owed();
  if (pacer_ && pacer_->never_sent() > 0) {
    recorder_.failed(
        "send overdue",
        "requests that were due when the run ended and were never sent: no connection was free for them",
        pacer_->never_sent());
  }
}

void Engine::judge() {
  LoadResult& result = recorder_.result();
  if (real_time_ <= 0ns) return;
  result.cpu_share = static_cast<double>(processor_time_.count()) / static_cast<double>(real_time_.count());
  result.longest_turn = std::max(longest_turn_, pacer_ ? pacer_->longest_gap() : 0ns);
  result.bottleneck_reason = bottleneck();
  result.is_bottleneck = !result.bottleneck_reason.empty();
}

// Why the numbers say more of us than of the server; empty: they don't. An open loop turns without pause: that it is busy
// says nothing.
std::string Engine::bottleneck() {
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
    const double held_up = share(pacer_->held_up().count(), real_time_.count());
    if (held_up < held_up_share) return "";
    return "the generator was kept from running for " + percent(held_up) +
           " of the time: give it a core of its own, or share the work with -t";
  }
  const double granted = share(turns_used_.count(), turns_took_.count());
  if (granted == 0 || result.cpu_share < busy_share * granted) return "";
  return "the generator ran for " + percent(result.cpu_share) +
         " of the time and was not given more: give it a core of its own, or share the work with -t";
}

}  // namespace reactord::load
