// BufferBudget: keeps the buffers of all sessions of a Server below Limits::max_buffers, together.
//
// What one client may hold is bounded by max_line and output.hard; ten thousand clients may hold ten thousand times that.
// Once they hold more than the budget, or the allocator has no memory before that, the sessions that hold most are
// evicted, until an eighth is free again: who holds much pays for it, and not whoever happens to need a few bytes at the
// wrong moment. What counts is what the sessions hold, and no other Buffer of the program. Who that is the SessionTable
// knows, so that no turn walks over the sessions; and a turn evicts so many at most.
#pragma once

#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class SessionTable;

class BufferBudget final : public Watch, BufferPool::Keeper {
 public:
  static constexpr std::size_t sessions_per_turn = 1024;  // that are looked at, then the next turn goes on

  // `sessions` outlives its Owned. 0 bytes: no limit.
  static Owned<BufferBudget> watch(Reactor& reactor, std::size_t bytes, SessionTable& sessions);
  BufferBudget(Reactor& reactor, std::size_t bytes, SessionTable& sessions) noexcept;
  BufferBudget(const BufferBudget&) = delete;
  BufferBudget& operator=(const BufferBudget&) = delete;

  // The sessions hold too much. It is seen to in the same turn, and not in the timers' phase: a flood holds timers back
  // for many turns, and each of them takes what 256 clients send.
  void on_pressure() noexcept { reactor().flush_later(*this); }

 private:
  void on_exhausted() noexcept override;
  void on_flush() override;
  void on_ready(Readiness) override {}
  void on_release() override;
  void on_shutdown() override {}
  bool evict_down_to(std::size_t bytes);

  std::size_t bytes_;       // no limit: more than there can be
  bool exhausted_ = false;  // and not yet seen to
  SessionTable& sessions_;
};

}  // namespace reactord
