// The screen of top, for given figures and sizes.
#include "control/top_screen.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/top_sample.hpp"

using namespace reactord::control;
using namespace std::chrono_literals;

namespace {

// Forty connections, one of which does not read, and one that is named by a friend of terminals.
TopView busy() {
  std::vector<TopConnection> before, after;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    before.push_back(test::connection(id, 10 * id));
    after.push_back(test::connection(id, 10 * id + 100 * (40 - id)));
  }
  after[1].peer = "[2001:db8:85a3:1234:5678:8a2e:370:7334]:51234";
  after[1].state = "sending";
  after[1].unsent = 70'000;
  after[2].peer = "unix:@\x1b[31m\xc3\xa9";
  after[2].buffered = 4096;
  auto first = test::sample(0), second = test::sample(2, 5000);
  first.connections = std::move(before);
  second.connections = std::move(after);
  second.open = 40;
  second.accepted = 273;
  second.ended = {{"eof", 260}, {"reset", 4}, {"idle", 6}};
  second.turns = test::times_of(1000, 4100, 30, 1);
  second.programs = {{"upper", "worker", "serving", 2, 2, 14, 3, 5, 3},
                     {"shell", "connection", "serving", 0, 4, 4, 0, 9, 5}};
  TopView view("", 1s);
  auto rates = rates_between(&first, second);
  view.show(std::move(second), std::move(rates), 10);
  return view;
}

void type(TopView& view, std::string_view keys) {
  for (const char key : keys) {
    view.press(key == '\r' ? KeyPress{Key::enter} : KeyPress{Key::character, key}, 4);
  }
}

ScreenLines screen_of(const TopView& view, ScreenSize size, const TopNews& news = {}) {
  ScreenLines lines = top_screen(view, news, size);
  CHECK(lines.size() == size.rows);
  for (const ScreenLine& line : lines) {
    CHECK(line.text.size() <= size.columns);
    for (const char byte : line.text) CHECK((byte >= ' ' && byte <= '~'));
  }
  return lines;
}

std::string text_of(const ScreenLines& lines) {
  std::string text;
  for (const ScreenLine& line : lines) text += line.text + '\n';
  return text;
}

std::string shown(const TopView& view, ScreenSize size, const TopNews& news = {}) {
  return text_of(screen_of(view, size, news));
}

LineStyle style_of(const TopView& view, std::string_view beginning, const TopNews& news = {}) {
  for (const ScreenLine& line : screen_of(view, {80, 24}, news)) {
    if (line.text.starts_with(beginning)) return line.style;
  }
  FAIL("no line begins so");
  return LineStyle::plain;
}

}  // namespace

TEST_SUITE("reactordctl top: the screen") {
  TEST_CASE("40x10") {
    CHECK(shown(busy(), {40, 10}) ==
          "reactord 0.1.0  up 2h05m  pid 3326\n"
          "connections open 40 of 19789  waiting 0\n"
          "ended eof 90/s  reset 1/s\n"
          "traffic lines 2.5k/s  in 22KiB/s\n"
          "times turn p50 55.2us p99 99.6us\n"
          "connections by lines/s, the greatest fi~\n"
          "     id peer             state   lines/s\n"
          "      1 192.0.2.1:51234  idle      1.95k\n"
          "      2 [2001:db8:85a3:~ sending    1.9k\n"
          "q quit  h help  s < > sort  r reverse\n");
    CHECK(table_rows(busy(), {}, {40, 10}) == 2);
  }

  TEST_CASE("80x24") {
    CHECK(shown(busy(), {80, 24}) ==
          "reactord 0.1.0  up 2h05m  pid 3326  log info  every 1s\n"
          "connections  open 40 of 19789  waiting 0  accepted 91/s  ended 91/s\n"
          "ended        eof 90/s  reset 1/s\n"
          "traffic      lines 2.5k/s  in 22KiB/s  out 41.5KiB/s\n"
          "times        turn p50 55.2us p99 99.6us  handler p50 5us p99 9.9us  stalls 0\n"
          "resources    descriptors 12 of 20000  memory 52MiB  buffers 4KiB of 256MiB\n"
          "upper        worker serving  workers 2  running 2  open lines 3  restarts 3\n"
          "shell        connection serving  running 4  open lines 0  ended 5\n"
          "connections by lines/s, the greatest first\n"
          "     id peer               state      age silent  lines lines/s buffered  unsent\n"
          "      1 192.0.2.1:51234    idle     2h05m   12ms   3910   1.95k       0B      0B\n"
          "      2 [2001:db8:85a3:12~ sending  2h05m   12ms   3820    1.9k       0B 68.4KiB\n"
          "      3 unix:@?[31m?       idle     2h05m   12ms   3730   1.85k     4KiB      0B\n"
          "      4 192.0.2.4:51234    idle     2h05m   12ms   3640    1.8k       0B      0B\n"
          "      5 192.0.2.5:51234    idle     2h05m   12ms   3550   1.75k       0B      0B\n"
          "      6 192.0.2.6:51234    idle     2h05m   12ms   3460    1.7k       0B      0B\n"
          "      7 192.0.2.7:51234    idle     2h05m   12ms   3370   1.65k       0B      0B\n"
          "      8 192.0.2.8:51234    idle     2h05m   12ms   3280    1.6k       0B      0B\n"
          "      9 192.0.2.9:51234    idle     2h05m   12ms   3190   1.55k       0B      0B\n"
          "     10 192.0.2.10:51234   idle     2h05m   12ms   3100    1.5k       0B      0B\n"
          "     11 192.0.2.11:51234   idle     2h05m   12ms   3010   1.45k       0B      0B\n"
          "     12 192.0.2.12:51234   idle     2h05m   12ms   2920    1.4k       0B      0B\n"
          "     13 192.0.2.13:51234   idle     2h05m   12ms   2830   1.35k       0B      0B\n"
          "q quit  h help  s < > sort  r reverse  f filter  Enter show  K kill  space pause\n");
    CHECK(table_rows(busy(), {}, {80, 24}) == 13);
  }

  TEST_CASE("200x50") {
    const std::string screen = shown(busy(), {200, 50});
    CHECK(
        screen.starts_with("reactord 0.1.0  up 2h05m  pid 3326  log info  every 1s\n"
                           "connections  open 40 of 19789  waiting 0  accepted 91/s  ended 91/s\n"
                           "ended        eof 90/s  reset 1/s\n"
                           "traffic      lines 2.5k/s  in 22KiB/s  out 41.5KiB/s\n"
                           "times        turn p50 55.2us p99 99.6us  handler p50 5us p99 9.9us  stalls 0\n"
                           "resources    descriptors 12 of 20000  memory 52MiB  buffers 4KiB of 256MiB\n"
                           "upper        worker serving  workers 2  running 2  open lines 3  restarts 3\n"
                           "shell        connection serving  running 4  open lines 0  ended 5\n"
                           "connections by lines/s, the greatest first\n"
                           "     id protocol   peer                                          state      age "
                           "silent  lines lines/s      in    in/s     out   out/s buffered  unsent\n"
                           "      1 line       192.0.2.1:51234                               idle     2h05m  "
                           " 12ms   3910   1.95k 34.4KiB 17.1KiB 64.9KiB 32.4KiB       0B      0B\n"
                           "      2 line       [2001:db8:85a3:1234:5678:8a2e:370:7334]:51234 sending  2h05m  "
                           " 12ms   3820    1.9k 33.6KiB 16.7KiB 63.4KiB 31.5KiB       0B 68.4KiB\n"
                           "      3 line       unix:@?[31m?                                  idle     2h05m  "
                           " 12ms   3730   1.85k 32.8KiB 16.3KiB 61.9KiB 30.7KiB     4KiB      0B\n"));
    CHECK(screen.ends_with("Enter show  K kill  space pause  + - interval  j k move\n"));
    CHECK(table_rows(busy(), {}, {200, 50}) == 39);
  }

  TEST_CASE("every size has its lines, none longer than the screen") {
    TopView view = busy();
    TopNews news;
    news.trouble = "no figures for 12s: /run/reactord/control.sock: nobody listens there";
    news.connection = {"id  2", std::string(300, 'x')};
    for (const char* keys : {"", "jj", "K", "n\r", "xh", "xf"}) {
      type(view, keys);
      for (const std::size_t columns : {1u, 2u, 5u, 13u, 39u, 40u, 59u, 60u, 81u, 500u}) {
        for (const std::size_t rows : {1u, 2u, 3u, 4u, 5u, 10u, 11u, 60u}) {
          screen_of(view, {columns, rows}, news);
          screen_of(view, {columns, rows});
          screen_of(TopView("a filter", 1s), {columns, rows}, news);
        }
      }
    }
  }

  TEST_CASE("what is asked and typed is in the last line") {
    TopView view = busy();
    type(view, "jjK");
    CHECK(shown(view, {80, 14})
              .ends_with("\nkill connection 2 of [2001:db8:85a3:1234:5678:8a2e:370:7334]:51234? y or n\n"));
    CHECK(style_of(view, ">     2 ") == LineStyle::chosen);
    CHECK(style_of(view, "kill connection 2") == LineStyle::alarm);
    type(view, "nf");
    type(view, "state=idle");
    CHECK(shown(view, {80, 24}).ends_with("\nfilter: state=idle_\n"));
    CHECK(shown(view, {14, 24}).ends_with("\nfilter: =idle_\n"));  // the end of what is typed
    type(view, "\r");
    CHECK(
        shown(view, {80, 24}).contains("\nconnections by lines/s, the greatest first; filter: state=idle\n"));
    type(view, "ssr");
    CHECK(shown(view, {80, 24}).contains("\nconnections by unsent, the least first; filter: state=idle\n"));
  }

  TEST_CASE("a connection in full and the help have the room of the table, and more") {
    TopView view = busy();
    type(view, "jj\r");
    TopNews news;
    news.connection = {"id        2", "protocol  line", "peer      \x1b[2J"};
    CHECK(shown(view, {80, 7}, news) ==
          "reactord 0.1.0  up 2h05m  pid 3326  log info  every 1s\n"
          "connections  open 40 of 19789  waiting 0  accepted 91/s  ended 91/s\n"
          "connection 2 of [2001:db8:85a3:1234:5678:8a2e:370:7334]:51234\n"
          "id        2\nprotocol  line\npeer      ?[2J\nany key: back\n");
    type(view, "xh");
    const std::string help = shown(view, {80, 24});
    for (const char* said : {"\nq, ctrl-C ", "\nK ", "\nstalls ", "\nlines/s "}) CHECK(help.contains(said));
    CHECK(shown(TopView("", 1s), {80, 24}).starts_with("reactordctl top  every 1s\n\n"));
  }

  TEST_CASE("trouble is told in its place, and broken into lines") {
    TopNews news;
    news.trouble =
        "/run/reactord/control.sock: nobody listens there: start the daemon, or name the right socket "
        "with --socket; it is tried again every 1s";
    CHECK(shown(TopView("", 1s), {60, 5}, news) ==
          "reactordctl top  every 1s\n\n"
          "/run/reactord/control.sock: nobody listens there: start the\n"
          "daemon, or name the right socket with --socket; it is tried\n"
          "again every 1s\n");
    news = {};
    news.mistake = "state=idel: unknown state, did you mean idle?";
    CHECK(shown(busy(), {80, 24}, news).ends_with("\nstate=idel: unknown state, did you mean idle?\n"));
    CHECK(style_of(busy(), "state=idel", news) == LineStyle::alarm);
    news = {};
    news.notice = "connection 2: killed 1";
    CHECK(shown(busy(), {80, 24}, news).ends_with("\nconnection 2: killed 1\n"));
  }

  TEST_CASE("what wants to be looked at stands out") {
    const auto with = [](auto change) {
      auto sample = test::sample(2, 100);
      change(sample);
      TopView view("", 1s);
      const auto first = test::sample(0);
      auto rates = rates_between(&first, sample);
      view.show(std::move(sample), std::move(rates), 10);
      return view;
    };
    CHECK(style_of(with([](TopSample&) {}), "connections") == LineStyle::plain);
    CHECK(style_of(with([](TopSample& it) { it.waiting = 1; }), "connections") == LineStyle::alarm);
    CHECK(style_of(with([](TopSample& it) { it.open = 17'811; }), "connections") == LineStyle::alarm);
    CHECK(style_of(with([](TopSample& it) { it.connections_limit = 0; }), "connections") == LineStyle::plain);
    CHECK(style_of(with([](TopSample& it) { it.stalls = 2; }), "times") == LineStyle::alarm);
    CHECK(style_of(with([](TopSample& it) { it.descriptors = 18'000; }), "resources") == LineStyle::alarm);
    CHECK(style_of(with([](TopSample& it) { it.descriptors = 17'999; }), "resources") == LineStyle::plain);
    CHECK(style_of(with([](TopSample& it) { it.buffers = 268'000'000; }), "resources") == LineStyle::alarm);
    CHECK(style_of(with([](TopSample& it) { it.is_draining = true; }), "reactord 0.1.0  DRAINING") ==
          LineStyle::alarm);
    CHECK(style_of(with([](TopSample& it) {
                     it.programs = {{"upper", "worker", "serving", 2, 1}};
                   }),
                   "upper") == LineStyle::alarm);
  }

  TEST_CASE("what the daemon does not tell is a dash") {
    TopSample old;
    old.version = "reactord 0.1.0";
    old.uptime = 12s;
    old.ended_lines = 24;
    TopView view("", 1s);
    auto rates = rates_between(nullptr, old);
    view.show(std::move(old), std::move(rates), 10);
    CHECK(shown(view, {80, 8})
              .starts_with("reactord 0.1.0  up 12s  log   every 1s  rates since the start\n"
                           "connections  open -  waiting -  accepted -  ended -\n"
                           "traffic      lines 2/s  in -  out -  (of connections that ended)\n"));
    CHECK(shown(view, {80, 12})
              .contains("\ntimes        turn p50 - p99 -  handler p50 - p99 -  stalls -\n"
                        "resources    descriptors -  memory -  buffers -\n"));
  }

  TEST_CASE("a paused view says so, and a scrolled one from where") {
    TopView view = busy();
    type(view, " ");
    CHECK(shown(view, {80, 24}).starts_with("reactord 0.1.0  PAUSED  up "));
    view.press({Key::end}, 13);
    CHECK(shown(view, {80, 24}).contains("\nconnections by lines/s, the greatest first, from the 28. on\n"));
    CHECK(style_of(view, ">    40 ") == LineStyle::chosen);
  }
}
