// AnswerBound: how much of a connection's input is to be answered: all of it, or the lines that begin before an offset,
// once a drain or the end of a lifetime has set one.
//
//     received      |------------------------------|----------|
//     not answered                   |-- count ----|----------|      count bytes are left of what was received
//     bound                                  ^ set()                 lines that begin behind it are not answered
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace reactord {

class AnswerBound {
 public:
  bool is_set() const noexcept { return offset_ != none; }
  // An offset of the input, counted from its first byte. A later bound takes the place of an earlier one.
  void set(std::uint64_t offset) noexcept { offset_ = offset; }

  // The number of the last `count` of `received` bytes that are to be answered.
  std::size_t within_last(std::size_t count, std::uint64_t received) const noexcept {
    assert(count <= received);
    if (!is_set()) return count;
    const std::uint64_t start = received - count;
    return std::min<std::uint64_t>(count, offset_ > start ? offset_ - start : 0);
  }

  // True when a bound is set and all of the input before it has been received.
  bool is_reached(std::uint64_t received) const noexcept { return is_set() && received >= offset_; }

 private:
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  std::uint64_t offset_ = none;
};

}  // namespace reactord
