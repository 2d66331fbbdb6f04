#include "serve/buffer_budget.hpp"

#include "serve/session.hpp"

namespace reactord {

Owned<BufferBudget> BufferBudget::watch(Reactor& reactor, std::size_t bytes, SessionTable& sessions) {
  Owned<BufferBudget> budget(new BufferBudget(reactor, bytes, sessions));
  auto added = reactor.add(*budget);  // can't fail: there is no descriptor to register
  sessions.keep_below(bytes, bytes > 0 ? budget.get() : nullptr);
  return budget;
}

void BufferBudget::on_release() {
  sessions_.keep_below(0, nullptr);
  reactor().retire(*this);
}

void BufferBudget::on_flush() {
  if (sessions_.held() > bytes_ && !evict_down_to(bytes_ - bytes_ / 8)) on_pressure();
}

// False: more is to be done, in the next turn.
bool BufferBudget::evict_down_to(std::size_t bytes) {
  for (std::size_t left = sessions_per_turn; left > 0; --left) {
    Session* const largest = sessions_.largest();
    if (largest == nullptr || sessions_.held() <= bytes) return true;
    const std::size_t listed = sessions_.held();
    largest->holds();
    if (sessions_.held() != listed) continue;  // it holds less by now: perhaps another one holds most
    sessions_.leaves(*largest);
    largest->evict();
  }
  return false;
}

}  // namespace reactord
