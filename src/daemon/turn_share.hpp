// TurnShare: how much of a long piece of work is done in one turn of the loop: so many steps, and for so long.
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

  // After a step. True: it was the last one of this share.
  bool is_spent() noexcept {
    const Time now = monotonic_now();
    if (++steps_ < most_steps_ && now - began_ < most_time_) return false;
    steps_ = 0;
    began_ = now;  // the wait for the next turn counts, which is not long
    return true;
  }

 private:
  std::size_t most_steps_;
  Duration most_time_;
  std::size_t steps_ = 0;
  Time began_;
};

}  // namespace reactord
