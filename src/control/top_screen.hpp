// TopScreen: the picture of a TopView, as lines of text. It is a function of what it is given alone.
//
//     summary      the daemon as a whole: top_summary.hpp
//     caption      what is below: connections by lines/s, the greatest first
//     table        or one connection in full, or the keys
//     message      what has gone wrong, what is asked, what was typed, or the keys; up to most_message lines
#pragma once

#include <span>
#include <string>

#include "control/screen_line.hpp"
#include "control/top_view.hpp"

namespace reactord::control {

// The things that are shown besides the view.
struct TopNews {
  std::string trouble;                  // why there are no new figures; empty: there are
  std::string mistake;                  // of the filter, as the daemon says it
  std::string notice;                   // what became of the last command
  std::vector<std::string> connection;  // the lines of the connection that is shown in full
};

inline constexpr std::size_t most_message = 3;  // lines

// As many lines as size.rows, or less; none is longer than size.columns.
ScreenLines top_screen(const TopView& view, const TopNews& news, ScreenSize size);

// The number of rows of connections that it has room for.
std::size_t table_rows(const TopView& view, const TopNews& news, ScreenSize size);

}  // namespace reactord::control
