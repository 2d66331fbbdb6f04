// TurnCounter: counts the turns of a loop, and says of each sixteenth that it is one: at the cost of one count, as it goes
// down to the next.
//
//     turn                0   1   2   ...  15   16   17 ...
//     to the next one     16  15  14        1   16   15
#pragma once

#include <cstdint>

namespace reactord {

class TurnCounter {
 public:
  static constexpr std::uint32_t one_in = 16;

  // Counts a turn. True when the number of them is now a multiple of `one_in`.
  bool next() noexcept {
    if (--to_the_next_ > 0) [[likely]]
      return false;
    to_the_next_ = one_in;
    ++found_;
    return true;
  }
  std::uint64_t count() const noexcept { return found_ * one_in + (one_in - to_the_next_); }

 private:
  std::uint64_t found_ = 0;
  std::uint32_t to_the_next_ = one_in;
};

}  // namespace reactord
