// NoMemory: while one lives, the allocator of this program refuses: std::bad_alloc from operator new.
//
//     NoMemory refuse(3);           the fourth allocation from here on, and that one alone
//     NoMemory refuse(0, all);      every one
//
// Those of this thread only: what a test's other threads do is left alone. At most one at a time.
#pragma once

#include <cstddef>
#include <limits>

namespace test {

class NoMemory {
 public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  explicit NoMemory(std::size_t after, std::size_t times = 1, std::size_t at_least = 0) noexcept;
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  ~NoMemory() { end(); }

  void end() noexcept;
  std::size_t refused() const noexcept { return refused_; }

  bool refuses(std::size_t bytes) noexcept;  // for the allocator itself

 private:
  std::size_t after_, times_;
  std::size_t at_least_;  // smaller ones are given, and not counted
  std::size_t refused_ = 0;
};

}  // namespace test
