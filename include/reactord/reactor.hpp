// Reactor: one thread, one epoll instance, one timer wheel, and the queues between them.
//
//  +-> wait      until a descriptor is ready or the next timer is due; 0 if work is queued, for ever if no timer
//  |   now       the clock is read once
//  |   ready     ready connections are served, then those that used up a budget last turn; listeners last
//  |   timers    expired timers are collected, then run
//  |   queued    tasks spawned and resumed by others run: a snapshot, what they queue runs next turn
//  |   flush     one send for each connection that was written to, of many some: the next turn goes on
//  +-- reap      close(2) and delete what was closed in this turn
//
// An idle Reactor makes no wake-ups, except one that a cancelled timer may leave behind. Everything here belongs to the
// thread that calls run(), except post().
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "reactord/buffer.hpp"
#include "reactord/error.hpp"
#include "reactord/list.hpp"
#include "reactord/next_turn_operation.hpp"
#include "reactord/reactor_observer.hpp"
#include "reactord/run_queue.hpp"
#include "reactord/sleepers.hpp"
#include "reactord/task.hpp"
#include "reactord/time.hpp"
#include "reactord/timer.hpp"
#include "reactord/turn_counter.hpp"
#include "reactord/turning.hpp"
#include "reactord/watch.hpp"
#include "reactord/work_guard.hpp"

namespace reactord {

class Directory;
class LateTimers;
class LoopTimes;
class LoopWait;
class PostedCall;
class StallReporter;
class WatchQueues;
class WatchRegistry;

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
  // no posted work can run. A wait for the end of other tasks (Joinable::join, WaitGroup::wait) goes on meanwhile and
  // fails once nothing else can run. Tasks that wait for something outside the Reactor stay suspended. A task that goes
  // on after every failure keeps it from returning, as a thread that does not end keeps join().
  //
  // From within a turn it is only requested: the turn goes on, pending operations fail after it, then run() returns.
  void shutdown() noexcept;

  // True while run() or shutdown() is on the stack: all code that the loop calls runs within a turn.
  bool is_turning() const noexcept { return state_ != State::idle; }

  // Sets the observer, from the next turn on; null: none. It must outlive the Reactor or the next observe(). With a
  // `stall_threshold` of zero no dispatch is measured and no stall reported.
  void observe(ReactorObserver* observer, Duration stall_threshold = 0s);
  void forget(const ReactorObserver& observer);  // calls observe(nullptr) if `observer` is the current one

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

  // The same for `call` (posted_call.hpp), which must live until it has run. It allocates nothing.
  void post(PostedCall& call) noexcept;

  // Suspends until `time`. Result: ok. Errors: cancelled, by shutdown().
  SleepOperation sleep_until(Time time) & noexcept;
  SleepOperation sleep(Duration duration) & noexcept;

  // Suspends until the next turn, behind the connections that are ready in it: so a long computation lets others run.
  NextTurnOperation next_turn() & noexcept;

  std::size_t live_tasks() const noexcept { return live_tasks_; }  // running tasks and WorkGuards
  std::size_t open_descriptors() const noexcept;                   // watched and not yet closed
  std::uint64_t turns() const noexcept { return turns_.count(); }  // the number of wake-ups of the loop
  // How long turns take, and what in them; how late timers are: see src/event/loop_times.hpp.
  const LoopTimes& times() const noexcept { return *times_; }

  // ---- The rest of the interface is for makers of new kinds of Watch.

  Directory& directory() noexcept { return *directory_; }  // see src/event/directory.hpp

  // Registers the descriptor edge-triggered, for every readiness, once. From then on the Reactor owns `watch`, and has
  // room for it in its queues: no function below that takes a Watch allocates. Errors: system, including ENOMEM; the
  // watch is then not added.
  Result<void> add(Watch& watch);
  void retire(Watch& watch) noexcept;  // stops its events; it is closed at the end of the turn
  void serve_next_turn(Watch& watch);  // calls on_ready(0) in the next turn, behind the ready ones
  void flush_later(Watch& watch);      // calls on_flush() in the flush phase of this turn, or of a later one
  void serve_when_descriptor_free(Watch& watch);  // the same in the turn after a descriptor was closed
  void resume_later(Resumable& resumable) noexcept {
    run_queue_.push(resumable);
    look_again();
  }
  void resume_next_turn(Resumable& resumable) noexcept {  // skips this turn's "queued" phase
    run_queue_.push_for_next_turn(resumable);
    look_again();
  }
  void work_began() noexcept { ++live_tasks_; }  // keeps run() going, as a task does
  void work_ended() noexcept {                   // once for each work_began()
    assert(live_tasks_ > 0);
    --live_tasks_;
    look_again();
  }
  // Called when something was queued or has ended: the next turn looks for it and does not sleep.
  void look_again() noexcept { has_work_ = true; }
  // A number that differs between dispatches, while dispatches are measured.
  std::uint64_t dispatch_id() const noexcept;
  // The same as above; `referred` is not deleted before `resumable` has run.
  void resume_later(Resumable& resumable, Watch& referred) noexcept;
  // A deadline that has passed is due now.
  void arm(Timer& timer, Time deadline) noexcept {
    timers_.arm(timer, deadline < now_ ? tick_at_or_before(now_) : tick_at_or_after(deadline));
  }
  TimerWheel& timers() noexcept { return timers_; }
  BufferPool& buffers() noexcept { return buffers_; }

  // Scratch storage for bytes that are used up before the function returns: just received, or about to be sent.
  static constexpr std::size_t scratch_size = 64 * 1024;
  char* scratch() noexcept { return scratch_.get(); }
  Buffer& replies() noexcept { return replies_; }  // empty between dispatches

 private:
  friend struct detail::TaskPromiseBase;
  friend class SleepOperation;

  using State = Turning::State;

  int run_until_done();
  int turn_at_once();
  void shut_down() noexcept;
  bool can_run() const noexcept;
  template <bool Measured>
  int turn_until_done();
  template <bool Measured>
  int turn(bool may_block);
  template <bool Measured, bool Timed>
  int take_turn(bool may_block);
  void serve_rest();
  void measure(const Watch* watch);
  void dispatched(const Watch* watch);
  void serve(Watch& watch, Readiness readiness);
  void reap() noexcept;
  void run_work(bool more_is_ready);

  Clock& clock_;
  const bool virtual_clock_;
  State state_ = State::idle;
  bool stopping_ = false;
  bool has_work_ = false;  // set when a queue below holds something: the loop must not sleep
  Time now_;
  TurnCounter turns_;
  std::size_t live_tasks_ = 0;
  TimerWheel timers_;
  BufferPool buffers_;
  Buffer replies_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_size);
  RunQueue run_queue_;
  std::unique_ptr<LoopWait> wait_;
  std::unique_ptr<WatchRegistry> watches_;
  std::unique_ptr<WatchQueues> watch_queues_;
  std::unique_ptr<LateTimers> late_timers_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<StallReporter> stalls_;
  std::unique_ptr<LoopTimes> times_;
  Sleepers sleepers_;
};

}  // namespace reactord
