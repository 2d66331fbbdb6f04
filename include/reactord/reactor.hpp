// Reactor: one thread, one epoll instance, one timer wheel, and the queues between them.
//
//  +-> wait      until a descriptor is ready or the next timer is due; 0 if work is queued, for ever if no timer
//  |   now       the clock is read once
//  |   ready     connections serve what became ready, then those that used up a budget last turn; listeners last
//  |   timers    the expired are collected, then run
//  |   queued    tasks spawned and resumed by others: a snapshot, what they queue runs next turn
//  |   flush     one send for every connection that was written to in this turn
//  +-- reap      close(2) and delete what was closed in this turn
//
// An idle Reactor makes no wake-ups, but for one that a cancelled timer may leave behind. Everything here belongs to the
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

// Its frame keeps what the task refers to. What an argument is converted into lives as long as this statement.
template <typename Callable, typename... Arguments>
Task<> call_kept(Callable callable, Arguments... arguments) {
  co_await callable(std::move(arguments)...);
}

}  // namespace detail

class Reactor {
 public:
  static constexpr std::size_t timers_per_turn = 4096;
  // Timers that are `late` wait one more turn, and while more is ready than a wait returns, so many in a row: whoever
  // was served too late by us, not by its peer, is served before its deadline.
  static constexpr Duration late = 10ms;
  static constexpr std::uint32_t turns_without_timers = 64;
  static constexpr std::uint32_t failed_waits = 16;  // in a row, then run() ends
  static constexpr Duration shortest_pause = 1ms, longest_pause = 1s;

  // `clock` must outlive the Reactor. If the kernel refuses the descriptors, run() and every listen() say so.
  explicit Reactor(Clock& clock = Clock::monotonic());
  ~Reactor();  // shutdown(). Not from within a turn
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Turns until no task is left, nothing posted, and no connection is closing any more (which has limits of its own, see
  // conn.hpp); or until stop(), which waits for none of them. Errors: busy, within a turn: turns do not nest; the kernel's
  // refusal of epoll_create1(2), eventfd(2) or epoll_ctl(2) at the construction; that of epoll_wait(2) only after
  // failed_waits of them in a row, with pauses between (shortest_pause, doubling to longest_pause) in which nothing is
  // served.
  Result<void> run();

  // run() returns at the end of the turn. Before run(): the next run() returns without a turn.
  void stop() noexcept {
    stopping_ = true;
    look_again();
  }

  // Fails everything that is pending and all that comes to be pending meanwhile, closes every descriptor without further
  // ado, and turns as long as anything can run: until no task is left, nor posted work, but for tasks that wait for
  // something the Reactor does not know. A task that goes on whatever fails keeps it from returning, as a thread that
  // does not end keeps join().
  //
  // Within a turn it is only asked for: the turn goes on, what is pending fails after it, and then run() returns.
  void shutdown() noexcept;

  // Whether run() or shutdown() is on the stack: all code that the loop calls runs within a turn.
  bool is_turning() const noexcept { return state_ != State::idle; }

  // From the next turn on `observer`, which must outlive the Reactor or the next observe(), is told what the loop
  // notices; null: nobody. A `stall_threshold` of zero: of no stalls, and no dispatch is measured.
  void observe(ReactorObserver* observer, Duration stall_threshold = 0s);
  void forget(const ReactorObserver& observer) {  // observe(nullptr), if it is this one that observes
    if (observer_ == &observer) observe(nullptr);
  }

  // The time at the beginning of this turn.
  Time now() const noexcept { return now_; }

  // Runs `task` beside the others, beginning in this turn's or the next turn's "queued" phase.
  void spawn(Task<> task);

  // The same for the task that `callable` makes of `arguments` when it begins. Both are kept until it has ended: so a
  // lambda with captures may be a coroutine here, and what it takes by reference lives as long as it does. A lambda that
  // is called before, spawn([x]() -> Task<> {...}()), loses its captures before it begins.
  template <typename Callable, typename... Arguments>
  requires detail::makes_task<Callable, Arguments...>
  void spawn(Callable callable, Arguments... arguments) {
    spawn(detail::call_kept(std::move(callable), std::move(arguments)...));
  }

  // Runs `work` once on the Reactor's thread, within a turn. Any thread may call it, while the Reactor lives. While
  // nothing turns it waits: for the next run(), which runs it even if no task is left, or for shutdown(), and so for
  // ~Reactor at the latest. An exception that leaves it ends the program.
  void post(std::move_only_function<void()> work);

  // Suspends until then. Result: ok, or cancelled by shutdown().
  SleepOperation sleep_until(Time time) & noexcept;
  SleepOperation sleep(Duration duration) & noexcept;

  // Suspends until the next turn, behind the connections that are ready in it: how a long computation lets
  // others run.
  NextTurnOperation next_turn() & noexcept;

  std::size_t live_tasks() const noexcept { return live_tasks_; }  // spawned and not yet ended; WorkGuards
  std::size_t open_descriptors() const noexcept { return open_watches_; }  // watched and not yet closed
  std::uint64_t turns() const noexcept { return turns_; }                  // how often the loop has woken up

  // ---- What follows is for makers of new kinds of Watch.

  // Registers the descriptor, edge-triggered, for everything, once and for all. From here on the Reactor owns
  // `watch`, and has room for it in its queues: nothing that names a watch below asks for memory. Errors: system, ENOMEM
  // among them; the watch is then not added.
  Result<void> add(Watch& watch);
  void retire(Watch& watch) noexcept;  // no event any more; closed at the end of the turn
  void again(Watch& watch);            // on_ready(0) in the next turn, behind those that are ready
  void flush_later(Watch& watch) {     // on_flush() in this turn's flush phase
    if (watch.flush_queued_ || watch.is_retired()) return;
    watch.flush_queued_ = true;
    flush_.push_back(&watch);
    look_again();
  }
  void again_when_descriptor_free(Watch& watch);  // again(), once a descriptor of ours has been closed
  void resume_later(Resumable& resumable) noexcept { enqueue(queued_, resumable); }
  void resume_next_turn(Resumable& resumable) noexcept {  // not in this turn's "queued" phase
    enqueue(next_turn_, resumable);
  }
  void work_began() noexcept { ++live_tasks_; }  // something that keeps run() going, as a task does
  void work_ended() noexcept {
    --live_tasks_;
    look_again();
  }
  // Something has been put into a queue, or has ended: the next turn looks for it, and does not sleep.
  void look_again() noexcept { has_work_ = true; }
  // Tells the dispatch that runs just now from every other one, where dispatches are measured.
  std::uint64_t dispatch_id() const noexcept { return suspicious_from_; }
  void resume_later(Resumable& resumable,
                    Watch& referred) noexcept;  // to which it refers: not deleted before
  void arm(Timer& timer, Time deadline) noexcept { timers_.arm(timer, tick_at_or_after(deadline)); }
  TimerWheel& timers() noexcept { return timers_; }
  BufferPool& buffers() noexcept { return buffers_; }

  // Storage for bytes that are done with before their function returns: what was just received, what is just
  // sent.
  static constexpr std::size_t scratch_size = 64 * 1024;
  char* scratch() noexcept { return scratch_.get(); }
  Buffer& replies() noexcept { return replies_; }  // empty whenever the loop looks

 private:
  friend struct detail::TaskPromiseBase;
  friend class SleepOperation;

  enum class State : std::uint8_t {
    idle,           // no turn is on the stack
    running,        // within run()
    ending,         // the same, and shutdown() was asked for
    shutting_down,  // within shutdown(), or in what run() does of it
  };
  struct Turning {  // a State lasts as long
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
  bool measured_ = false;  // each dispatch is
  bool has_work_ = false;  // something waits in a queue below: look through them, and don't sleep
  Time now_;
  std::uint64_t turns_ = 0;
  std::uint64_t suspicious_cycles_ = 0;  // of the CPU's counter: a dispatch that took more of them is judged
  std::uint64_t suspicious_from_ = 0;    // on that counter, for the one that runs
  std::uint64_t last_failed_turn_ = 0;
  std::uint32_t failures_ = 0;  // of epoll_wait(2), in a row
  Duration pause_{0};
  std::uint32_t turns_held_back_ = 0;  // in which no timer ran, though one was due
  std::size_t live_tasks_ = 0;
  std::size_t open_watches_ = 0;
  TimerWheel timers_;
  BufferPool buffers_;
  Buffer replies_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_size);
  std::unique_ptr<Poller> poller_;
  std::size_t watches_ = 0;  // added and not yet reaped
  std::vector<Watch*> again_, serving_again_;
  std::vector<Watch*> flush_;
  std::vector<Watch*> starved_;
  struct ReadyListener {
    Watch* watch;
    Readiness readiness;
  };
  std::vector<ReadyListener> listeners_;
  ResumableQueue queued_;
  ResumableQueue next_turn_;  // goes behind queued_ at the end of the turn
  Resumable* ended_ = nullptr;
  Watch* open_ = nullptr;
  Watch* retired_ = nullptr;
  SleepOperation* sleepers_ = nullptr;
  Wakeup* wakeup_ = nullptr;
  Alarm* alarm_ = nullptr;  // null on a virtual clock: nobody sleeps there
  ReactorObserver* observer_ = nullptr;
  std::optional<Error> refusal_;        // of what the Reactor itself needs of the kernel
  std::unique_ptr<StallMeter> stalls_;  // null: nothing was ever measured
};

// Keeps run() going while it lives, as a task does: for a loop that waits for posts alone. It belongs to the Reactor's
// thread, as all but post() does, and must not outlive the Reactor.
class [[nodiscard]] WorkGuard {
 public:
  explicit WorkGuard(Reactor& reactor) noexcept : reactor_(&reactor) { reactor.work_began(); }
  WorkGuard(WorkGuard&& other) noexcept : reactor_(std::exchange(other.reactor_, nullptr)) {}
  WorkGuard& operator=(WorkGuard&&) = delete;
  ~WorkGuard() { release(); }

  // run() may return. No effect when repeated.
  void release() noexcept {
    if (Reactor* reactor = std::exchange(reactor_, nullptr)) reactor->work_ended();
  }

 private:
  Reactor* reactor_;  // null: released, or moved away
};

class [[nodiscard]] SleepOperation : protected Timer, protected Resumable {
 public:
  SleepOperation(Reactor& reactor, Time until) noexcept : reactor_(reactor), until_(until) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const;

 protected:
  void on_timer() override;
  void wake_up() noexcept;  // now, by the loop's queue
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
