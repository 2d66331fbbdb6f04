#include "load/engine/pacer.hpp"

#include <algorithm>

namespace reactord::load {
namespace {

// A sleep may last so much longer than it should: a tick of the wheel, and one of epoll_wait(2).
constexpr Duration sleep_error = 2ms;
constexpr int steps_of_waiting = 1000;
constexpr std::size_t most_gaps = 1000;  // that are told apart

}  // namespace

Pacer::Pacer(Common& common, const LoadOptions& options)
    : common_(common),
      options_(options),
      schedule_(options.rate, options.poisson, options.seed + options.process, options.process,
                options.processes) {}

void Pacer::is_free(Connection& connection) {
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
    is_free(connection);
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
  const Time last = std::min(now, common_.recorder.end() + -Duration(1));
  while (schedule_.next() <= last) {
    Connection* const connection = take_free();
    if (connection == nullptr) {
      was_out_of_connections_ = true;
      return;
    }
    const Time due = schedule_.next();
    LoadResult& result = common_.recorder.result();
    const bool is_late = now - due > result.late_after;
    if (is_late && (is_ours(due) || !was_out_of_connections_) && common_.recorder.is_measuring(due))
      ++result.late_by_generator;
    schedule_.advance();
    if (options_.connection_per_request) {
      common_.reactor.spawn(connection->visit(due));
    } else {
      connection->send(due, now);
      is_free(*connection);
    }
  }
  was_out_of_connections_ = false;
}

// A request that comes due in a gap long enough to make it late is late by ourselves, not since the server kept all
// connections busy; but where that had lasted for longer than the gap, it would have waited anyhow.
void Pacer::look(Time now) {
  const Duration gap = now - looked_;
  const bool is_long = gap > common_.recorder.result().late_after;
  const bool is_servers = was_out_of_connections_ && looked_ - schedule_.next() >= gap;
  if (is_long && !is_servers) {
    if (gaps_.size() == most_gaps) {
      gaps_.back().to = now;
    } else {
      gaps_.push_back({looked_, now});
    }
  }
  if (common_.recorder.is_measuring(now)) {
    if (is_long) held_up_ += gap;
    longest_gap_ = std::max(longest_gap_, gap);
  }
  looked_ = std::max(looked_, now);
}

// They come in the order in which they are due.
bool Pacer::is_ours(Time due) {
  while (!gaps_.empty() && gaps_.front().to <= due) gaps_.pop_front();
  return !gaps_.empty() && gaps_.front().from <= due;
}

Task<> Pacer::run() {
  ++common_.running;
  schedule_.start(common_.recorder.begin() + -options_.warmup);  // the window, or the warm-up before it
  looked_ = monotonic_now();
  while (common_.is_sending()) {
    const Time now = monotonic_now();
    look(now);
    send_due(now);
    if (schedule_.next() - now > sleep_error) {
      looked_ = schedule_.next();  // nothing is due until then
      auto slept = co_await common_.until_drained.sleep_until(schedule_.next() + -sleep_error);
      if (!slept) break;
    } else {
      co_await common_.reactor.next_turn();
    }
  }
  tell_never_sent();
  --common_.running;
}

bool Pacer::catch_up(Time now) {
  if (looked_ == Time()) return false;  // it has not begun
  look(now);
  send_due(now);
  return !gaps_.empty() && schedule_.next() < std::min(gaps_.back().to, common_.recorder.end());
}

// Counts the requests not sent by the end of the window: of the warm-up; and of the time measured, in the gaps and
// between them.
void Pacer::tell_never_sent() {
  const Time now = monotonic_now(), end = std::min(common_.recorder.end(), now);
  never_sent_ += schedule_.skip_until(std::min(common_.recorder.begin(), end));
  for (const Gap& gap : gaps_) {
    never_sent_ += skip_until(std::min(gap.from, end), now);
    owed_ += skip_until(std::min(gap.to, end), now);
  }
  never_sent_ += skip_until(end, now);
}

// They wait until now, those that were due first the longest: told in so many steps.
std::uint64_t Pacer::skip_until(Time until, Time now) {
  const Time begin = schedule_.next();
  const Duration step = (until - begin) / steps_of_waiting;
  std::uint64_t all = 0;
  for (int index = 0; index < steps_of_waiting && schedule_.next() < until; ++index) {
    const Time due = begin + step * index;
    const std::uint64_t count = schedule_.skip_until(index + 1 == steps_of_waiting ? until : due + step);
    common_.recorder.never_sent(due, now, count);
    all += count;
  }
  return all;
}

}  // namespace reactord::load
