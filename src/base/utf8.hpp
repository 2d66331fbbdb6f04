// UTF-8: finds the characters in text of any origin, for files that must hold nothing else.
#pragma once

#include <cstddef>
#include <string_view>

namespace reactord {

// The number of bytes, 1 to 4, of the character that `text` begins with. 0 when it begins with none (RFC 3629: nothing
// overlong, no surrogate, nothing above U+10FFFF).
constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  const auto continues = [&](std::size_t at) { return (byte(at) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0), second = byte(1);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (!continues(2) || (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
  if (first < 0xF0) return 3;
  if (!continues(3) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return 4;
}

}  // namespace reactord
