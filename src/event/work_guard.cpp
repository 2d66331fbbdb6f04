#include "reactord/work_guard.hpp"

#include "reactord/reactor.hpp"

namespace reactord {

WorkGuard::WorkGuard(Reactor& reactor) noexcept : reactor_(&reactor) { reactor.work_began(); }

void WorkGuard::release() noexcept {
  if (Reactor* reactor = std::exchange(reactor_, nullptr)) reactor->work_ended();
}

}  // namespace reactord
