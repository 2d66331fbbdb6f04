// BufferBudget: keeps the buffers of all sessions of a Server below Limits::max_buffers, together.
//
// What one client may hold is bounded by max_line and output.hard; ten thousand clients may hold ten thousand times that.
// Once the pool is beyond the budget, or the allocator has no memory for it before that, the sessions that hold most are evicted, until an eighth of the budget is free
// again: who holds much pays for it, and not whoever happens to need a few bytes at the wrong moment. Two walks over the
// sessions free that eighth, so they cost little for each byte that was allocated.
//
//     held:  256 B   1 KiB   4 KiB  16 KiB  64 KiB  256 KiB   1 MiB   more
//            [....]  [...]   [..]   [....]  [xxx]   [xxxxx]   [xx]    [x]      evicted from the right
#pragma once

#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class Session;

class BufferBudget final : public Watch, public BufferPool::Keeper {
 public:
  // `sessions`: the head of the list, wherever it points when the budget is exceeded. 0 bytes: no limit.
  static Owned<BufferBudget> watch(Reactor& reactor, std::size_t bytes, Session* const& sessions);
  BufferBudget(Reactor& reactor, std::size_t bytes, Session* const& sessions) noexcept;
  BufferBudget(const BufferBudget&) = delete;
  BufferBudget& operator=(const BufferBudget&) = delete;

 private:
  // In the same turn, and not in the timers' phase: a flood holds timers back for many turns, and each of them takes
  // what 256 clients send.
  void on_pressure() noexcept override { reactor().flush_later(*this); }
  void on_exhausted() noexcept override;
  void on_flush() override;
  void on_ready(Readiness) override {}
  void on_release() override;
  void on_shutdown() override {}

  std::size_t bytes_;       // no limit: more than there can be
  bool exhausted_ = false;  // and not yet seen to
  Session* const& sessions_;
};

}  // namespace reactord
