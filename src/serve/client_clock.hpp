// ClientClock: decides whether a client is too slow, for lines and for streams alike, from the time since when
// something has been so and from the current limits.
//
//     since                                        limit                   verdict
//     line_since    a line has begun               line_timeout            slow_line
//     quiet_since   nothing complete has come      idle_timeout            idle         not while the line's time runs
//     accepted      the connection is there        lifetime, less jitter   lifetime     not while the line's time runs
//     drain_since   the server drains, a line      drain_line_timeout      drained
//                   has begun
//
// It stores since when, never until when: a changed limit holds at once for every client, and no former limits have to
// be kept (as redis decides by its lastinteraction, timeout.c). Pure: it knows no clock and no connection.
#pragma once

#include <cstdint>
#include <optional>

#include "reactord/end_cause.hpp"
#include "reactord/limits.hpp"

namespace reactord {

struct ClientClock {
  Time quiet_since;  // the time of the last complete line; for a stream, of the last byte either way
  Time line_since = Time::never();   // the time of the line's first byte; never when none has begun
  Time accepted = Time::never();     // never when the lifetime does not count, or not any more
  Time drain_since = Time::never();  // never when the server does not drain
  std::uint32_t jitter = 0;          // shortens the lifetime: a share of 2^32 of what the limits allow

  // When to ask for a verdict, if nothing else changes. never when no limit runs.
  Time due(const Limits& limits) const noexcept;

  // Why the connection ends, as of `now`; empty when it goes on. It is set exactly when due() has passed.
  std::optional<EndCause> verdict(const Limits& limits, Time now) const noexcept;

 private:
  bool is_over_line(const Limits& limits) const noexcept;
  Time silence_end(const Limits& limits) const noexcept;
  Time lifetime_end(const Limits& limits) const noexcept;
  Time drain_end(const Limits& limits) const noexcept;
};

}  // namespace reactord
