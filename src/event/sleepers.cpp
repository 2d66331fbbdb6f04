#include "reactord/sleepers.hpp"

namespace reactord {

void Sleepers::fail_all() noexcept {
  for (SleepOperation* sleeper = first(); sleeper != nullptr;) {
    SleepOperation* const later = next(*sleeper);
    sleeper->on_shutdown(false);
    sleeper = later;
  }
}

bool Sleepers::fail_newest() noexcept {
  if (first() == nullptr) return false;
  first()->on_shutdown(true);
  return true;
}

}  // namespace reactord
