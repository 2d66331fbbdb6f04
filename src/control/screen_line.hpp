// ScreenLine: a line of a screen, as text without control characters, and how it stands out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::control {

enum class LineStyle : std::uint8_t {
  plain,
  title,    // the name of what is below
  heading,  // of a table
  chosen,   // the row that keys act on
  alarm,    // a figure in it wants to be looked at
};

struct ScreenLine {
  std::string text;  // as many columns as bytes
  LineStyle style = LineStyle::plain;
  friend bool operator==(const ScreenLine&, const ScreenLine&) = default;
};
using ScreenLines = std::vector<ScreenLine>;

struct ScreenSize {
  std::size_t columns = 80, rows = 24;
  friend bool operator==(const ScreenSize&, const ScreenSize&) = default;
};

// The text, or as much of it as has room, with ~ in the place of the rest.
std::string cut(std::string_view text, std::size_t columns);

// The items with two spaces between them, broken into lines of so many columns between items alone. `label` stands before
// the first line, and as many spaces before the others. An item that is longer than a line is cut.
std::vector<std::string> flow(std::string_view label, const std::vector<std::string>& items,
                              std::size_t columns);

// The words of a text, broken into lines of so many columns. A word that is longer than a line is broken.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);

}  // namespace reactord::control
