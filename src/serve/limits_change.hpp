// Whether new limits concern the connections that are open.
#pragma once

#include "reactord/limits.hpp"

namespace reactord {

// Numbers of connections are for those that come, and the sum of all buffers is for none in particular.
inline bool concerns_sessions(Limits before, const Limits& now) noexcept {
  before.connections = now.connections;
  before.max_buffers = now.max_buffers;
  return before != now;
}

}  // namespace reactord
