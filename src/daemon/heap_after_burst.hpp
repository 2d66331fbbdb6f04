// HeapAfterBurst: the memory that the allocator keeps after a burst of connections. It goes back to the kernel when half of
// them are gone, when half of the others are, and so on to the last few.
//
//     open   10 ... 3,000 ... 1,500 ... 750 ... 375 ...  11
//                             walk      walk    walk     walk: the burst is over
#pragma once

#include <malloc.h>

#include <cstddef>

namespace reactord {

class HeapAfterBurst {
 public:
  void give_back(std::size_t open) noexcept {  // connections, now
    if (open > most_open_) {
      most_open_ = open;
      walk_at_ = open / 2;
    }
    if (most_open_ < trim_from || open > walk_at_) return;
    ::malloc_trim(0);
    walk_at_ = open / 2;
    if (open < few) most_open_ = open;
  }

 private:
  static constexpr std::size_t trim_from = 1024;  // where a walk of the heap is worth its time
  static constexpr std::size_t few = 16;
  std::size_t most_open_ = 0;  // in this burst
  std::size_t walk_at_ = 0;    // the number at which the heap is walked next
};

}  // namespace reactord
