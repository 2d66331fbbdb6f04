// ClientClock: whether a client is too slow. It is decided here alone, for lines and for streams, from since when something
// has been so and from the limits that hold now.
//
//     since                                        limit                   verdict
//     line_since    a line has begun               line_timeout            slow_line
//     quiet_since   nothing complete has come      idle_timeout            idle         not while the line's time runs
//     accepted      the connection is there        lifetime, less jitter   lifetime     not while the line's time runs
//     drain_since   the server drains, a line      drain_line_timeout      drained
//                   has begun
//
// It stores since when, and never until when: a limit that changes holds at once for every client, and nothing has to be
// kept of the limits of before (as redis decides by its lastinteraction, timeout.c). Pure: it knows no clock and no
// connection.
#pragma once

#include <cstdint>
#include <optional>

#include "reactord/end_cause.hpp"
#include "reactord/limits.hpp"

namespace reactord {

struct ClientClock {
  Time quiet_since;                  // the last complete line; of a stream the last byte either way
  Time line_since = Time::never();   // its first byte; never: none has begun
  Time accepted = Time::never();     // never: its lifetime does not count, or not any more
  Time drain_since = Time::never();  // never: the server does not drain
  std::uint32_t jitter = 0;          // of its lifetime: a share of 2^32 of what the limits allow

  // When to ask for a verdict, if nothing else changes; never: no limit runs.
  Time due(const Limits& limits) const noexcept;

  // Why the connection ends, as of `now`; nothing: it goes on. There is one whenever due() has come, and none before.
  std::optional<EndCause> verdict(const Limits& limits, Time now) const noexcept;

 private:
  bool is_over_line(const Limits& limits) const noexcept;
  Time silence_end(const Limits& limits) const noexcept;
  Time lifetime_end(const Limits& limits) const noexcept;
  Time drain_end(const Limits& limits) const noexcept;
};

}  // namespace reactord
