// WorkGuard: keeps Reactor::run() going while it lives, as a task does, for a loop that waits for posts alone.
#pragma once

#include <utility>

namespace reactord {

class Reactor;

// It belongs to the Reactor's thread and must not outlive the Reactor.
class [[nodiscard]] WorkGuard {
 public:
  explicit WorkGuard(Reactor& reactor) noexcept;
  WorkGuard(WorkGuard&& other) noexcept : reactor_(std::exchange(other.reactor_, nullptr)) {}
  WorkGuard& operator=(WorkGuard&&) = delete;
  ~WorkGuard() { release(); }

  // Lets run() return. No effect when repeated.
  void release() noexcept;

 private:
  Reactor* reactor_;  // null when released or moved from
};

}  // namespace reactord
