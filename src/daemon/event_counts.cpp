#include "daemon/event_counts.hpp"

#include <cstring>

namespace reactord {

void EventCounts::closed(const ConnectionEnd& end) noexcept {
  if (!end.limit.empty()) limits_.add(end.limit, "closed");
}

// An error that is none of the system's has no such name.
void EventCounts::accept_paused(const Error& error) noexcept {
  const char* const name = ::strerrorname_np(error.system_errno());
  pauses_.add(error.system_errno() == 0 || name == nullptr ? LabelledCounts::other : name);
}

}  // namespace reactord
