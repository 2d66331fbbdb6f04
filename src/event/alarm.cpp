#include "event/alarm.hpp"

#include <algorithm>
#include <cassert>

#include "base/system.hpp"

namespace reactord {
namespace {

// The alarm is set for waits at least this long. For those, the clock read at the beginning of the turn is accurate
// enough.
constexpr Duration coarse_wait = 1s;

}  // namespace

Alarm::Alarm(Reactor& reactor) : Watch(reactor, system::timer_descriptor()) {}

bool Alarm::set(Time time) noexcept {
  assert(!time.is_never());
  const bool is_set = fd() >= 0 && system::set_timer(fd(), std::chrono::nanoseconds(time.nanoseconds())) == 0;
  set_for_ = is_set ? time : Time::never();
  return is_set;
}

int Alarm::set_or_count(Time time, Time now) noexcept {
  const bool is_coarse = time - now >= coarse_wait;
  if (is_coarse && set(time)) return -1;
  return milliseconds_until(time, is_coarse ? now : monotonic_now());
}

int milliseconds_until(Time time, Time now) noexcept {
  constexpr Duration longest = 24h;
  if (time.is_never()) return -1;
  const Duration left = std::clamp(time - now, Duration{0}, longest);
  return static_cast<int>((left.count() + nanoseconds_per_tick - 1) / nanoseconds_per_tick);
}

}  // namespace reactord
