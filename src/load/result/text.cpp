#include "load/result/text.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t shown_bytes = 120;

void append_escaped(std::string& text, char byte) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  if (byte == '\n') {
    text += "\\n";
  } else if (byte == '\r') {
    text += "\\r";
  } else if (value < 0x20 || value >= 0x7f) {
    text += {'\\', 'x', digits[value >> 4], digits[value & 15]};
  } else {
    text += byte;
  }
}

// True also for U+0080 to U+009F, which a terminal may obey.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

std::string quoted_bytes(std::string_view bytes) {
  std::string text = "\"";
  for (const char byte : bytes.substr(0, shown_bytes)) append_escaped(text, byte);
  return text + (bytes.size() > shown_bytes ? "..." : "\"");
}

std::string printable(std::string_view text) {
  std::string printed;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(character)) {
      for (const char byte : character) append_escaped(printed, byte);
    } else {
      printed += character;
    }
    text.remove_prefix(character.size());
  }
  return printed;
}

}  // namespace reactord::load
