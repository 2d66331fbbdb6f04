// PauseOperation: a sleep that can be cut short, and that then still tells this from the Reactor's shutdown.
#pragma once

#include "reactord/reactor.hpp"

namespace reactord {

class [[nodiscard]] PauseOperation final : public SleepOperation {
 public:
  using SleepOperation::SleepOperation;
  void end() noexcept {
    if (ended_ || is_cancelled()) return;  // it is in the loop's queue
    ended_ = true;
    wake_up();
  }

 private:
  bool ended_ = false;
};

}  // namespace reactord
