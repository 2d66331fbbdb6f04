#include "serve/client_clock.hpp"

#include <algorithm>

namespace reactord {
namespace {

// Zero means no limit.
Time after(Time since, Duration limit) noexcept { return limit > 0ns ? since + limit : Time::never(); }

}  // namespace

// A line that has begun counts as silence when line_timeout is zero.
bool ClientClock::is_over_line(const Limits& limits) const noexcept {
  return !line_since.is_never() && limits.line_timeout > 0ns;
}

Time ClientClock::silence_end(const Limits& limits) const noexcept {
  if (is_over_line(limits)) return line_since + limits.line_timeout;
  return after(quiet_since, limits.idle_timeout);
}

// Floating point, because a lifetime of years times a share of 2^32 exceeds 64 bits.
Time ClientClock::lifetime_end(const Limits& limits) const noexcept {
  if (accepted.is_never() || limits.lifetime == 0ns || is_over_line(limits)) return Time::never();
  constexpr double whole = 4294967296.0, percent = 100.0;
  // It fits into a Duration. The largest Duration itself would be rounded up beyond the range.
  constexpr double longest = 9e18;
  const double less = jitter / whole * limits.lifetime_jitter_percent / percent;
  const double lifetime = std::min((1 - less) * static_cast<double>(limits.lifetime.count()), longest);
  return accepted + Duration(static_cast<Duration::rep>(lifetime));
}

Time ClientClock::drain_end(const Limits& limits) const noexcept {
  if (drain_since.is_never() || line_since.is_never()) return Time::never();
  return after(drain_since, limits.drain_line_timeout);
}

Time ClientClock::due(const Limits& limits) const noexcept {
  return std::min({silence_end(limits), lifetime_end(limits), drain_end(limits)});
}

// While the server drains, the drain is the cause, because it waits for nothing else.
std::optional<EndCause> ClientClock::verdict(const Limits& limits, Time now) const noexcept {
  if (drain_end(limits) <= now) return EndCause::drained;
  if (silence_end(limits) <= now) {
    if (!drain_since.is_never()) return EndCause::drained;
    return is_over_line(limits) ? EndCause::slow_line : EndCause::idle;
  }
  if (lifetime_end(limits) <= now) return EndCause::lifetime;
  return std::nullopt;
}

}  // namespace reactord
