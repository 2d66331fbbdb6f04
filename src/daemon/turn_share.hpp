// TurnShare: the share of a long piece of work that one turn of the loop does: a number of steps, and a time.
//
//     for (each step) {
//       do it
//       if (share.is_spent()) co_await reactor.next_turn();   // and a new share begins
//     }
#pragma once

#include <cstddef>

#include "reactord/time.hpp"

namespace reactord {

class TurnShare {
 public:
  TurnShare(std::size_t steps, Duration time) noexcept
      : most_steps_(steps), most_time_(time), began_(monotonic_now()) {}

  // Call it after a step. True: it was the last step of this share.
  bool is_spent() noexcept {
    const Time now = monotonic_now();
    if (++steps_ < most_steps_ && now - began_ < most_time_) return false;
    steps_ = 0;
    began_ = now;  // the short wait for the next turn counts
    return true;
  }

 private:
  std::size_t most_steps_;
  Duration most_time_;
  std::size_t steps_ = 0;
  Time began_;
};

}  // namespace reactord
