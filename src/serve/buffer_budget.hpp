// BufferBudget: keeps the sum of the buffers of a Server's sessions below Limits::max_buffers.
//
// max_line and output.hard bound one client; ten thousand clients may hold ten thousand times that. Once the sessions
// hold more than the budget, or the allocator fails before that, those that hold most are evicted until an eighth is
// free again. So a client that holds much pays for it, not one that needs a few bytes at the wrong moment. Only the
// sessions' buffers count, no other Buffer of the program. The SessionTable finds the largest, so no turn walks over
// the sessions. A turn looks at a bounded number.
#pragma once

#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class SessionTable;

class BufferBudget final : public Watch, BufferPool::Keeper {
 public:
  static constexpr std::size_t sessions_per_turn = 1024;  // the number looked at, then the next turn goes on

  // `sessions` must outlive the result. 0 bytes: no limit.
  static WatchHandle<BufferBudget> make(Reactor& reactor, std::size_t bytes, SessionTable& sessions);
  BufferBudget(Reactor& reactor, std::size_t bytes, SessionTable& sessions) noexcept;
  BufferBudget(const BufferBudget&) = delete;
  BufferBudget& operator=(const BufferBudget&) = delete;

  // Called when the sessions hold too much. Eviction runs in the same turn's flush, not in the timers' phase: a flood
  // holds timers back for many turns, each of which takes what 256 clients send.
  void on_pressure() noexcept { reactor().flush_later(*this); }

 private:
  void on_exhausted() noexcept override;
  void on_flush() override;
  void on_ready(Readiness) override {}
  void on_release() override;
  void on_shutdown() override {}
  bool evict_down_to(std::size_t bytes);

  std::size_t bytes_;       // the largest size_t when there is no limit
  bool exhausted_ = false;  // set when memory has run out and nothing was evicted yet
  SessionTable& sessions_;
};

}  // namespace reactord
