#include "load/pacer.hpp"

#include <algorithm>

namespace reactord::load {
namespace {

// A sleep may last so much longer than it should: a tick of the wheel, and one of epoll_wait(2).
constexpr Duration sleep_error = 2ms;
constexpr int steps_of_waiting = 1000;

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
    const bool is_late = now - due > common_.recorder.result().late_after;
    if (is_late && !was_out_of_connections_ && common_.recorder.is_measuring(due)) ++missed_;
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

Task<> Pacer::run() {
  ++common_.running;
  schedule_.start(common_.recorder.begin() + -options_.warmup);  // the window, or the warm-up before it
  Time looked = monotonic_now();
  bool was_asleep = true;
  while (common_.is_sending()) {
    const Time now = monotonic_now();
    const Duration gap = was_asleep ? 0ns : now - looked;
    if (common_.recorder.is_measuring(now)) {
      if (gap > common_.recorder.result().late_after) held_up_ += gap;
      longest_gap_ = std::max(longest_gap_, gap);
    }
    looked = now;
    send_due(now);
    was_asleep = schedule_.next() - now > sleep_error;
    if (was_asleep) {
      auto slept = co_await common_.until_drained.sleep_until(schedule_.next() + -sleep_error);
      if (!slept) break;
    } else {
      co_await common_.reactor.next_turn();
    }
  }
  tell_never_sent();
  --common_.running;
}

// They wait until now, those that were due first the longest: told in so many steps.
void Pacer::tell_never_sent() {
  Recorder& recorder = common_.recorder;
  const Time now = monotonic_now(), end = std::min(recorder.end(), now);
  never_sent_ += schedule_.skip_until(std::min(recorder.begin(), end));  // of the warm-up
  const Time begin = std::max(schedule_.next(), recorder.begin());
  const Duration step = (end - begin) / steps_of_waiting;
  for (int index = 0; index < steps_of_waiting && schedule_.next() < end; ++index) {
    const Time due = begin + step * index;
    const std::uint64_t count = schedule_.skip_until(index + 1 == steps_of_waiting ? end : due + step);
    recorder.never_sent(due, now, count);
    never_sent_ += count;
  }
}

}  // namespace reactord::load
