#include "reactord/limits.hpp"

#include <algorithm>

#include "reactord/line_reader.hpp"

namespace reactord {

// A Buffer counts in 32 bits, and doubles. A low mark above the high one would let a session wait for ever. A hard
// limit below the high mark lowers it, because it is meant to save memory. Sums of a Time and a Duration saturate, so
// no duration is too long.
Limits within_reason(const Limits& wanted) noexcept {
  constexpr std::size_t most = LineSplitter::most_max_line;
  Limits limits = wanted;
  for (Duration* const time : {&limits.idle_timeout, &limits.line_timeout, &limits.drain_line_timeout,
                               &limits.write_timeout, &limits.lifetime, &limits.stall_threshold}) {
    *time = std::max(*time, Duration{0});
  }
  limits.lifetime_jitter_percent = std::min(limits.lifetime_jitter_percent, 100U);
  limits.ip6_prefix = std::min(limits.ip6_prefix, 128U);
  limits.max_line = LineSplitter::within_reason(limits.max_line);
  limits.output.high = std::clamp<std::size_t>(limits.output.high, 1, most);
  if (limits.output.hard > 0) limits.output.high = std::min(limits.output.high, limits.output.hard);
  limits.output.low = std::min(limits.output.low, limits.output.high);
  return limits;
}

}  // namespace reactord
