#include "control/painter.hpp"

#include <cassert>
#include <string_view>
#include <utility>

namespace reactord::control {
namespace {

constexpr std::string_view usual = "\x1b[0m";

std::string_view sequence_of(LineStyle style, Painter::Look look) noexcept {
  const bool is_coloured = look == Painter::Look::coloured;
  switch (style) {
    case LineStyle::plain:
      return "";
    case LineStyle::title:
      return "\x1b[1m";
    case LineStyle::heading:
      return is_coloured ? "\x1b[30;42m" : "\x1b[7m";
    case LineStyle::chosen:
      return is_coloured ? "\x1b[30;46m" : "\x1b[7m";
    case LineStyle::alarm:
      return is_coloured ? "\x1b[1;31m" : "\x1b[1m";
  }
  return "";
}

}  // namespace

std::string Painter::paint(ScreenLines picture, ScreenSize size) {
  assert(picture.size() == size.rows);
  const bool is_known = size == size_;
  std::string bytes;
  for (std::size_t at = 0; at < picture.size(); ++at) {
    assert(picture[at].text.size() <= size.columns);
    if (is_known && picture[at] == shown_[at]) continue;
    bytes += "\x1b[" + std::to_string(at + 1) + ";1H";
    paint_line(bytes, picture[at], size.columns);
  }
  size_ = size;
  shown_ = std::move(picture);
  return bytes;
}

// Behind the last column the cursor stays in it, and erasing the rest of the line would take its character.
void Painter::paint_line(std::string& bytes, const ScreenLine& line, std::size_t columns) const {
  const std::string_view begin = sequence_of(line.style, look_);
  bytes += begin;
  bytes += line.text;
  const std::size_t left = columns - line.text.size();
  const bool is_bar = line.style == LineStyle::heading || line.style == LineStyle::chosen;
  if (is_bar) bytes.append(left, ' ');
  if (!begin.empty()) bytes += usual;
  if (!is_bar && left > 0) bytes += "\x1b[K";
}

}  // namespace reactord::control
