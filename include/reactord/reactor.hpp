// Reactor: one thread, one epoll instance, one timer wheel, and the queues between them.
//
//  +-> wait      until a descriptor is ready or the next timer is due; 0 if work is queued, for ever if no timer
//  |   now       the clock is read once
//  |   ready     ready connections are served, then those that used up a budget last turn; listeners last
//  |   timers    expired timers are collected, then run
//  |   queued    tasks spawned and resumed by others run: a snapshot, what they queue runs next turn
//  |   flush     one send for every connection that was written to in this turn
//  +-- reap      close(2) and delete what was closed in this turn
//
// An idle Reactor makes no wake-ups, except one that a cancelled timer may leave behind. Everything here belongs to the
// thread that calls run(), except post().
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "reactord/buffer.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor_observer.hpp"
#include "reactord/task.hpp"
#include "reactord/time.hpp"
#include "reactord/timer.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class Poller;
class StallMeter;
class Alarm;
class Wakeup;
class SleepOperation;
class NextTurnOperation;

namespace detail {

template <typename Callable, typename... Arguments>
concept makes_task = requires(Callable& callable, Arguments... arguments) {
  { callable(std::move(arguments)...) } -> std::same_as<Task<>>;
};

// The frame keeps the callable and its arguments. A temporary converted from an argument lives until the task ends.
template <typename Callable, typename... Arguments>
Task<> call_kept(Callable callable, Arguments... arguments) {
  co_await callable(std::move(arguments)...);
}

}  // namespace detail

class Reactor {
 public:
  static constexpr std::size_t timers_per_turn = 4096;
  // Timers that are `late` wait one more turn, and up to turns_without_timers in a row while more is ready than a wait
  // returns: so a client whose bytes were late through the loop's fault is served before its deadline.
  static constexpr Duration late = 10ms;
  static constexpr std::uint32_t turns_without_timers = 64;
  static constexpr std::uint32_t failed_waits = 16;  // the number in a row after which run() ends
  static constexpr Duration shortest_pause = 1ms, longest_pause = 1s;

  // `clock` must outlive the Reactor. If the kernel refuses the file descriptors, run() and every listen() fail.
  explicit Reactor(Clock& clock = Clock::monotonic());
  ~Reactor();  // shutdown(); not allowed from within a turn
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Turns until no task and no posted work is left and no connection is closing (conn.hpp says how long that may take);
  // or until stop(), which waits for none of them. Errors: busy, from within a turn, because turns do not nest; system,
  // when epoll_create1(2), eventfd(2) or epoll_ctl(2) failed in the constructor; system, when epoll_wait(2) fails
  // failed_waits times in a row. Between those the loop pauses (shortest_pause, doubling to longest_pause) and serves
  // nothing.
  Result<void> run();

  // Makes run() return at the end of the turn. Before run(): the next run() returns without a turn.
  void stop() noexcept {
    stopping_ = true;
    look_again();
  }

  // Fails every pending operation and every new one, closes every descriptor immediately, and turns until no task and
  // no posted work can run. Tasks that wait for something outside the Reactor stay suspended. A task that goes on after
  // every failure keeps it from returning, as a thread that does not end keeps join().
  //
  // From within a turn it is only requested: the turn goes on, pending operations fail after it, then run() returns.
  void shutdown() noexcept;

  // True while run() or shutdown() is on the stack: all code that the loop calls runs within a turn.
  bool is_turning() const noexcept { return state_ != State::idle; }

  // Sets the observer, from the next turn on; null: none. It must outlive the Reactor or the next observe(). With a
  // `stall_threshold` of zero no dispatch is measured and no stall reported.
  void observe(ReactorObserver* observer, Duration stall_threshold = 0s);
  void forget(const ReactorObserver& observer) {  // calls observe(nullptr) if `observer` is the current one
    if (observer_ == &observer) observe(nullptr);
  }

  // The time at the beginning of this turn.
  Time now() const noexcept { return now_; }

  // Runs `task` beside the others, beginning in this turn's or the next turn's "queued" phase.
  void spawn(Task<> task);

  // The same for the task that `callable` returns for `arguments`. Both are kept until the task has ended: so a lambda
  // with captures may be a coroutine here, and its reference parameters live as long as it does. A lambda that is
  // called in the argument, spawn([x]() -> Task<> {...}()), loses its captures before it begins.
  template <typename Callable, typename... Arguments>
  requires detail::makes_task<Callable, Arguments...>
  void spawn(Callable callable, Arguments... arguments) {
    spawn(detail::call_kept(std::move(callable), std::move(arguments)...));
  }

  // Runs `work` once on the Reactor's thread, within a turn. Any thread may call it while the Reactor lives. Between
  // runs, `work` waits for the next run(), which runs it even if no task is left, or for shutdown(), at the latest that
  // of ~Reactor. An exception that leaves `work` ends the program.
  void post(std::move_only_function<void()> work);

  // Suspends until `time`. Result: ok. Errors: cancelled, by shutdown().
  SleepOperation sleep_until(Time time) & noexcept;
  SleepOperation sleep(Duration duration) & noexcept;

  // Suspends until the next turn, behind the connections that are ready in it: so a long computation lets others run.
  NextTurnOperation next_turn() & noexcept;

  std::size_t live_tasks() const noexcept { return live_tasks_; }          // running tasks and WorkGuards
  std::size_t open_descriptors() const noexcept { return open_watches_; }  // watched and not yet closed
  std::uint64_t turns() const noexcept { return turns_; }  // the number of wake-ups of the loop

  // ---- The rest of the interface is for makers of new kinds of Watch.

  // Registers the descriptor edge-triggered, for every readiness, once. From then on the Reactor owns `watch`, and has
  // room for it in its queues: no function below that takes a Watch allocates. Errors: system, including ENOMEM; the
  // watch is then not added.
  Result<void> add(Watch& watch);
  void retire(Watch& watch) noexcept;  // stops its events; it is closed at the end of the turn
  void again(Watch& watch);            // calls on_ready(0) in the next turn, behind the ready ones
  void flush_later(Watch& watch) {     // calls on_flush() in this turn's flush phase
    if (watch.flush_queued_ || watch.is_retired()) return;
    watch.flush_queued_ = true;
    flush_.push_back(&watch);
    look_again();
  }
  void again_when_descriptor_free(Watch& watch);  // calls again() once the Reactor has closed a descriptor
  void resume_later(Resumable& resumable) noexcept { enqueue(queued_, resumable); }
  void resume_next_turn(Resumable& resumable) noexcept {  // skips this turn's "queued" phase
    enqueue(next_turn_, resumable);
  }
  void work_began() noexcept { ++live_tasks_; }  // keeps run() going, as a task does
  void work_ended() noexcept {
    --live_tasks_;
    look_again();
  }
  // Called when something was queued or has ended: the next turn looks for it and does not sleep.
  void look_again() noexcept { has_work_ = true; }
  // A number that differs between dispatches, while dispatches are measured.
  std::uint64_t dispatch_id() const noexcept { return suspicious_from_; }
  // The same as above; `referred` is not deleted before `resumable` has run.
  void resume_later(Resumable& resumable, Watch& referred) noexcept;
  void arm(Timer& timer, Time deadline) noexcept { timers_.arm(timer, tick_at_or_after(deadline)); }
  TimerWheel& timers() noexcept { return timers_; }
  BufferPool& buffers() noexcept { return buffers_; }

  // Scratch storage for bytes that are used up before the function returns: just received, or about to be sent.
  static constexpr std::size_t scratch_size = 64 * 1024;
  char* scratch() noexcept { return scratch_.get(); }
  Buffer& replies() noexcept { return replies_; }  // empty between dispatches

 private:
  friend struct detail::TaskPromiseBase;
  friend class SleepOperation;

  enum class State : std::uint8_t {
    idle,           // no turn is on the stack
    running,        // run() is on the stack
    ending,         // run() is on the stack, and shutdown() was requested
    shutting_down,  // shutdown() is on the stack, or run() does its work
  };
  struct Turning {  // sets the State for its lifetime
    Turning(Reactor& of, State state) noexcept : reactor(of) { reactor.state_ = state; }
    Turning(const Turning&) = delete;
    Turning& operator=(const Turning&) = delete;
    ~Turning() { reactor.state_ = State::idle; }
    Reactor& reactor;
  };

  int run_until_done();
  int turn_at_once();
  void shut_down() noexcept;
  void fail_everything() noexcept;
  bool can_run() const noexcept;
  template <bool Measured>
  int turn_until_done();
  template <bool Measured>
  int turn(bool may_block);
  void dispatched(const Watch* watch);
  void measure(const Watch* watch);
  [[gnu::cold]] void look_for_stall(const Watch* watch, std::uint64_t end);
  int wait_milliseconds() noexcept;
  bool survives_failed_wait(int failure);
  void enqueue(ResumableQueue& queue, Resumable& resumable) noexcept {
    queue.push(resumable);
    look_again();
  }
  Result<void> watch_over_itself();
  void serve_rest();
  void serve(Watch& watch, Readiness readiness);
  void run_timers();
  bool hold_timers_back(bool more_is_ready) noexcept;
  void run_queued();
  void flush();
  void reap() noexcept;
  void make_room_in_queues();
  void run_work(bool more_is_ready);

  Clock& clock_;
  const bool virtual_clock_;
  State state_ = State::idle;
  bool stopping_ = false;
  bool measured_ = false;  // set while each dispatch is measured
  bool has_work_ = false;  // set when a queue below holds something: the loop must not sleep
  Time now_;
  std::uint64_t turns_ = 0;
  std::uint64_t suspicious_cycles_ = 0;  // a dispatch that took more CPU cycles is judged
  std::uint64_t suspicious_from_ = 0;    // the cycle count at which the running dispatch becomes suspicious
  std::uint64_t last_failed_turn_ = 0;
  std::uint32_t failures_ = 0;  // the number of failures of epoll_wait(2) in a row
  Duration pause_{0};
  std::uint32_t turns_held_back_ = 0;  // the number in a row in which no timer ran though one was due
  std::size_t live_tasks_ = 0;
  std::size_t open_watches_ = 0;
  TimerWheel timers_;
  BufferPool buffers_;
  Buffer replies_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_size);
  std::unique_ptr<Poller> poller_;
  std::size_t watches_ = 0;  // the number added and not yet reaped
  std::vector<Watch*> again_, serving_again_;
  std::vector<Watch*> flush_;
  std::vector<Watch*> starved_;
  struct ReadyListener {
    Watch* watch;
    Readiness readiness;
  };
  std::vector<ReadyListener> listeners_;
  ResumableQueue queued_;
  ResumableQueue next_turn_;  // appended to queued_ at the end of the turn
  Resumable* ended_ = nullptr;
  Watch* open_ = nullptr;
  Watch* retired_ = nullptr;
  SleepOperation* sleepers_ = nullptr;
  Wakeup* wakeup_ = nullptr;
  Alarm* alarm_ = nullptr;  // null on a virtual clock, where the loop never sleeps
  ReactorObserver* observer_ = nullptr;
  std::optional<Error> refusal_;        // set when the kernel refused a descriptor that the Reactor needs
  std::unique_ptr<StallMeter> stalls_;  // null when nothing was ever measured
};

// Keeps run() going while it lives, as a task does, for a loop that waits for posts alone. It belongs to the Reactor's
// thread and must not outlive the Reactor.
class [[nodiscard]] WorkGuard {
 public:
  explicit WorkGuard(Reactor& reactor) noexcept : reactor_(&reactor) { reactor.work_began(); }
  WorkGuard(WorkGuard&& other) noexcept : reactor_(std::exchange(other.reactor_, nullptr)) {}
  WorkGuard& operator=(WorkGuard&&) = delete;
  ~WorkGuard() { release(); }

  // Lets run() return. No effect when repeated.
  void release() noexcept {
    if (Reactor* reactor = std::exchange(reactor_, nullptr)) reactor->work_ended();
  }

 private:
  Reactor* reactor_;  // null when released or moved from
};

class [[nodiscard]] SleepOperation : protected Timer, protected Resumable {
 public:
  SleepOperation(Reactor& reactor, Time until) noexcept : reactor_(reactor), until_(until) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const;

 protected:
  void on_timer() override;
  void wake_up() noexcept;  // resumes now, through the loop's queue
  bool is_cancelled() const noexcept { return cancelled_; }

 private:
  friend class Reactor;
  void unlink() noexcept;

  Reactor& reactor_;
  Time until_;
  SleepOperation* next_sleeper_ = nullptr;
  SleepOperation* previous_sleeper_ = nullptr;
  bool cancelled_ = false;
};

class [[nodiscard]] NextTurnOperation final : public Resumable {
 public:
  explicit NextTurnOperation(Reactor& reactor) noexcept : reactor_(reactor) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept {
    wake(waiter);
    reactor_.resume_next_turn(*this);
  }
  void await_resume() const noexcept {}

 private:
  Reactor& reactor_;
};

}  // namespace reactord
