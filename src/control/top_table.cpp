#include "control/top_table.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "control/figure_text.hpp"

namespace reactord::control {
namespace {

struct Row {
  const TopConnection& connection;
  const TopRates::OfConnection* rates;  // null: not known
};

std::string bytes(std::uint64_t count) { return bytes_text(static_cast<double>(count)); }

struct Column {
  std::string_view name;
  std::size_t width;
  unsigned rank;  // the lowest first into the room
  bool is_text;   // it begins at the left
  std::optional<SortColumn> sort;
  std::string (*cell)(const Row& row);
};

using enum SortColumn;
constexpr std::string_view peer_name = "peer";
constexpr std::size_t most_peer = 46;  // columns: [IPv6]:65535

constexpr std::array<Column, 14> columns{{
    {"id", 5, 0, false, id, [](const Row& row) { return std::to_string(row.connection.id); }},
    {"protocol", 10, 12, true, {}, [](const Row& row) { return plain_text(row.connection.protocol); }},
    {peer_name, 15, 1, true, {}, [](const Row& row) { return plain_text(row.connection.peer); }},
    {"state", 7, 3, true, {}, [](const Row& row) { return plain_text(row.connection.state); }},
    {"age", 6, 8, false, age, [](const Row& row) { return age_text(row.connection.age); }},
    {"silent", 6, 4, false, silent, [](const Row& row) { return age_text(row.connection.silent); }},
    {"lines", 6, 9, false, lines, [](const Row& row) { return count_text(row.connection.lines); }},
    {"lines/s", 7, 2, false, line_rate,
     [](const Row& row) { return row.rates == nullptr ? "-" : rate_text(row.rates->lines); }},
    {"in", 7, 10, false, in, [](const Row& row) { return bytes(row.connection.in); }},
    {"in/s",
     7,
     13,
     false,
     {},
     [](const Row& row) { return row.rates == nullptr ? "-" : bytes_text(row.rates->in); }},
    {"out", 7, 11, false, out, [](const Row& row) { return bytes(row.connection.out); }},
    {"out/s",
     7,
     14,
     false,
     {},
     [](const Row& row) { return row.rates == nullptr ? "-" : bytes_text(row.rates->out); }},
    {"buffered", 8, 6, false, buffered, [](const Row& row) { return bytes(row.connection.buffered); }},
    {"unsent", 7, 5, false, unsent, [](const Row& row) { return bytes(row.connection.unsent); }},
}};
using Widths = std::array<std::size_t, columns.size()>;  // 0: no room

unsigned rank_of(const Column& column, SortColumn sort) { return column.sort == sort ? 0 : column.rank; }

// A column takes its width and a space. The first of the line is the mark's.
Widths widths_in(std::size_t room, const TopView& view, std::span<const TopConnection> rows) {
  Widths widths{};
  std::array<std::size_t, columns.size()> order{};
  for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
  std::ranges::sort(order, {},
                    [&](std::size_t at) { return std::pair(rank_of(columns[at], view.sort()), at); });
  std::size_t left = room - std::min<std::size_t>(room, 1);
  for (const std::size_t at : order) {
    std::size_t width = columns[at].width;
    if (columns[at].name == "id") {  // nothing of a number is left out: it is what kill takes
      for (const TopConnection& one : rows) width = std::max(width, std::to_string(one.id).size());
    }
    if (width + 1 > left) continue;
    widths[at] = width;
    left -= width + 1;
  }
  for (std::size_t at = 0; at < columns.size(); ++at) {
    if (columns[at].name != peer_name || widths[at] == 0) continue;
    std::size_t longest = widths[at];
    for (const TopConnection& one : rows) longest = std::max(longest, plain_text(one.peer).size());
    widths[at] += std::min(left, std::min(longest, most_peer) - widths[at]);
  }
  return widths;
}

void append_cell(std::string& line, std::string_view text, std::size_t width, bool is_text) {
  const std::string shown = cut(text, width);
  if (!line.empty()) line += ' ';
  if (!is_text) line.append(width - shown.size(), ' ');
  line += shown;
  if (is_text) line.append(width - shown.size(), ' ');
}

}  // namespace

ScreenLines top_table(const TopView& view, ScreenSize room) {
  const auto rows = view.rows(room.rows > 0 ? room.rows - 1 : 0);
  const Widths widths = widths_in(room.columns, view, rows);
  ScreenLines lines;
  const auto add = [&](std::string_view mark, LineStyle style, auto text_of) {
    std::string line(mark);
    for (std::size_t at = 0; at < columns.size(); ++at) {
      if (widths[at] > 0) append_cell(line, text_of(columns[at]), widths[at], columns[at].is_text);
    }
    lines.push_back({cut(line, room.columns), style});
  };
  add(" ", LineStyle::heading, [](const Column& column) { return std::string(column.name); });
  const auto marked = view.marked();
  for (const TopConnection& connection : rows) {
    const Row row{connection, view.rates_of(connection.id)};
    const bool is_marked = marked == connection.id;
    add(is_marked ? ">" : " ", is_marked ? LineStyle::chosen : LineStyle::plain,
        [&](const Column& column) { return column.cell(row); });
  }
  return lines;
}

}  // namespace reactord::control
