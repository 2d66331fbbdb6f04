#include "reactord/reactor.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/system.hpp"
#include "event/poller.hpp"
#include "event/wakeup.hpp"

namespace reactord {
namespace {

// Above this, the clock as read at the beginning of the turn is good enough to compute the wait from.
constexpr Duration coarse_wait = 1s;
constexpr int shutdown_turns = 64;

}  // namespace

Reactor::Reactor(Clock& clock)
    : clock_(clock),
      virtual_clock_(clock.is_virtual()),
      now_(clock.now()),
      timers_(tick_at_or_before(now_)),
      poller_(std::make_unique<Poller>()) {
  wakeup_ = new Wakeup(*this);
  const auto added = add(*wakeup_);
  if (added) --open_watches_;  // its own, not a user's
}

Reactor::~Reactor() {
  shutdown();
  wakeup_->release();
  ++open_watches_;
  reap();
}

Result<void> Reactor::run() {
  if (poller_->error() != 0) return std::unexpected(Error::from_errno(poller_->error(), "epoll_create1"));
  if (wakeup_->error() != 0) return std::unexpected(Error::from_errno(wakeup_->error(), "eventfd"));
  stopping_ = false;
  while (!stopping_ && live_tasks_ > 0) {
    auto turned = turn(true);
    if (!turned) return turned;
  }
  return {};
}

void Reactor::shutdown() noexcept {
  for (int turns = 0; turns < shutdown_turns; ++turns) {
    for (Watch* watch = open_; watch != nullptr;) {
      Watch* next = watch->next_;
      if (watch != wakeup_) watch->on_shutdown();
      watch = next;
    }
    while (sleepers_ != nullptr) {
      SleepOperation& sleeper = *sleepers_;
      sleeper.cancelled_ = true;
      sleeper.unlink();
      resume_later(sleeper);
    }
    if (queued_ == nullptr && retired_ == nullptr && ended_ == nullptr && flush_.empty() && again_.empty())
      return;
    if (!turn(false)) return;
  }
}

void Reactor::spawn(Task<> task) {
  auto frame = task.release();
  detail::TaskPromiseBase& promise = frame.promise();
  promise.reactor = this;
  promise.node.handle = frame;
  ++live_tasks_;
  resume_later(promise.node);
}

void detail::TaskPromiseBase::task_ended(TaskPromiseBase& promise) noexcept {
  Reactor& reactor = *promise.reactor;
  --reactor.live_tasks_;
  promise.node.next = std::exchange(reactor.ended_, &promise.node);
}

void Reactor::post(std::move_only_function<void()> work) { wakeup_->post(std::move(work)); }

Result<void> Reactor::add(Watch& watch) {
  if (watch.fd_ >= 0) {
    const int result = poller_->add(watch.fd_, watch);
    if (result < 0) return std::unexpected(Error::from_errno(-result, "epoll_ctl"));
  }
  watch.added_ = true;
  watch.next_ = open_;
  if (open_ != nullptr) open_->previous_ = &watch;
  open_ = &watch;
  if (watch.fd_ >= 0) ++open_watches_;
  return {};
}

void Reactor::retire(Watch& watch) noexcept {
  if (watch.retired_) return;
  watch.retired_ = true;
  timers_.cancel(watch);
  (watch.previous_ == nullptr ? open_ : watch.previous_->next_) = watch.next_;
  if (watch.next_ != nullptr) watch.next_->previous_ = watch.previous_;
  watch.previous_ = nullptr;
  watch.next_ = std::exchange(retired_, &watch);
}

void Reactor::again(Watch& watch) {
  if (watch.again_queued_) return;
  watch.again_queued_ = true;
  again_.push_back(&watch);
}

void Reactor::again_when_descriptor_free(Watch& watch) {
  if (std::ranges::find(starved_, &watch) == starved_.end()) starved_.push_back(&watch);
}

void Reactor::resume_later(Resumable& resumable) noexcept {
  resumable.next = nullptr;
  *queued_tail_ = &resumable;
  queued_tail_ = &resumable.next;
}

int Reactor::wait_milliseconds() noexcept {
  if (queued_ != nullptr || !again_.empty() || !flush_.empty() || retired_ != nullptr) return 0;
  const Tick next = timers_.next();
  if (next == TimerWheel::never) return -1;
  Duration left = time_of_tick(next) - now_;
  if (left < coarse_wait && !virtual_clock_) left = time_of_tick(next) - clock_.now();
  if (left <= 0ns) return 0;
  // Rounded up: a wait that ends just before its timer would spin until the timer is due.
  constexpr std::int64_t longest = 1'000'000'000;
  return static_cast<int>(
      std::min(longest, (left.count() + nanoseconds_per_tick - 1) / nanoseconds_per_tick));
}

Result<void> Reactor::turn(bool may_block) {
  ++turns_;
  int milliseconds = wait_milliseconds();
  if (!may_block) milliseconds = 0;
  const bool skip = virtual_clock_ && milliseconds > 0;
  const int count = poller_->wait(skip ? 0 : milliseconds);
  if (count < 0) [[unlikely]]
    return std::unexpected(Error::from_errno(-count, "epoll_wait"));
  if (skip && count == 0) clock_.skip(time_of_tick(timers_.next()) - now_);
  now_ = clock_.now();
  serve_ready(static_cast<std::size_t>(count));
  run_timers();
  run_queued();
  flush();
  reap();
  return {};
}

inline void Reactor::serve(Watch& watch, Readiness ready) {
  if (watch.retired_) return;
  if (watch.served_last_) {
    listeners_.push_back({&watch, ready});
  } else {
    watch.on_ready(ready);
  }
}

void Reactor::serve_ready(std::size_t count) {
  for (std::size_t event = 0; event < count; ++event) serve(poller_->watch(event), poller_->ready(event));
  if (!again_.empty()) {
    serving_again_.swap(again_);
    for (Watch* watch : serving_again_) {
      watch->again_queued_ = false;
      serve(*watch, 0);
    }
    serving_again_.clear();
  }
  for (const auto [watch, ready] : listeners_) {
    if (!watch->retired_) watch->on_ready(ready);
  }
  listeners_.clear();
}

void Reactor::run_timers() {
  timers_.advance(tick_at_or_before(now_));
  for (std::size_t left = std::min(timers_.expired(), timers_per_turn); left > 0; --left) {
    Timer* timer = timers_.pop_expired();
    if (timer == nullptr) return;  // one that ran has cancelled the others
    timer->on_timer();
  }
}

void Reactor::run_queued() {
  Resumable* next = std::exchange(queued_, nullptr);
  queued_tail_ = &queued_;
  while (next != nullptr) {
    Resumable& resumable = *next;
    next = resumable.next;  // read first: the node may be gone once its coroutine has run
    resumable.handle.resume();
  }
}

void Reactor::flush() {
  if (flush_.empty()) return;
  flushing_.swap(flush_);
  for (Watch* watch : flushing_) {
    watch->flush_queued_ = false;
    if (!watch->retired_) watch->on_flush();
  }
  flushing_.clear();
}

void Reactor::reap() noexcept {
  while (ended_ != nullptr) {
    Resumable* ended = std::exchange(ended_, ended_->next);
    ended->handle.destroy();
  }
  bool closed = false;
  for (Watch* watch = std::exchange(retired_, nullptr); watch != nullptr;) {
    Watch& dead = *watch;
    watch = dead.next_;
    if (dead.again_queued_ || dead.flush_queued_) {  // a queue still names it: next turn
      dead.next_ = std::exchange(retired_, &dead);
      continue;
    }
    if (dead.fd_ >= 0) {
      system::close(std::exchange(dead.fd_, -1));
      closed = true;
      --open_watches_;
    }
    std::erase(starved_, &dead);
    dead.reaped_ = true;
    if (dead.released_) delete &dead;
  }
  if (!closed || starved_.empty()) return;
  for (Watch* watch : starved_) again(*watch);
  starved_.clear();
}

Watch::~Watch() {
  if (fd_ >= 0) system::close(fd_);
}

void Watch::release() noexcept {
  released_ = true;
  if (reaped_ || !added_) {
    delete this;
  } else if (!retired_) {
    on_release();
  }
}

SleepOperation Reactor::sleep_until(Time time) noexcept { return {*this, time}; }
SleepOperation Reactor::sleep(Duration duration) noexcept { return {*this, now_ + duration}; }
NextTurnOperation Reactor::next_turn() noexcept { return NextTurnOperation(*this); }

void SleepOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  handle = waiter;
  next_sleeper_ = reactor_.sleepers_;
  if (next_sleeper_ != nullptr) next_sleeper_->previous_sleeper_ = this;
  reactor_.sleepers_ = this;
  if (!until_.is_never()) reactor_.arm(*this, until_);
}

Result<void> SleepOperation::await_resume() const {
  if (!cancelled_) return {};
  return std::unexpected(Error(ErrorCode::cancelled));
}

void SleepOperation::on_timer() {
  unlink();
  handle.resume();  // the frame that holds this operation may be gone after it
}

void SleepOperation::unlink() noexcept {
  reactor_.timers_.cancel(*this);
  (previous_sleeper_ == nullptr ? reactor_.sleepers_ : previous_sleeper_->next_sleeper_) = next_sleeper_;
  if (next_sleeper_ != nullptr) next_sleeper_->previous_sleeper_ = previous_sleeper_;
}

}  // namespace reactord
