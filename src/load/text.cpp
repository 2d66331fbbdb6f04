#include "load/text.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t shown_bytes = 120;

}  // namespace

std::string shown(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char byte : bytes.substr(0, shown_bytes)) {
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
  return text + (bytes.size() > shown_bytes ? "..." : "\"");
}

}  // namespace reactord::load
