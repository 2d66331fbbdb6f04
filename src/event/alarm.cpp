#include "event/alarm.hpp"

#include "base/system.hpp"

namespace reactord {

Alarm::Alarm(Reactor& reactor) : Watch(reactor, system::timer_descriptor()) {}

bool Alarm::set(Time time) noexcept {
  const bool is_set = fd() >= 0 && system::set_timer(fd(), std::chrono::nanoseconds(time.nanoseconds())) == 0;
  set_for_ = is_set ? time : Time::never();
  return is_set;
}

}  // namespace reactord
