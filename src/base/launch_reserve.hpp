// LaunchReserve: what makes a start of a program take the same time whatever this process has open and mapped.
//
//     0 1 2 | 3 .. 12  |  13  14  15  16  | 17 ........................ 10,000
//           | loop     |  ^ low_      ^idle_: /dev/null               connections
//     the child's copy ends here: |
//
// A child has a copy of our table of descriptors up to the largest number that it needs. So the three that become its 0, 1
// and 2 are put at low numbers for the time of the start, where /dev/null keeps their places otherwise. Its stack stays
// mapped, because unmapping one interrupts other processors.
#pragma once

#include <array>

#include "base/file_descriptor.hpp"
#include "base/system_child.hpp"

namespace reactord {

class LaunchReserve {
 public:
  static constexpr int descriptors = 4;  // the number that it takes

  // Takes the lowest free descriptors: make it before there are many. Without any it has only a stack, and each start takes
  // time for all descriptors again. For one thread.
  LaunchReserve() noexcept;
  LaunchReserve(const LaunchReserve&) = delete;
  LaunchReserve& operator=(const LaunchReserve&) = delete;

  const system::ChildStack& stack() const noexcept { return stack_; }

  // While it lives, three files have low numbers too.
  class Placed {
   public:
    Placed(LaunchReserve& reserve, const std::array<int, 3>& files) noexcept;
    Placed(const Placed&) = delete;
    Placed& operator=(const Placed&) = delete;
    ~Placed();

    const std::array<int, 3>& numbers() const noexcept {
      return numbers_;
    }  // as they were where there is no low one

   private:
    LaunchReserve& reserve_;
    std::array<int, 3> numbers_;
  };

 private:
  FileDescriptor idle_;
  std::array<FileDescriptor, 3> low_;
  system::ChildStack stack_;
};

}  // namespace reactord
