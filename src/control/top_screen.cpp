#include "control/top_screen.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/quantity.hpp"
#include "control/figure_text.hpp"
#include "control/top_summary.hpp"
#include "control/top_table.hpp"

namespace reactord::control {
namespace {

using Mode = TopView::Mode;

constexpr std::size_t least_table = 4;  // lines: the caption, the heading, two rows

const std::vector<std::string> hints{"q quit",     "h help", "s < > sort",  "r reverse",    "f filter",
                                     "Enter show", "K kill", "space pause", "+ - interval", "j k move"};

constexpr std::array<std::string_view, 21> help{
    "q, ctrl-C      quit",
    "s or >, <      sort by the next column, the former one",
    "r              reverse the order",
    "f              filter: state=idle, 192.0.2.0/24, unsent>64KiB; Enter, Escape",
    "j k, arrows    choose a connection; Escape: none",
    "Enter          show the chosen connection in full",
    "K              end the chosen connection, after y",
    "space          pause, and go on",
    "+ -            a longer interval, a shorter one",
    "ctrl-L         draw everything again",
    "",
    "waiting        accepted, not served yet: the limits on their address",
    "ended          by cause: those that moved",
    "turn           of the loop: all wait for it; p99 is the slowest of 100",
    "handler        one call of a protocol",
    "stalls         calls in the interval longer than stall-threshold",
    "buffers        of max-buffers: what waits for clients",
    "buffered       bytes of a connection in memory, both ways",
    "unsent         answers that its client has not taken",
    "silent         since bytes came or went",
    "lines/s        in the interval, of the 500 that moved bytes last",
};

ScreenLines message_of(const TopView& view, const TopNews& news, std::size_t columns) {
  const auto wrapped = [columns](const std::string& text, LineStyle style) {
    ScreenLines lines;
    for (std::string& line : wrap(plain_text(text), columns)) lines.push_back({std::move(line), style});
    lines.resize(std::min(lines.size(), most_message));
    return lines;
  };
  if (view.mode() == Mode::filter) {
    constexpr std::string_view label = "filter: ";
    const std::size_t room = columns - std::min(columns, label.size() + 1);
    const std::string& text = view.edited_filter();
    const std::string end = text.substr(text.size() - std::min(text.size(), room));  // what is typed is seen
    return {{cut(std::string(label) + end + '_', columns), LineStyle::title}};
  }
  if (view.mode() == Mode::question) {
    return wrapped("kill connection " + std::to_string(view.connection()) + " of " +
                       std::string(view.connection_peer()) + "? y or n",
                   LineStyle::alarm);
  }
  if (!news.trouble.empty()) return wrapped(news.trouble, LineStyle::alarm);
  if (!news.mistake.empty()) return wrapped(news.mistake, LineStyle::alarm);
  if (!news.notice.empty()) return wrapped(news.notice, LineStyle::title);
  if (view.mode() != Mode::table) return {{cut("any key: back", columns), LineStyle::plain}};
  return {{flow("", hints, columns).front(), LineStyle::plain}};
}

std::string caption_of(const TopView& view) {
  if (view.mode() == Mode::help) return "the keys, and the figures";
  if (view.mode() == Mode::connection) {
    return "connection " + std::to_string(view.connection()) + " of " + std::string(view.connection_peer());
  }
  std::string text = "connections by " + std::string(name_of(view.sort()));
  text += view.is_reversed() ? ", the least first" : ", the greatest first";
  if (view.first_row() > 0) text += ", from the " + std::to_string(view.first_row() + 1) + ". on";
  if (!view.filter().empty()) text += "; filter: " + view.filter();
  return text;
}

// The part of the screen that stands fast, and the lines between.
struct Layout {
  ScreenLines summary, message;
  std::size_t body = 0;  // lines, with the caption
};

// The lines of the body that the summary leaves free.
std::size_t least_body(const TopView& view, const TopNews& news) {
  if (view.mode() == Mode::help) return help.size() + 1;
  if (view.mode() == Mode::connection) return std::max(least_table, news.connection.size() + 1);
  return least_table;
}

Layout layout_of(const TopView& view, const TopNews& news, ScreenSize size) {
  Layout layout;
  layout.message = message_of(view, news, size.columns);
  layout.message.resize(std::min(layout.message.size(), size.rows));
  const std::size_t left = size.rows - layout.message.size();
  const std::size_t spare = left - std::min(left, least_body(view, news));
  const std::size_t most = std::max(spare, std::min<std::size_t>(left, 1));
  if (view.sample()) {
    layout.summary = top_summary(view, {size.columns, most});
  } else if (left > 0) {
    layout.summary = {
        {cut("reactordctl top  every " + duration_text(view.interval()), size.columns), LineStyle::title}};
  }
  layout.body = left - layout.summary.size();
  return layout;
}

ScreenLines body_of(const TopView& view, const TopNews& news, ScreenSize room) {
  if (room.rows == 0 || (!view.sample() && view.mode() != Mode::help)) return {};
  ScreenLines lines{{cut(plain_text(caption_of(view)), room.columns), LineStyle::title}};
  const auto add = [&](std::string_view text) {
    if (lines.size() < room.rows) lines.push_back({cut(plain_text(text), room.columns), LineStyle::plain});
  };
  if (view.mode() == Mode::help) {
    std::ranges::for_each(help, add);
  } else if (view.mode() == Mode::connection) {
    std::ranges::for_each(news.connection, add);
  } else if (room.rows > 1) {
    std::ranges::move(top_table(view, {room.columns, room.rows - 1}), std::back_inserter(lines));
  }
  return lines;
}

}  // namespace

ScreenLines top_screen(const TopView& view, const TopNews& news, ScreenSize size) {
  Layout layout = layout_of(view, news, size);
  ScreenLines lines = std::move(layout.summary);
  std::ranges::move(body_of(view, news, {size.columns, layout.body}), std::back_inserter(lines));
  lines.resize(size.rows - layout.message.size());
  std::ranges::move(layout.message, std::back_inserter(lines));
  return lines;
}

std::size_t table_rows(const TopView& view, const TopNews& news, ScreenSize size) {
  const std::size_t body = layout_of(view, news, size).body;
  return body - std::min<std::size_t>(body, 2);  // the caption and the heading
}

}  // namespace reactord::control
