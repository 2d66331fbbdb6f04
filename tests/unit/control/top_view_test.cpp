// What keys make of the view.
#include "control/top_view.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/top_sample.hpp"

using namespace reactord::control;
using namespace std::chrono_literals;
using Mode = TopView::Mode;
using Wish = TopView::Wish;

namespace {

constexpr std::size_t rows = 4;

std::vector<TopConnection> connections(std::size_t count) {
  std::vector<TopConnection> all;
  for (std::size_t at = 1; at <= count; ++at) all.push_back(test::connection(at, 1000 * (count - at)));
  return all;
}

// A view of so many, in the order of their numbers.
TopView view_of(std::size_t count) { return test::view_of({}, connections(count), rows); }

Wish press(TopView& view, Key key) { return view.press({key}, rows); }
// Each character is a key. Result: the last wish.
Wish type(TopView& view, std::string_view text) {
  Wish wish = Wish::nothing;
  for (const char character : text) wish = view.press({Key::character, character}, rows);
  return wish;
}

void show(TopView& view, std::vector<TopConnection> connections, std::uint64_t pid = 3326) {
  auto sample = test::sample(3, 6000);
  sample.pid = pid;
  sample.connections = std::move(connections);
  view.show(std::move(sample), {}, rows);
}

}  // namespace

TEST_SUITE("reactordctl top: the view") {
  TEST_CASE("it begins with the table, by lines a second") {
    TopView view("state=idle", 2s);
    CHECK(view.mode() == Mode::table);
    CHECK_FALSE(view.sample().has_value());
    CHECK(view.rows(10).empty());
    CHECK_FALSE(view.marked().has_value());
    CHECK(view.query(20) == "state=idle sort=-silent limit=500");
    for (const Key key :
         {Key::up, Key::down, Key::page_up, Key::page_down, Key::home, Key::end, Key::enter}) {
      CHECK(press(view, key) == Wish::nothing);
    }
    CHECK(type(view, "K") == Wish::nothing);
    CHECK(view.mode() == Mode::table);
    CHECK(type(view, "q") == Wish::quit);
  }

  TEST_CASE("the sort column goes round, both ways, and may be reversed") {
    TopView view("", 1s);
    std::string names;
    for (std::size_t at = 0; at < sort_columns; ++at) {
      names += std::string(name_of(view.sort())) + ' ';
      CHECK(type(view, at % 2 == 0 ? "s" : ">") == Wish::sample);
    }
    CHECK(names == "lines/s buffered unsent age silent lines in out id ");
    CHECK(view.sort() == SortColumn::line_rate);
    CHECK(type(view, "<") == Wish::sample);
    CHECK(view.query(10) == "sort=id limit=20");
    CHECK(type(view, "r") == Wish::sample);
    CHECK(view.is_reversed());
    CHECK(view.query(10) == "sort=-id limit=20");
    CHECK(view.query(10'000) == "sort=-id limit=1000");
  }

  TEST_CASE("by lines a second it orders what has come, and what is not known is last") {
    const auto with = [](std::uint64_t lines) {
      return std::vector{test::connection(1, lines), test::connection(2, 3 * lines),
                         test::connection(3, 2 * lines)};
    };
    auto after = with(1000);
    after.insert(after.begin(), test::connection(4, 9'000'000));
    TopView view = test::view_of(with(0), after);
    std::vector<std::uint64_t> ids;
    for (const TopConnection& one : view.rows(10)) ids.push_back(one.id);
    CHECK(ids == std::vector<std::uint64_t>{2, 3, 1, 4});
    CHECK(view.rates_of(2)->lines == 1500);
    CHECK(view.rates_of(4) == nullptr);
    type(view, "r");
    show(view, after);
    CHECK(view.rows(10)[0].id == 4);  // without rates in the order of the daemon
  }

  TEST_CASE("a mark is set by the first key that moves it, and stays with its connection") {
    TopView view = view_of(8);
    CHECK_FALSE(view.marked().has_value());
    CHECK(type(view, "j") == Wish::nothing);
    CHECK(view.marked() == 1);
    type(view, "jj");
    CHECK(view.marked() == 3);
    CHECK(press(view, Key::up) == Wish::nothing);
    CHECK(view.marked() == 2);
    auto turned = connections(8);
    std::ranges::reverse(turned);
    show(view, turned);
    CHECK(view.marked() == 2);
    CHECK(view.first_row() == 3);  // 8 7 6 [5 4 3 2] 1
    turned.erase(turned.begin() + 6);
    show(view, turned);
    CHECK(view.marked() == 1);  // what is in its row now
    show(view, {});
    CHECK_FALSE(view.marked().has_value());
    CHECK(view.first_row() == 0);
    press(view, Key::escape);
    show(view, connections(2));
    CHECK_FALSE(view.marked().has_value());
  }

  TEST_CASE("the table scrolls with the mark, and asks for more rows then") {
    TopView view = view_of(20);
    CHECK(press(view, Key::page_down) == Wish::sample);
    CHECK(view.marked() == 5);
    CHECK(view.first_row() == 1);
    CHECK(view.rows(rows).front().id == 2);
    type(view, "s");
    CHECK(view.first_row() == 0);
    CHECK(press(view, Key::end) == Wish::sample);
    CHECK(view.marked() == 20);
    CHECK(view.first_row() == 16);
    CHECK(view.query(rows) == "sort=buffered limit=24");
    CHECK(press(view, Key::down) == Wish::nothing);
    CHECK(view.marked() == 20);
    CHECK(press(view, Key::page_up) == Wish::sample);
    CHECK(press(view, Key::home) == Wish::sample);
    CHECK(view.marked() == 1);
    CHECK(press(view, Key::up) == Wish::nothing);
    CHECK(view.marked() == 1);
    CHECK(view.rows(100).size() == 20);
  }

  TEST_CASE("a filter is edited, and taken by Enter alone") {
    TopView view("state=idle", 1s);
    CHECK(type(view, "f") == Wish::nothing);
    CHECK(view.mode() == Mode::filter);
    CHECK(view.edited_filter() == "state=idle");
    type(view, " qK");
    press(view, Key::backspace);
    press(view, Key::other);
    CHECK(view.edited_filter() == "state=idle q");
    CHECK(view.filter() == "state=idle");
    CHECK(press(view, Key::escape) == Wish::nothing);
    CHECK(view.filter() == "state=idle");
    type(view, "f");
    view.press({Key::control, 'W'}, rows);
    CHECK(view.edited_filter().empty());
    type(view, "lines>1 in>2  ");
    view.press({Key::control, 'W'}, rows);
    CHECK(view.edited_filter() == "lines>1 ");
    CHECK(press(view, Key::enter) == Wish::sample);
    CHECK(view.filter() == "lines>1 ");
    CHECK(view.mode() == Mode::table);
    type(view, "f");
    view.press({Key::control, 'U'}, rows);
    for (std::size_t at = 0; at <= TopView::longest_filter; ++at) type(view, "x");
    CHECK(view.edited_filter().size() == TopView::longest_filter);
  }

  TEST_CASE("a connection is ended by y alone, and is the one that was asked for") {
    for (const char answer : {'y', 'n', 'Y', 'K', 'q'}) {
      INFO(answer);
      TopView view = view_of(3);
      type(view, "jjK");
      CHECK(view.mode() == Mode::question);
      CHECK(view.connection() == 2);
      CHECK(view.connection_peer() == "192.0.2.2:51234");
      show(view, {test::connection(9)});  // it has ended meanwhile
      CHECK(view.mode() == Mode::question);
      CHECK(type(view, {&answer, 1}) == (answer == 'y' ? Wish::kill : Wish::nothing));
      CHECK(view.connection() == 2);
      CHECK(view.mode() == Mode::table);
    }
    TopView view = view_of(3);
    type(view, "K");
    CHECK(view.connection() == 1);  // without a mark, the first one, which is marked then
    CHECK(view.marked() == 1);
    CHECK(press(view, Key::enter) == Wish::nothing);
  }

  TEST_CASE("numbers of another run are others' numbers") {
    for (const char* keys : {"jK", "j\r"}) {
      TopView view = view_of(3);
      type(view, "j");
      if (keys[1] == 'K') type(view, "K");
      if (keys[1] != 'K') CHECK(press(view, Key::enter) == Wish::sample);
      show(view, connections(3), 4711);
      CHECK(view.mode() == Mode::table);
      CHECK_FALSE(view.marked().has_value());
      CHECK(type(view, "y") == Wish::nothing);
    }
  }

  TEST_CASE("a connection and the help are left by any key") {
    TopView view = view_of(3);
    CHECK(press(view, Key::enter) == Wish::sample);
    CHECK(view.mode() == Mode::connection);
    CHECK(view.connection() == 1);
    CHECK(type(view, "q") == Wish::nothing);
    CHECK(view.mode() == Mode::table);
    for (const char* key : {"h", "?"}) {
      type(view, key);
      CHECK(view.mode() == Mode::help);
      CHECK(type(view, "q") == Wish::nothing);
      CHECK(view.mode() == Mode::table);
    }
  }

  TEST_CASE("it pauses, draws again, and changes its interval within bounds") {
    TopView view("", 3s);
    CHECK(type(view, " ") == Wish::nothing);
    CHECK(view.is_paused());
    CHECK(type(view, " ") == Wish::sample);
    CHECK_FALSE(view.is_paused());
    CHECK(view.press({Key::control, 'L'}, rows) == Wish::redraw);
    type(view, "+");
    CHECK(view.interval() == 5s);
    type(view, "--");
    CHECK(view.interval() == 1s);
    for (int i = 0; i < 20; ++i) type(view, "-");
    CHECK(view.interval() == shortest_interval);
    for (int i = 0; i < 20; ++i) type(view, "+");
    CHECK(view.interval() == longest_interval);
    TopView between("", 3s);
    type(between, "-");
    CHECK(between.interval() == 2s);
  }
}
