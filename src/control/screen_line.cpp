#include "control/screen_line.hpp"

#include <algorithm>
#include <utility>

namespace reactord::control {

std::string cut(std::string_view text, std::size_t columns) {
  if (text.size() <= columns) return std::string(text);
  if (columns == 0) return {};
  return std::string(text.substr(0, columns - 1)) + '~';
}

std::vector<std::string> flow(std::string_view label, const std::vector<std::string>& items,
                              std::size_t columns) {
  std::vector<std::string> lines{std::string(label)};
  bool is_first = true;  // in its line
  for (const std::string& item : items) {
    if (!is_first && lines.back().size() + 2 + item.size() > columns) {
      lines.emplace_back(label.size(), ' ');
      is_first = true;
    }
    if (!is_first) lines.back() += "  ";
    lines.back() += item;
    is_first = false;
  }
  for (std::string& line : lines) line = cut(line, columns);
  return lines;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  const std::size_t width = std::max<std::size_t>(columns, 1);
  std::vector<std::string> lines;
  while (text.size() > width) {
    const std::size_t space = text.substr(0, width + 1).find_last_of(' ');
    const std::size_t end = space == text.npos || space == 0 ? width : space;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace reactord::control
