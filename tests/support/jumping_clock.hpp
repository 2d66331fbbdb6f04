// JumpingClock: while one is alive, CLOCK_REALTIME is hours away from where it was each time that this program reads it,
// forwards and back, as if an operator, or a broken time server, set it without end. The other clocks go on as they do.
#pragma once

#include <cstddef>

namespace test {

class JumpingClock {
 public:
  JumpingClock();
  JumpingClock(const JumpingClock&) = delete;
  JumpingClock& operator=(const JumpingClock&) = delete;
  ~JumpingClock();
  std::size_t jumps() const noexcept;
};

}  // namespace test
