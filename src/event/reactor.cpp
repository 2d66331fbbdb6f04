#include "reactord/reactor.hpp"

#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "event/directory.hpp"
#include "event/late_timers.hpp"
#include "event/loop_times.hpp"
#include "event/loop_wait.hpp"
#include "event/stall_reporter.hpp"
#include "event/watch_queues.hpp"
#include "event/watch_registry.hpp"

namespace reactord {

Reactor::Reactor(Clock& clock)
    : clock_(clock),
      virtual_clock_(clock.is_virtual()),
      now_(clock.now()),
      timers_(tick_at_or_before(now_)),
      wait_(std::make_unique<LoopWait>(*this, virtual_clock_)),
      watches_(std::make_unique<WatchRegistry>()),
      watch_queues_(std::make_unique<WatchQueues>()),
      late_timers_(std::make_unique<LateTimers>()),
      directory_(std::make_unique<Directory>()),
      stalls_(std::make_unique<StallReporter>(virtual_clock_)),
      times_(std::make_unique<LoopTimes>()) {
  wait_->begin(*this);
}

Reactor::~Reactor() {
  assert(!is_turning() && "a Reactor is not destroyed by its own turn");
  shutdown();
  wait_->end();
  reap();
}

void Reactor::resume_later(Resumable& resumable, Watch& referred) noexcept {
  assert(!referred.reaped_);
  referred.referred_ = true;
  resume_later(resumable);
}

void Reactor::spawn(Task<> task) {
  auto frame = task.release();
  assert(frame && !frame.promise().awaited.awaiter && "a Task is awaited or spawned once");
  detail::TaskPromiseBase& promise = frame.promise();
  promise.become_spawned(*this);
  promise.node.wake(frame);
  ++live_tasks_;
  resume_later(promise.node);
}

SleepOperation Reactor::sleep_until(Time time) & noexcept { return {*this, time}; }
SleepOperation Reactor::sleep(Duration duration) & noexcept { return {*this, now_ + duration}; }
NextTurnOperation Reactor::next_turn() & noexcept { return NextTurnOperation(*this); }

void Reactor::post(std::move_only_function<void()> work) { wait_->wakeup().post(std::move(work)); }
void Reactor::post(PostedCall& call) noexcept { wait_->wakeup().post(call); }

Result<void> Reactor::add(Watch& watch) {
  assert(!watch.is_added() && "a Watch is added once");
  try {
    watch_queues_->make_room(watches_->size() + 1);
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error::from_errno(ENOMEM));
  }
  if (auto added = wait_->add(watch); !added) return added;
  watches_->add(watch);
  return {};
}

void Reactor::retire(Watch& watch) noexcept {
  if (watch.is_retired() || !watch.added_) return;  // its owner deletes a watch that was never added
  timers_.cancel(watch);
  watches_->retire(watch);
  look_again();
}

std::size_t Reactor::open_descriptors() const noexcept {
  return watches_->open_descriptors() - wait_->own_descriptors();
}

void Reactor::serve_next_turn(Watch& watch) {
  if (watch.is_retired()) return;
  watch_queues_->serve_next_turn(watch);
  look_again();
}

void Reactor::flush_later(Watch& watch) {
  if (watch.is_retired()) return;
  watch_queues_->flush(watch);
  look_again();
}

void Reactor::serve_when_descriptor_free(Watch& watch) { watch_queues_->serve_when_descriptor_free(watch); }

[[gnu::always_inline]] inline void Reactor::measure(const Watch* watch) {
  if (stalls_->end_dispatch()) [[unlikely]]
    stalls_->report(watch, now_, *wait_);
}

inline void Reactor::dispatched(const Watch* watch) {
  if (stalls_->measures()) measure(watch);
  if (times_->is_measuring()) [[unlikely]]
    times_->end_dispatch();
}

std::uint64_t Reactor::dispatch_id() const noexcept { return stalls_->dispatch_id(); }

void Reactor::observe(ReactorObserver* observer, Duration stall_threshold) {
  stalls_->observe(observer, stall_threshold);
  look_again();  // so that run() chooses its loop again
}

void Reactor::forget(const ReactorObserver& observer) {
  if (stalls_->observer() == &observer) observe(nullptr);
}

inline void Reactor::serve(Watch& watch, Readiness ready) {
  if (watch.out_of_order_ == 0) [[likely]]
    return watch.on_ready(ready);
  if (watch.is_retired()) return;
  watch_queues_->serve_last(watch, ready);
  look_again();
}

// Below zero: -errno of epoll_wait(2). Above zero: the turn did more than serve ready connections.
template <bool Measured>
[[gnu::always_inline]] inline int Reactor::turn(bool may_block) {
  if (turns_.next()) [[unlikely]]
    return take_turn<Measured, true>(may_block);
  return take_turn<Measured, false>(may_block);
}

template <bool Measured, bool Timed>
[[gnu::always_inline]] inline int Reactor::take_turn(bool may_block) {
  assert(!may_block || !has_work_);
  const int milliseconds = may_block ? wait_->timeout_until(timers_.next_time(), now_) : 0;
  const int count = wait_->wait(milliseconds);
  if (count < 0) [[unlikely]]
    return count;
  if (virtual_clock_) [[unlikely]] {
    if (count == 0 && may_block) wait_->skip_to(timers_.next_time(), now_, clock_);
    now_ = clock_.now();
    if (Measured) stalls_->turn_begins();
    if (Timed) times_->begin_turn(monotonic_now());
  } else {
    now_ = monotonic_now();
    if (Timed) times_->begin_turn(now_);
  }
  Poller::Event event = wait_->poller().first();
  for (int left = count; left > 0; --left, ++event) {
    Watch& watch = Poller::watch_of(event);
    serve(watch, Poller::readiness_of(event));
    if (Measured) measure(&watch);
    if (Timed) times_->end_dispatch();
  }
  if (!has_work_ && timers_.next_time() > now_) [[likely]] {
    if (Timed) times_->end_turn();
    return 0;
  }
  run_work(wait_->poller().was_full(event));  // derived from the event, so that no turn keeps the count
  if (Timed) times_->end_turn_now();
  return 1;
}

template <bool Measured>
int Reactor::turn_until_done() {
  while (true) {
    int result = turn<Measured>(!has_work_);
    while (result == 0) [[likely]] result = turn<Measured>(true);  // nothing was left to do
    // A task that ends and stop() both leave work behind, so after a usual turn neither can have happened.
    if (result < 0 && !wait_->survives(-result, turns_.count(), stalls_->observer(), clock_)) return result;
    if (stopping_ || live_tasks_ == 0 || stalls_->measures() != Measured) return 0;
  }
}

Result<void> Reactor::run() {
  if (is_turning()) return std::unexpected(Error::with_text(ErrorCode::busy, "run: the loop turns already"));
  if (wait_->refusal()) return std::unexpected(*wait_->refusal());
  const Turning turning(state_, State::running);
  const int failure = run_until_done();
  stopping_ = false;
  if (state_ == State::ending) shut_down();
  if (failure != 0) return std::unexpected(Error::from_errno(-failure, "epoll_wait"));
  return {};
}

int Reactor::run_until_done() {
  int failure = 0;
  while (failure == 0 && !stopping_ &&
         (live_tasks_ > 0 || wait_->wakeup().has_work() || watch_queues_->has_flush()))
    failure = stalls_->measures() ? turn_until_done<true>() : turn_until_done<false>();
  return failure;
}

int Reactor::turn_at_once() { return turn<false>(false); }

// Serves the watches that used up a budget last turn, then the listeners.
void Reactor::serve_rest() {
  watch_queues_->take_next_turn([this](Watch& watch) {
    serve(watch, 0);
    dispatched(&watch);
  });
  watch_queues_->take_last([this](Watch& watch, Readiness ready) {
    if (!watch.is_retired()) watch.on_ready(ready);
    dispatched(&watch);
  });
}

// The phases of the turn after the ready connections.
void Reactor::run_work(bool more_is_ready) {
  serve_rest();
  const Duration overdue = now_ - timers_.next_time();
  const bool timers_wait = overdue >= 0s && late_timers_->must_wait(overdue, more_is_ready);
  if (!timers_wait) late_timers_->run(timers_, now_, *times_, [this] { dispatched(nullptr); });
  has_work_ = timers_wait;  // work that is left for the next turn sets it again
  run_queue_.run([this] { dispatched(nullptr); });
  if (run_queue_.begin_next_turn()) look_again();
  watch_queues_->take_flush(stopping_ || live_tasks_ == 0 || state_ != State::running, [this](Watch& watch) {
    if (!watch.is_retired()) watch.on_flush();
    dispatched(&watch);
  });
  reap();
  if (!watch_queues_->are_empty()) look_again();
}

void Reactor::reap() noexcept {
  run_queue_.free_ended();
  const auto reaped = watches_->reap(wait_->poller(), *watch_queues_);
  if (reaped.some_left) look_again();
  if (!reaped.descriptor_closed || !watch_queues_->are_starved()) return;
  watch_queues_->descriptor_is_free();
  look_again();
}

}  // namespace reactord
