// NextTurnOperation: a task's wait for the loop's next turn, see Reactor::next_turn(). It never fails.
#pragma once

#include <coroutine>

#include "reactord/task.hpp"

namespace reactord {

class Reactor;

class [[nodiscard]] NextTurnOperation final : public Resumable {
 public:
  explicit NextTurnOperation(Reactor& reactor) noexcept : reactor_(reactor) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  void await_resume() const noexcept {}

 private:
  Reactor& reactor_;
};

}  // namespace reactord
