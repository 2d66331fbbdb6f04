// TopView: what an operator has chosen to see, and what the keys make of it. It knows the rows that are shown, and nothing of
// terminals and sockets: what is to be asked of the daemon is the result of a key.
//
//     table <----- Enter, Escape -----> connection     one of them, in full
//       ^  <------ h, any key ----->    help
//       +--------- f, Enter, Escape --> filter         its words are edited in the last line
//       +--------- K, y, any key -----> question       whether the chosen connection is to end
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "control/key_reader.hpp"
#include "control/top_rates.hpp"
#include "control/top_sample.hpp"

namespace reactord::control {

enum class SortColumn : std::uint8_t { line_rate, buffered, unsent, age, silent, lines, in, out, id };
inline constexpr std::size_t sort_columns = 9;
std::string_view name_of(SortColumn column) noexcept;  // as the head of the table has it

inline constexpr Duration shortest_interval = 500ms, longest_interval = 1h;

class TopView {
 public:
  enum class Mode : std::uint8_t {
    table,       // of connections
    connection,  // connection(), in full
    help,        // the keys
    filter,      // the table, and edited_filter() in the last line
    question,    // the table, and whether connection() is to end
  };
  // The request of a key, besides another picture.
  enum class Wish : std::uint8_t {
    nothing,  // the picture alone may be another
    sample,   // something else is asked from now on: at once
    kill,     // connection() is to end
    redraw,   // all of the picture, whatever the terminal may hold
    quit,
  };
  static constexpr std::size_t longest_filter = 256;  // characters
  static constexpr std::size_t most_rows = 1000;      // of the table: how far it may be scrolled

  TopView(std::string filter, Duration interval) : filter_(std::move(filter)), interval_(interval) {}

  // `rows` is the number of rows that the table has room for.
  Wish press(KeyPress key, std::size_t rows);

  // Takes over what was sampled, orders it, and keeps what was chosen where it went. `rows` as above.
  void show(TopSample sample, TopRates rates, std::size_t rows);

  // The needs of the table, as words behind `connections`: "state=idle sort=-silent limit=500".
  std::string query(std::size_t rows) const;

  // ---- What is shown
  Mode mode() const noexcept { return mode_; }
  const std::optional<TopSample>& sample() const noexcept { return sample_; }
  const TopRates& rates() const noexcept { return rates_; }
  // The rates of that connection. Null: not known. Valid until the next show().
  const TopRates::OfConnection* rates_of(std::uint64_t id) const noexcept;
  std::span<const TopConnection> rows(
      std::size_t most) const noexcept;  // of the table, from the first that is shown
  std::size_t first_row() const noexcept { return first_; }
  // The id of the row that is marked: it stays with its connection, wherever that goes. Empty: none, or there are no rows.
  std::optional<std::uint64_t> marked() const noexcept;
  std::uint64_t connection() const noexcept { return connection_; }  // of the mode connection or question
  std::string_view connection_peer() const noexcept { return peer_; }
  SortColumn sort() const noexcept { return sort_; }
  bool is_reversed() const noexcept { return is_reversed_; }
  const std::string& filter() const noexcept { return filter_; }
  const std::string& edited_filter() const noexcept { return edited_; }
  bool is_paused() const noexcept { return is_paused_; }
  Duration interval() const noexcept { return interval_; }

 private:
  Wish press_in_table(KeyPress key, std::size_t rows);
  Wish press_character(char character);
  Wish press_in_filter(KeyPress key);
  Wish answer(KeyPress key);
  Wish change_sort(std::size_t step);
  Wish change_interval(bool longer);
  Wish move_mark(Key key, std::size_t rows);
  Wish turn_to(Mode mode);
  void go_to_top();
  void keep_in_sight(std::size_t rows);
  void order();
  std::size_t size() const noexcept { return sample_ ? sample_->connections.size() : 0; }

  Mode mode_ = Mode::table;
  std::string filter_, edited_;
  Duration interval_;
  SortColumn sort_ = SortColumn::line_rate;
  bool is_reversed_ = false;
  bool is_paused_ = false;
  std::optional<TopSample> sample_;  // empty: there was none yet
  TopRates rates_;
  std::size_t first_ = 0;              // the row at the top of the table
  std::optional<std::size_t> marked_;  // a row, below size()
  std::uint64_t connection_ = 0;
  std::string peer_;
};

}  // namespace reactord::control
