#include "load/engine/pacer.hpp"

#include <algorithm>

namespace reactord::load {
namespace {

// A sleep may last so much too long: one tick of the timer wheel and one of epoll_wait(2).
constexpr Duration sleep_error = 2ms;
constexpr int steps_of_waiting = 1000;
constexpr std::size_t most_gaps = 1000;  // further gaps extend the last

}  // namespace

Pacer::Pacer(EngineState& state, const LoadOptions& options)
    : state_(state),
      options_(options),
      schedule_(options.rate, options.poisson, options.seed + options.process, options.process,
                options.processes) {}

void Pacer::add_free(Connection& connection) {
  if (!connection.can_send()) return;
  const bool is_idle = connection.in_flight() == 0;
  bool& queued = is_idle ? connection.queued_as_idle : connection.queued_as_free;
  if (queued) return;
  queued = true;
  (is_idle ? idle_ : free_).push_back(&connection);
}

Connection* Pacer::take_free() {
  while (!idle_.empty()) {
    Connection& connection = *idle_.front();
    idle_.pop_front();
    connection.queued_as_idle = false;
    if (connection.in_flight() == 0 && connection.can_send()) return &connection;
    add_free(connection);
  }
  while (!free_.empty()) {
    Connection& connection = *free_.front();
    free_.pop_front();
    connection.queued_as_free = false;
    if (connection.can_send()) return &connection;
  }
  return nullptr;
}

void Pacer::send_due(Time now) {
  const Time last = std::min(now, state_.recorder.end() + -Duration(1));
  while (schedule_.next() <= last) {
    Connection* const connection = take_free();
    if (connection == nullptr) {
      was_out_of_connections_ = true;
      return;
    }
    const Time due = schedule_.next();
    LoadResult& result = state_.recorder.result();
    const bool is_late = now - due > result.late_after;
    if (is_late && (fell_due_in_gap(due) || !was_out_of_connections_) && state_.recorder.is_measuring(due))
      ++result.late_by_generator;
    schedule_.advance();
    if (options_.connection_per_request) {
      state_.reactor.spawn(connection->request_once(due));
    } else {
      connection->send(due, now);
      add_free(*connection);
    }
  }
  was_out_of_connections_ = false;
}

// Records the gap since the last check. A gap that is long enough makes its requests late by the generator's fault, not
// the server's. But where the server had kept all connections busy for longer than the gap, they would have waited
// anyhow.
void Pacer::check_schedule(Time now) {
  const Duration gap = now - last_check_;
  const bool is_long = gap > state_.recorder.result().late_after;
  const bool is_server_busy = was_out_of_connections_ && last_check_ - schedule_.next() >= gap;
  if (is_long && !is_server_busy) {
    if (gaps_.size() == most_gaps) {
      gaps_.back().to = now;
    } else {
      gaps_.push_back({last_check_, now});
    }
  }
  if (state_.recorder.is_measuring(now)) {
    if (is_long) stalled_time_ += gap;
    longest_gap_ = std::max(longest_gap_, gap);
  }
  last_check_ = std::max(last_check_, now);
}

// Must be called with due times in ascending order: gaps before `due` are dropped.
bool Pacer::fell_due_in_gap(Time due) {
  while (!gaps_.empty() && gaps_.front().to <= due) gaps_.pop_front();
  return !gaps_.empty() && gaps_.front().from <= due;
}

Task<> Pacer::run() {
  ++state_.running;
  schedule_.start(state_.recorder.begin() + -options_.warmup);
  last_check_ = monotonic_now();
  while (state_.is_sending()) {
    const Time now = monotonic_now();
    check_schedule(now);
    send_due(now);
    if (schedule_.next() - now > sleep_error) {
      last_check_ = schedule_.next();  // nothing is due until then
      auto slept = co_await state_.until_drained.sleep_until(schedule_.next() + -sleep_error);
      if (!slept) break;
    } else {
      co_await state_.reactor.next_turn();
    }
  }
  record_never_sent();
  --state_.running;
}

bool Pacer::catch_up(Time now) {
  if (last_check_ == Time()) return false;  // run() has not begun
  check_schedule(now);
  send_due(now);
  return !gaps_.empty() && schedule_.next() < std::min(gaps_.back().to, state_.recorder.end());
}

// Counts the requests that were not sent by the end of the window: those of the warm-up, then those in the gaps and
// between them.
void Pacer::record_never_sent() {
  const Time now = monotonic_now(), end = std::min(state_.recorder.end(), now);
  never_sent_ += schedule_.skip_until(std::min(state_.recorder.begin(), end));
  for (const Gap& gap : gaps_) {
    never_sent_ += skip_until(std::min(gap.from, end), now);
    unsent_by_generator_ += skip_until(std::min(gap.to, end), now);
  }
  never_sent_ += skip_until(end, now);
}

// Records that the requests up to `until` have waited until `now`. Their due times are rounded to steps_of_waiting steps.
std::uint64_t Pacer::skip_until(Time until, Time now) {
  const Time begin = schedule_.next();
  const Duration step = (until - begin) / steps_of_waiting;
  std::uint64_t all = 0;
  for (int index = 0; index < steps_of_waiting && schedule_.next() < until; ++index) {
    const Time due = begin + step * index;
    const std::uint64_t count = schedule_.skip_until(index + 1 == steps_of_waiting ? until : due + step);
    state_.recorder.never_sent(due, now, count);
    all += count;
  }
  return all;
}

}  // namespace reactord::load
