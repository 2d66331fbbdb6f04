#include "daemon/logfmt_json.hpp"

#include <algorithm>
#include <utility>

#include "daemon/printable.hpp"

namespace reactord {
namespace {

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// JSON has no number with a zero in front.
bool is_number(std::string_view text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!is_digits(whole) || (whole.size() > 1 && whole.starts_with('0'))) return false;
  return point == text.npos || is_digits(text.substr(point + 1));
}

// The length of the value that `text` begins with.
std::size_t value_length(std::string_view text) noexcept {
  if (!text.starts_with('"')) return std::min(text.find(' '), text.size());
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

void append_value(std::string& out, std::string_view value) {
  if (value.starts_with('"') || is_number(value)) {
    out += value;
  } else {
    append_quoted(out, value);
  }
}

}  // namespace

void append_logfmt_members(std::string& out, std::string_view line) {
  bool is_first = true;
  while (!line.empty()) {
    const std::size_t equals = line.find('=');
    if (equals == line.npos) return;
    if (!std::exchange(is_first, false)) out += ',';
    append_quoted(out, line.substr(0, equals));
    line.remove_prefix(equals + 1);
    const std::size_t length = value_length(line);
    append_value(out += ':', line.substr(0, length));
    line.remove_prefix(std::min(length + 1, line.size()));  // and the space behind it
  }
}

}  // namespace reactord
