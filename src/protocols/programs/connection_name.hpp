// ConnectionName: the number of a connection as a worker reads and writes it, in front of a line.
//
//     bytes_   [4|7|1|1| |0|0|0|0| ... |0]    digits, a space, zeros
//               +------- size_           capacity
//
// It stands in front of every line, so it is copied and compared by whole words, whatever its length.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace reactord {

class ConnectionName {
 public:
  static constexpr std::size_t capacity = 24;

  explicit ConnectionName(std::uint64_t number) noexcept {
    char* const end = std::to_chars(bytes_.data(), bytes_.data() + bytes_.size(), number).ptr;
    *end = ' ';
    size_ = static_cast<std::size_t>(end - bytes_.data()) + 1;
    const std::size_t first = std::min(size_, sizeof first_word_);
    std::memcpy(&first_word_, bytes_.data(), first);
    std::memset(&first_mask_, 0xff, first);
  }

  std::string_view digits() const noexcept { return {bytes_.data(), size_ - 1}; }

  // Writes the digits and the space to `out`, which has room for `capacity` bytes. Result: the place behind them.
  char* write_to(char* out) const noexcept {
    std::memcpy(out, bytes_.data(), capacity);
    return out + size_;
  }

  // True when `line` begins with the digits and the space.
  bool begins(std::string_view line) const noexcept {
    if (size_ > sizeof first_word_ || line.size() < sizeof first_word_) [[unlikely]]
      return line.starts_with(std::string_view(bytes_.data(), size_));
    std::uint64_t word = 0;
    std::memcpy(&word, line.data(), sizeof word);
    return (word & first_mask_) == first_word_;
  }
  std::size_t size() const noexcept { return size_; }  // of the digits and the space

 private:
  std::array<char, capacity> bytes_{};
  std::size_t size_ = 0;
  std::uint64_t first_word_ = 0, first_mask_ = 0;  // of its first bytes
};

}  // namespace reactord
