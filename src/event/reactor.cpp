#include "reactord/reactor.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "event/alarm.hpp"
#include "event/cycles.hpp"
#include "event/poller.hpp"
#include "event/stall_meter.hpp"
#include "event/wakeup.hpp"

namespace reactord {
namespace {

// The alarm is set for waits at least this long. For those, the clock read at the beginning of the turn is accurate
// enough.
constexpr Duration coarse_wait = 1s;

}  // namespace

Reactor::Reactor(Clock& clock)
    : clock_(clock),
      virtual_clock_(clock.is_virtual()),
      now_(clock.now()),
      timers_(tick_at_or_before(now_)),
      poller_(std::make_unique<Poller>()) {
  wakeup_ = new Wakeup(*this);
  if (!virtual_clock_) alarm_ = new Alarm(*this);
  const auto added = watch_over_itself();
  if (!added) refusal_ = added.error();
  open_watches_ = 0;  // the Reactor's own does not count
}

// Errors: the kernel refuses a descriptor, without which the loop could not wait or not be woken.
Result<void> Reactor::watch_over_itself() {
  if (poller_->error() != 0) return std::unexpected(Error::from_errno(poller_->error(), "epoll_create1"));
  if (wakeup_->error() != 0) return std::unexpected(Error::from_errno(wakeup_->error(), "eventfd"));
  if (auto added = add(*wakeup_); !added) return added;
  if (alarm_ == nullptr || alarm_->fd() < 0) return {};
  return add(*alarm_);
}

Reactor::~Reactor() {
  assert(!is_turning() && "a Reactor is not destroyed by its own turn");
  shutdown();
  for (Watch* own : {static_cast<Watch*>(wakeup_), static_cast<Watch*>(alarm_)}) {
    if (own == nullptr) continue;
    if (own->fd() >= 0) ++open_watches_;
    own->release();
  }
  reap();
}

void Reactor::resume_later(Resumable& resumable, Watch& referred) noexcept {
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

void detail::TaskPromiseBase::task_ended(TaskPromiseBase& promise) noexcept {
  Reactor& reactor = *promise.reactor;
  --reactor.live_tasks_;
  promise.node.next = std::exchange(reactor.ended_, &promise.node);
  reactor.look_again();
}

void Reactor::post(std::move_only_function<void()> work) { wakeup_->post(std::move(work)); }

// Each queue names a watch at most once, except flush_ and listeners_.
void Reactor::make_room_in_queues() {
  const std::size_t most = watches_ + 1;
  const auto make_room = [](auto& queue, std::size_t names) {
    if (queue.capacity() < names) queue.reserve(std::max(names, 2 * queue.capacity()));
  };
  for (auto* queue : {&again_, &serving_again_, &starved_}) make_room(*queue, most);
  make_room(flush_, 2 * most);  // a watch may be queued again before the flush ends
  make_room(listeners_, 2 * most);
}

Result<void> Reactor::add(Watch& watch) {
  try {
    make_room_in_queues();
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error::from_errno(ENOMEM));
  }
  if (watch.fd_ >= 0) {
    if (refusal_) return std::unexpected(*refusal_);
    const int result = poller_->add(watch.fd_, watch);
    if (result < 0) return std::unexpected(Error::from_errno(-result, "epoll_ctl"));
  }
  watch.added_ = true;
  ++watches_;
  watch.next_ = open_;
  if (open_ != nullptr) open_->previous_ = &watch;
  open_ = &watch;
  if (watch.fd_ >= 0) ++open_watches_;
  return {};
}

void Reactor::retire(Watch& watch) noexcept {
  if (watch.is_retired() || !watch.added_) return;  // its owner deletes a watch that was never added
  watch.aside_ |= Watch::retired;
  timers_.cancel(watch);
  (watch.previous_ == nullptr ? open_ : watch.previous_->next_) = watch.next_;
  if (watch.next_ != nullptr) watch.next_->previous_ = watch.previous_;
  watch.previous_ = nullptr;
  watch.next_ = std::exchange(retired_, &watch);
  look_again();
}

void Reactor::again(Watch& watch) {
  if (watch.again_queued_ || watch.is_retired()) return;
  watch.again_queued_ = true;
  again_.push_back(&watch);
  look_again();
}

void Reactor::again_when_descriptor_free(Watch& watch) {
  if (std::ranges::find(starved_, &watch) == starved_.end()) starved_.push_back(&watch);
}

// The timeout of the next wait: until the next timer, or -1. On a virtual clock the loop never sleeps, and has no
// alarm.
inline int Reactor::wait_milliseconds() noexcept {
  constexpr Duration longest = 24h;
  if (has_work_) [[unlikely]]
    return 0;
  const Time next = timers_.next_time();
  if (alarm_ != nullptr && alarm_->rings_by(next)) [[likely]]
    return -1;
  Duration left = next - now_;
  if (alarm_ != nullptr && left >= coarse_wait && alarm_->set(next)) return -1;
  if (alarm_ != nullptr && left < coarse_wait) left = std::max(next - monotonic_now(), 0ns);
  if (left > longest) {
    if (next.is_never()) return -1;
    left = longest;
  }
  // Rounded up: a wait that ends just before its timer would spin until the timer is due.
  return static_cast<int>((left.count() + nanoseconds_per_tick - 1) / nanoseconds_per_tick);
}

// Called at the end of a dispatch, which is the beginning of the next one.
[[gnu::always_inline]] inline void Reactor::measure(const Watch* watch) {
  const std::uint64_t end = cycles();
  if (end > suspicious_from_) [[unlikely]]
    return look_for_stall(watch, end);
  suspicious_from_ = end + suspicious_cycles_;
}

inline void Reactor::dispatched(const Watch* watch) {
  if (measured_) measure(watch);
}

void Reactor::look_for_stall(const Watch* watch, std::uint64_t end) {
  const Time turn_began = virtual_clock_ ? stalls_->turn_began() : now_;
  const Duration took = stalls_->judge(suspicious_from_ - suspicious_cycles_, end, turn_began);
  suspicious_cycles_ = stalls_->suspicious();
  if (took > 0s && measured_)
    observer_->on_stall(watch == wakeup_ || watch == alarm_ ? nullptr : watch, took);
  suspicious_from_ = cycles() + suspicious_cycles_;  // the observer's own time is not a stall
}

void Reactor::observe(ReactorObserver* observer, Duration stall_threshold) {
  observer_ = observer;
  measured_ = observer != nullptr && stall_threshold > 0s;
  look_again();  // so that run() chooses its loop again
  if (!measured_) return;
  if (stalls_ == nullptr) stalls_ = std::make_unique<StallMeter>();
  stalls_->set_threshold(stall_threshold);
  suspicious_cycles_ = stalls_->suspicious();
  suspicious_from_ = cycles() + suspicious_cycles_;
}

inline void Reactor::serve(Watch& watch, Readiness ready) {
  if (watch.aside_ == 0) [[likely]]
    return watch.on_ready(ready);
  if (watch.is_retired()) return;
  listeners_.push_back({&watch, ready});
  look_again();
}

// Below zero: -errno of epoll_wait(2). Above zero: the turn did more than serve ready connections.
template <bool Measured>
[[gnu::always_inline]] inline int Reactor::turn(bool may_block) {
  ++turns_;
  const int milliseconds = may_block ? wait_milliseconds() : 0;
  const bool skip = virtual_clock_ && milliseconds > 0;
  const int count = poller_->wait(skip ? 0 : milliseconds);
  if (count < 0) [[unlikely]]
    return count;
  if (skip && count == 0) clock_.skip(timers_.next_time() - now_);
  now_ = virtual_clock_ ? clock_.now() : monotonic_now();
  if (Measured && virtual_clock_) stalls_->turn_begins();
  Poller::Event event = poller_->first();
  for (int left = count; left > 0; --left, ++event) {
    Watch& watch = Poller::watch(event);
    serve(watch, Poller::ready(event));
    if (Measured) measure(&watch);
  }
  if (!has_work_ && timers_.next_time() > now_) [[likely]]
    return 0;
  run_work(poller_->was_full(event));  // derived from the event, so that no turn keeps the count
  return 1;
}

template <bool Measured>
int Reactor::turn_until_done() {
  while (true) {
    const int result = turn<Measured>(true);
    if (result == 0) [[likely]]
      continue;
    // A task that ends and stop() both leave work behind, so after a usual turn neither can have happened.
    if (result < 0 && !survives_failed_wait(-result)) return result;
    if (stopping_ || live_tasks_ == 0 || measured_ != Measured) return 0;
  }
}

// epoll_wait(2) has failed with an errno that it has no good reason for. The failure may pass.
bool Reactor::survives_failed_wait(int failure) {
  if (last_failed_turn_ + 1 != turns_) failures_ = 0;
  last_failed_turn_ = turns_;
  if (++failures_ >= failed_waits) return false;
  if (observer_ != nullptr) observer_->on_wait_failed(Error::from_errno(failure, "epoll_wait"));
  pause_ = failures_ == 1 ? shortest_pause : std::min(pause_ * 2, longest_pause);
  if (!clock_.skip(pause_)) system::sleep(pause_);  // nothing else can be done
  return true;
}

Result<void> Reactor::run() {
  if (is_turning()) return std::unexpected(Error::with_text(ErrorCode::busy, "run: the loop turns already"));
  if (refusal_) return std::unexpected(*refusal_);
  const Turning turning(*this, State::running);
  const int failure = run_until_done();
  stopping_ = false;
  if (state_ == State::ending) shut_down();
  if (failure != 0) return std::unexpected(Error::from_errno(-failure, "epoll_wait"));
  return {};
}

int Reactor::run_until_done() {
  int failure = 0;
  while (failure == 0 && !stopping_ && (live_tasks_ > 0 || wakeup_->has_work())) {
    failure = measured_ ? turn_until_done<true>() : turn_until_done<false>();
  }
  return failure;
}

int Reactor::turn_at_once() { return turn<false>(false); }

// Serves the watches that used up a budget last turn, then the listeners. It iterates by index: adding a watch makes
// room in the queues, which moves them.
void Reactor::serve_rest() {
  serving_again_.swap(again_);
  for (std::size_t index = 0; index < serving_again_.size(); ++index) {
    Watch* const watch = serving_again_[index];
    watch->again_queued_ = false;
    serve(*watch, 0);
    dispatched(watch);
  }
  serving_again_.clear();
  for (std::size_t index = 0; index < listeners_.size(); ++index) {
    const auto [watch, ready] = listeners_[index];
    if (!watch->is_retired()) watch->on_ready(ready);
    dispatched(watch);
  }
  listeners_.clear();
}

// The phases of the turn after the ready connections.
void Reactor::run_work(bool more_is_ready) {
  serve_rest();
  const bool held_back = hold_timers_back(more_is_ready);
  if (!held_back) run_timers();
  has_work_ = held_back;  // work that is left for the next turn sets it again
  run_queued();
  if (!next_turn_.is_empty()) look_again();
  queued_.append(next_turn_);
  flush();
  reap();
  if (!again_.empty()) look_again();
}

// A process that was stopped or held up finds hundreds of deadlines past, while the bytes that came in time are still
// in the kernel: more than one wait returns, or behind a wait that had returned before the stop.
bool Reactor::hold_timers_back(bool more_is_ready) noexcept {
  if (timers_.next_time() > now_) return false;
  const bool just_late = turns_held_back_ == 0 && now_ - timers_.next_time() > late;
  return (more_is_ready || just_late) && turns_held_back_++ < turns_without_timers;
}

void Reactor::run_timers() {
  turns_held_back_ = 0;
  timers_.advance(tick_at_or_before(now_));
  for (std::size_t left = std::min(timers_.expired(), timers_per_turn); left > 0; --left) {
    Timer* timer = timers_.pop_expired();
    if (timer == nullptr) return;  // a timer that ran has cancelled the others
    timer->on_timer();
    dispatched(nullptr);
  }
}

void Reactor::run_queued() {
  Resumable* next = queued_.take_all();
  while (next != nullptr) {
    Resumable& resumable = *next;
    next = resumable.next;  // first, because the node may be gone once its coroutine has run
    resumable.resume();
    dispatched(nullptr);
  }
}

void Reactor::flush() {
  // A snapshot: a task that a flush resumes may write again, which is sent next turn.
  const std::size_t count = flush_.size();
  for (std::size_t index = 0; index < count; ++index) {
    Watch& watch = *flush_[index];
    watch.flush_queued_ = false;
    if (!watch.is_retired()) watch.on_flush();
    dispatched(&watch);
  }
  if (flush_.size() == count) {
    flush_.clear();
  } else {
    flush_.erase(flush_.begin(), flush_.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

void Reactor::reap() noexcept {
  while (ended_ != nullptr) {
    Resumable* ended = std::exchange(ended_, ended_->next);
    std::coroutine_handle<>::from_address(ended->state).destroy();
  }
  bool closed = false;
  for (Watch* watch = std::exchange(retired_, nullptr); watch != nullptr;) {
    Watch& dead = *watch;
    watch = dead.next_;
    if (dead.fd_ >= 0) {
      if (dead.held_elsewhere_) poller_->remove(dead.fd_);
      system::close(std::exchange(dead.fd_, -1));
      closed = true;
      --open_watches_;
    }
    if (dead.again_queued_ || dead.flush_queued_ || dead.referred_) {
      dead.referred_ = false;
      dead.next_ = std::exchange(retired_, &dead);  // a queue still names it: next turn
      look_again();
      continue;
    }
    std::erase(starved_, &dead);
    dead.reaped_ = true;
    --watches_;
    if (dead.released_) delete &dead;
  }
  if (!closed || starved_.empty()) return;
  for (Watch* watch : starved_) {
    if (!watch->is_retired()) again(*watch);
  }
  starved_.clear();
}

}  // namespace reactord
