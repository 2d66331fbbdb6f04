#include "daemon/ended_connections.hpp"

#include <cassert>
#include <new>
#include <utility>

#include "daemon/access_log.hpp"

namespace reactord {

void EndedConnections::add(const ConnectionEnd& end, Time now) noexcept {
  try {
    End kept{.when = now,
             .number = end.number,
             .protocol = std::string(end.protocol),
             .remote = end.remote,
             .cause = end.cause,
             .error = end.error,
             .limit = std::string(end.limit),
             .lines = end.lines,
             .bytes_read = end.bytes_read,
             .bytes_written = end.bytes_written,
             .duration = end.duration,
             .is_failure = is_failure(end)};
    if (ends_.size() < most) {
      ends_.push_back(std::move(kept));
    } else {
      ends_[next_] = std::move(kept);
      next_ = (next_ + 1) % most;
    }
  } catch (const std::bad_alloc&) {
    // It is in the counters and in the log all the same.
  }
}

const EndedConnections::End& EndedConnections::newest(std::size_t age) const noexcept {
  assert(age < ends_.size());
  return ends_[(next_ + ends_.size() - 1 - age) % ends_.size()];
}

}  // namespace reactord
