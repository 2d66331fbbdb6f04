#include "serve/buffer_budget.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "serve/session.hpp"

namespace reactord {

WatchHandle<BufferBudget> BufferBudget::make(Reactor& reactor, std::size_t bytes, SessionTable& sessions) {
  WatchHandle<BufferBudget> budget(new BufferBudget(reactor, bytes, sessions));
  if (auto added = reactor.add(*budget); !added)
    throw std::bad_alloc();  // without a descriptor, add() fails only for memory
  reactor.buffers().set_keeper(budget.get());
  sessions.keep_below(budget->bytes_, budget.get());
  return budget;
}

BufferBudget::BufferBudget(Reactor& reactor, std::size_t bytes, SessionTable& sessions) noexcept
    : Watch(reactor, -1), bytes_(bytes > 0 ? bytes : ~std::size_t{0}), sessions_(sessions) {}

void BufferBudget::on_release() {
  sessions_.keep_below(0, nullptr);
  reactor().buffers().forget(*this);
  reactor().retire(*this);
}

void BufferBudget::on_exhausted() noexcept {
  exhausted_ = true;
  reactor().flush_later(*this);
}

// When memory has run out, the bytes that the sessions hold count as the budget.
void BufferBudget::on_flush() {
  const bool exhausted = std::exchange(exhausted_, false);
  const std::size_t most = exhausted ? std::min(bytes_, sessions_.held()) : bytes_;
  if ((exhausted || sessions_.held() > most) && !evict_down_to(most - most / 8)) on_pressure();
  if (exhausted) reactor().buffers().release_idle();  // other allocations need memory too
}

// False: more remains to be done in the next turn.
bool BufferBudget::evict_down_to(std::size_t bytes) {
  for (std::size_t left = sessions_per_turn; left > 0; --left) {
    Session* const largest = sessions_.largest();
    if (largest == nullptr || sessions_.held() <= bytes) return true;
    const std::size_t listed = sessions_.held();
    largest->holds();
    if (sessions_.held() != listed) continue;  // it holds less than listed: another one may hold more
    sessions_.leaves(*largest);
    largest->evict();
  }
  return false;
}

}  // namespace reactord
