#include "event/failed_waits.hpp"

#include <algorithm>
#include <cassert>

#include "reactord/reactor.hpp"

namespace reactord {

std::optional<Duration> FailedWaits::pause_after(std::uint64_t turn) noexcept {
  assert(turn > last_turn_ && "a turn has one wait");
  if (last_turn_ + 1 != turn) in_a_row_ = 0;
  last_turn_ = turn;
  if (++in_a_row_ >= Reactor::failed_waits) return std::nullopt;
  pause_ = in_a_row_ == 1 ? Reactor::shortest_pause : std::min(pause_ * 2, Reactor::longest_pause);
  return pause_;
}

}  // namespace reactord
