// EventCounts: how often each thing has happened that the log tells of, also where its lines were left out. The events come from
// the Server, by ServerLog.
//
//     on_limit, on_closed with a limit  --> limits     by the name of the limit and what was done: deferred, truncated, closed
//     on_accept_paused                  --> pauses     by the name of the error: EMFILE
//     on_stall, on_handler_failed       --> a number each
//
// Each table has a bound (LabelledCounts). The names of limits and actions are the library's, far fewer than that.
#pragma once

#include <cstdint>

#include "daemon/labelled_counts.hpp"
#include "reactord/server.hpp"

namespace reactord {

class EventCounts {
 public:
  static constexpr std::size_t most_limits = 64;
  static constexpr std::size_t most_errors = 16;

  void limit_reached(const LimitReached& limit) noexcept { limits_.add(limit.limit, limit.action); }
  // Counts the limit that has ended it, if one has, as "closed".
  void closed(const ConnectionEnd& end) noexcept;
  void accept_paused(const Error& error) noexcept;
  void stalled() noexcept { ++stalls_; }
  void handler_failed() noexcept { ++handler_failures_; }

  const LabelledCounts& limits() const noexcept { return limits_; }
  const LabelledCounts& pauses() const noexcept { return pauses_; }
  std::uint64_t stalls() const noexcept { return stalls_; }
  std::uint64_t handler_failures() const noexcept { return handler_failures_; }

 private:
  LabelledCounts limits_{most_limits};
  LabelledCounts pauses_{most_errors};
  std::uint64_t stalls_ = 0, handler_failures_ = 0;
};

}  // namespace reactord
