#include "daemon/printable.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"

namespace reactord {
namespace {

struct Range {
  char32_t first, last;
};

// From the Unicode Character Database, version 15: the categories Cc, Zl and Zp, and the invisible characters of Cf.
// ASCII is left out.
constexpr std::array<Range, 13> unseen{{{0x7f, 0x9f},
                                        {0xad, 0xad},
                                        {0x61c, 0x61c},
                                        {0x180e, 0x180e},
                                        {0x200b, 0x200f},
                                        {0x2028, 0x202e},
                                        {0x2060, 0x206f},
                                        {0xfeff, 0xfeff},
                                        {0xfff9, 0xfffb},
                                        {0x13430, 0x1343f},
                                        {0x1bca0, 0x1bca3},
                                        {0x1d173, 0x1d17a},
                                        {0xe0000, 0xe007f}}};

bool is_seen(char32_t code) noexcept {
  if (code < 0x7f) [[likely]]
    return code >= 0x20;
  return std::ranges::none_of(unseen,
                              [code](const Range& one) { return one.first <= code && code <= one.last; });
}

// The code point of the character of `length` bytes that `text` begins with.
char32_t code_of(std::string_view text, std::size_t length) noexcept {
  constexpr std::array<unsigned char, 5> bits{0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t code = static_cast<unsigned char>(text[0]) & bits[length];
  for (std::size_t at = 1; at < length; ++at)
    code = code << 6 | (static_cast<unsigned char>(text[at]) & 0x3fu);
  return code;
}

void append_hexadecimal(std::string& out, unsigned value, unsigned digits) {
  for (unsigned left = digits; left > 0; --left) out += "0123456789abcdef"[value >> 4 * (left - 1) & 0xf];
}

void append_unit(std::string& out, unsigned unit) {  // a unit of UTF-16
  out += "\\u";
  append_hexadecimal(out, unit, 4);
}

void append_unseen(std::string& out, char32_t code) {
  if (code == '\n' || code == '\r' || code == '\t') {
    out += '\\';
    out += code == '\n' ? 'n' : code == '\r' ? 'r' : 't';
  } else if (code < 0x10000) {
    append_unit(out, code);
  } else {
    append_unit(out, 0xd800 + ((code - 0x10000) >> 10));
    append_unit(out, 0xdc00 + (code & 0x3ff));
  }
}

// `shows_byte` is put before a byte that is no UTF-8.
void append(std::string& out, std::string_view text, std::string_view shows_byte,
            std::string_view with_backslash) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      append_hexadecimal(out += shows_byte, static_cast<unsigned char>(text[0]), 2);
      text.remove_prefix(1);
      continue;
    }
    const char32_t code = code_of(text, length);
    if (!is_seen(code)) {
      append_unseen(out, code);
    } else {
      if (with_backslash.find(text[0]) != with_backslash.npos) out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  append(shown, text, "\\x", "");
  return shown;
}

bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0 || !is_seen(code_of(text, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append(out, text, "\\\\x", "\"\\");
  out += '"';
}

}  // namespace reactord
