// BufferBudget: keeps the buffers of all sessions of a Server below Limits::max_buffers, together.
//
// What one client may hold is bounded by max_line and output.hard; ten thousand clients may hold ten thousand times that.
// Once the pool is beyond the budget, the sessions that hold most are evicted, until an eighth of the budget is free
// again: who holds much pays for it, and not whoever happens to need a few bytes at the wrong moment. Two walks over the
// sessions free that eighth, so they cost little for each byte that was allocated.
//
//     held:  256 B   1 KiB   4 KiB  16 KiB  64 KiB  256 KiB   1 MiB   more
//            [....]  [...]   [..]   [....]  [xxx]   [xxxxx]   [xx]    [x]      evicted from the right
#pragma once

#include "reactord/reactor.hpp"

namespace reactord {

class Session;

class BufferBudget final : Timer, public BufferPool::Keeper {
 public:
  // `sessions`: the head of the list, wherever it points when the budget is exceeded. 0 bytes: no limit.
  BufferBudget(Reactor& reactor, std::size_t bytes, Session* const& sessions) noexcept;
  ~BufferBudget();
  BufferBudget(const BufferBudget&) = delete;
  BufferBudget& operator=(const BufferBudget&) = delete;

 private:
  void on_pressure() noexcept override;  // the rest comes in the timers' phase
  void on_timer() override;

  Reactor& reactor_;
  std::size_t bytes_;
  Session* const& sessions_;
};

}  // namespace reactord
