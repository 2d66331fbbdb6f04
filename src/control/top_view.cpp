#include "control/top_view.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

namespace reactord::control {
namespace {

using Wish = TopView::Wish;

constexpr std::array<std::string_view, sort_columns> names{"lines/s", "buffered", "unsent", "age", "silent",
                                                           "lines",   "in",       "out",    "id"};

// The daemon knows no rates. A connection with one has moved bytes of late, so it is among those.
constexpr std::size_t candidates = 500;

constexpr std::array<Duration, 11> intervals{500ms, 1s, 2s, 5s, 10s, 30s, 1min, 5min, 10min, 30min, 1h};

}  // namespace

std::string_view name_of(SortColumn column) noexcept { return names[static_cast<std::size_t>(column)]; }

TopView::Wish TopView::press(KeyPress key, std::size_t rows) {
  if (key == KeyPress{Key::control, 'L'}) return Wish::redraw;
  switch (mode_) {
    case Mode::table:
      return press_in_table(key, rows);
    case Mode::connection:
    case Mode::help:
      mode_ = Mode::table;
      return Wish::nothing;
    case Mode::filter:
      return press_in_filter(key);
    case Mode::question:
      return answer(key);
  }
  return Wish::nothing;
}

TopView::Wish TopView::press_in_table(KeyPress key, std::size_t rows) {
  switch (key.key) {
    case Key::character:
      if (key.character == 'j') return move_mark(Key::down, rows);
      if (key.character == 'k') return move_mark(Key::up, rows);
      return press_character(key.character);
    case Key::enter:
      return turn_to(Mode::connection);
    case Key::escape:
      go_to_top();
      return Wish::nothing;
    case Key::control:
    case Key::backspace:
    case Key::other:
      return Wish::nothing;
    case Key::left:
      return change_sort(sort_columns - 1);
    case Key::right:
      return change_sort(1);
    default:
      return move_mark(key.key, rows);
  }
}

TopView::Wish TopView::press_character(char character) {
  switch (character) {
    case 'q':
      return Wish::quit;
    case 's':
    case '>':
      return change_sort(1);
    case '<':
      return change_sort(sort_columns - 1);
    case 'r':
      is_reversed_ = !is_reversed_;
      go_to_top();
      return Wish::sample;
    case 'f':
      mode_ = Mode::filter;
      edited_ = filter_;
      return Wish::nothing;
    case 'K':
      return turn_to(Mode::question);
    case ' ':
      is_paused_ = !is_paused_;
      return is_paused_ ? Wish::nothing : Wish::sample;
    case '+':
      return change_interval(true);
    case '-':
      return change_interval(false);
    case 'h':
    case '?':
      mode_ = Mode::help;
      return Wish::nothing;
    default:
      return Wish::nothing;
  }
}

TopView::Wish TopView::press_in_filter(KeyPress key) {
  switch (key.key) {
    case Key::character:
      if (edited_.size() < longest_filter) edited_ += key.character;
      break;
    case Key::backspace:
      if (!edited_.empty()) edited_.pop_back();
      break;
    case Key::control:
      if (key.character == 'U') edited_.clear();
      if (key.character == 'W') {
        edited_.erase(edited_.find_last_not_of(' ') + 1);
        edited_.erase(edited_.find_last_of(' ') + 1);
      }
      break;
    case Key::escape:
      mode_ = Mode::table;
      break;
    case Key::enter:
      mode_ = Mode::table;
      filter_ = edited_;
      go_to_top();
      return Wish::sample;
    default:
      break;
  }
  return Wish::nothing;
}

TopView::Wish TopView::answer(KeyPress key) {
  mode_ = Mode::table;
  return key == KeyPress{Key::character, 'y'} ? Wish::kill : Wish::nothing;
}

TopView::Wish TopView::change_sort(std::size_t step) {
  sort_ = static_cast<SortColumn>((static_cast<std::size_t>(sort_) + step) % sort_columns);
  go_to_top();
  return Wish::sample;
}

TopView::Wish TopView::change_interval(bool longer) {
  const auto* const above = std::ranges::upper_bound(intervals, interval_);
  const auto* const from = std::ranges::lower_bound(intervals, interval_);
  if (longer && above != intervals.end()) interval_ = *above;
  if (!longer && from != intervals.begin()) interval_ = *(from - 1);
  return Wish::sample;
}

TopView::Wish TopView::move_mark(Key key, std::size_t rows) {
  if (size() == 0) return Wish::nothing;
  const std::size_t at = marked_.value_or(first_), last = std::min(size(), most_rows) - 1;
  const std::size_t page = std::max<std::size_t>(rows, 1);
  if (key == Key::up) marked_ = marked_ && at > 0 ? at - 1 : at;
  if (key == Key::down) marked_ = marked_ ? at + 1 : at;
  if (key == Key::page_up) marked_ = at - std::min(at, page);
  if (key == Key::page_down) marked_ = at + page;
  if (key == Key::home) marked_ = 0;
  if (key == Key::end) marked_ = last;
  marked_ = std::min(marked_.value_or(at), last);
  const std::size_t was = first_;
  keep_in_sight(rows);
  return first_ == was ? Wish::nothing : Wish::sample;  // more rows are wanted than were asked for
}

// To the row that is marked, or to the first one.
TopView::Wish TopView::turn_to(Mode mode) {
  if (size() == 0) return Wish::nothing;
  if (!marked_) marked_ = std::min(first_, size() - 1);
  const TopConnection& one = sample_->connections[*marked_];
  connection_ = one.id;
  peer_ = one.peer;
  mode_ = mode;
  return mode == Mode::connection ? Wish::sample : Wish::nothing;
}

void TopView::go_to_top() {
  first_ = 0;
  marked_.reset();
}

void TopView::keep_in_sight(std::size_t rows) {
  const std::size_t shown = std::max<std::size_t>(rows, 1);
  first_ = std::min(first_, size() - std::min(size(), shown));
  if (!marked_) return;
  first_ = std::min(first_, *marked_);
  if (*marked_ >= first_ + shown) first_ = *marked_ - shown + 1;
}

void TopView::show(TopSample sample, TopRates rates, std::size_t rows) {
  const auto id = marked();
  const bool is_another_run = sample_ && has_restarted(*sample_, sample);
  sample_ = std::move(sample);
  rates_ = std::move(rates);
  order();
  if (is_another_run) {
    go_to_top();
    if (mode_ == Mode::question || mode_ == Mode::connection) mode_ = Mode::table;
  }
  const auto& connections = sample_->connections;
  if (marked_) {
    const auto found = std::ranges::find(connections, *id, &TopConnection::id);
    if (found != connections.end()) marked_ = static_cast<std::size_t>(found - connections.begin());
    marked_ = connections.empty() ? std::nullopt : std::optional(std::min(*marked_, connections.size() - 1));
  }
  keep_in_sight(rows);
}

// Connections whose rate is not known come last. Everything else is in order as it came.
void TopView::order() {
  if (sort_ != SortColumn::line_rate) return;
  std::unordered_map<std::uint64_t, double> known;
  for (const TopRates::OfConnection& one : rates_.connections) known.emplace(one.id, one.lines);
  const auto rank = [&](const TopConnection& one) {
    const auto found = known.find(one.id);
    if (found == known.end()) return 1.0;
    return is_reversed_ ? -1 / (1 + found->second) : -found->second;
  };
  std::vector<TopConnection>& connections = sample_->connections;
  std::vector<std::pair<double, std::size_t>> places;  // of equal rank, the first comes first
  for (std::size_t at = 0; at < connections.size(); ++at) places.emplace_back(rank(connections[at]), at);
  std::ranges::sort(places);
  std::vector<TopConnection> ordered;
  for (const auto& [unused, at] : places) ordered.push_back(std::move(connections[at]));
  connections = std::move(ordered);
}

std::string TopView::query(std::size_t rows) const {
  // A page more than is shown: the mark moves on to it.
  const std::size_t shown = std::clamp<std::size_t>(first_ + 2 * rows, 1, most_rows);
  std::string words = filter_.empty() ? "" : filter_ + ' ';
  if (sort_ == SortColumn::line_rate) {
    words += "sort=-silent limit=" + std::to_string(std::max(candidates, shown));
  } else {
    words += "sort=" + std::string(is_reversed_ ? "-" : "") + std::string(name_of(sort_)) +
             " limit=" + std::to_string(shown);
  }
  return words;
}

const TopRates::OfConnection* TopView::rates_of(std::uint64_t id) const noexcept {
  const auto found = std::ranges::find(rates_.connections, id, &TopRates::OfConnection::id);
  return found == rates_.connections.end() ? nullptr : &*found;
}

std::span<const TopConnection> TopView::rows(std::size_t most) const noexcept {
  if (first_ >= size()) return {};
  return std::span(sample_->connections).subspan(first_, std::min(most, size() - first_));
}

std::optional<std::uint64_t> TopView::marked() const noexcept {
  if (!marked_) return std::nullopt;
  return sample_->connections[*marked_].id;
}

}  // namespace reactord::control
