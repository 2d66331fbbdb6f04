// ProgramHost: what all programs of a process have in common. All of it outlives them.
#pragma once

#include "base/launch_reserve.hpp"
#include "protocols/programs/program_observer.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

struct ProgramHost {
  Reactor& reactor;
  ProgramObserver& observer;
  LaunchReserve& reserve;
};

}  // namespace reactord
