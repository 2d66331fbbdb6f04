// StartPause: how long a program that has ended waits for its next start: `shortest`, doubling to `longest`. One that has
// lived for `longest` begins anew.
#pragma once

#include <algorithm>

#include "reactord/time.hpp"

namespace reactord {

class StartPause {
 public:
  static constexpr Duration shortest = 100ms, longest = 10s;

  // The pause before the next start of one that has lived so long; 0: that could not be started.
  Duration next(Duration lived) noexcept {
    pause_ = lived >= longest ? shortest : std::clamp(2 * pause_, shortest, longest);
    return pause_;
  }

 private:
  Duration pause_ = 0s;  // before the last start; 0: none has failed yet
};

}  // namespace reactord
