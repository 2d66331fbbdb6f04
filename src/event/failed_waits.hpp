// FailedWaits: the pauses after failures of epoll_wait(2) that have no good reason. The failure may pass.
//
//     turn    17  18  19  20  21        first   shortest_pause
//     fails    x       x   x   x        next    twice as long as the one before, at most longest_pause
//     pause   1ms     1ms 2ms 4ms       failed_waits in a row: none, the loop ends
//
// Pure: it neither waits nor knows a clock.
#pragma once

#include <cstdint>
#include <optional>

#include "reactord/time.hpp"

namespace reactord {

class FailedWaits {
 public:
  // The pause after a failure in the turn of that number; empty when it was one too many. Turns are numbered from 1 on.
  std::optional<Duration> pause_after(std::uint64_t turn) noexcept;

 private:
  std::uint64_t last_turn_ = 0;  // in which a wait failed; 0: none
  std::uint32_t in_a_row_ = 0;
  Duration pause_{0};
};

}  // namespace reactord
