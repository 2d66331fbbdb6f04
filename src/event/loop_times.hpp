// LoopTimes: how long the turns of a Reactor take, and what they do in them; and how late its timers run.
//
//     turn 15        | turn 16                                                          | turn 17
//     ... | flush |  | wait | ready | ready | timer | resumed | flush |      reap       | wait | ready ...
//                           ^       ^       ^       ^         ^       ^ clock: dispatches ^ clock: the turn ends
//
// One turn in sixteen is measured, in full: every one whose number, Reactor::turns(), is a multiple of `one_turn_in`. It
// costs sixty instructions and more: in each turn that would be a sixth of what a line costs that comes alone. The other
// turns pay for a count that goes down (turn_counter.hpp). So the counts and sums of turns() and dispatches() are those of
// measured turns: times `one_turn_in` they are about those of all. Quantiles are as they are. Each timer's lateness is
// recorded, because few run.
//
// Turns and dispatches are in real time, as stalls are, also where the Reactor's clock is virtual. Lateness is of the
// Reactor's clock.
#pragma once

#include <cassert>
#include <cstdint>

#include "base/duration_histogram.hpp"
#include "reactord/time.hpp"
#include "reactord/turn_counter.hpp"

namespace reactord {

class LoopTimes {
 public:
  static constexpr std::uint64_t one_turn_in = TurnCounter::one_in;

  // From the return of the wait to the end of the turn.
  const DurationHistogram& turns() const noexcept { return turns_; }
  // The time of each thing that the loop called: a ready descriptor, a timer, a task that was resumed, a flush. The end of
  // one is the beginning of the next, and the observer's time at a stall counts to the dispatch that stalled.
  const DurationHistogram& dispatches() const noexcept { return dispatches_; }
  // From the tick at which a timer was due, which is a millisecond behind its deadline at most, to the turn in which it
  // ran.
  const DurationHistogram& lateness() const noexcept { return lateness_; }

  // ---- For the Reactor.

  // True within a turn that is measured: TurnCounter says which.
  bool is_measuring() const noexcept { return !turn_began_.is_never(); }

  void begin_turn(Time now) noexcept {
    assert(!is_measuring() && !now.is_never());
    turn_began_ = now;
    dispatch_began_ = now;
  }
  void end_dispatch() noexcept {
    assert(is_measuring());
    const Time end = monotonic_now();
    dispatches_.record(end - dispatch_began_);
    dispatch_began_ = end;
  }
  // The last dispatch was the end of the turn.
  void end_turn() noexcept {
    assert(is_measuring());
    turns_.record(dispatch_began_ - turn_began_);
    turn_began_ = Time::never();
  }
  // More was done behind it.
  void end_turn_now() noexcept {
    dispatch_began_ = monotonic_now();
    end_turn();
  }
  void timer_runs(Duration late) noexcept { lateness_.record(late); }

 private:
  Time turn_began_ = Time::never();  // never: it is not measured, or no turn runs
  Time dispatch_began_;              // the end of the one before
  DurationHistogram turns_, dispatches_, lateness_;
};

}  // namespace reactord
