#include "reactord/next_turn_operation.hpp"

#include "reactord/reactor.hpp"

namespace reactord {

void NextTurnOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wake(waiter);
  reactor_.resume_next_turn(*this);
}

}  // namespace reactord
