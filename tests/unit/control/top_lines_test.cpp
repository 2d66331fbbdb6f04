// Samples as lines and as objects, the texts of figures, and the bytes of a picture.
#include "control/top_lines.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "control/figure_text.hpp"
#include "control/json_value.hpp"
#include "control/painter.hpp"
#include "support/top_sample.hpp"

using namespace reactord::control;
using namespace std::chrono_literals;

TEST_SUITE("reactordctl top: figures") {
  TEST_CASE("numbers have three digits that count, whatever their size") {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    CHECK(count_text(0) == "0");
    CHECK(count_text(99'999) == "99999");
    CHECK(count_text(100'000) == "100k");
    CHECK(count_text(999'499) == "999k");
    CHECK(count_text(999'500) == "1M");
    CHECK(count_text(1'234'567) == "1.23M");
    CHECK(count_text(most) == "18.4E");
    CHECK(rate_text(0) == "0");
    CHECK(rate_text(0.004) == "0");
    CHECK(rate_text(0.25) == "0.25");
    CHECK(rate_text(9.999) == "10");
    CHECK(rate_text(17.34) == "17.3");
    CHECK(rate_text(99.96) == "100");
    CHECK(rate_text(12'345) == "12.3k");
    CHECK(rate_text(1e30) == "1000000000000E");
    CHECK(bytes_text(0) == "0B");
    CHECK(bytes_text(999) == "999B");
    CHECK(bytes_text(1000) == "0.98KiB");
    CHECK(bytes_text(1260) == "1.23KiB");
    CHECK(bytes_text(268'435'456) == "256MiB");
    CHECK(bytes_text(static_cast<double>(most)) == "16EiB");
    CHECK(time_text(0) == "0ns");
    CHECK(time_text(12.34e-6) == "12.3us");
    CHECK(time_text(0.34) == "340ms");
    CHECK(time_text(2.5) == "2.5s");
    CHECK(time_text(5000) == "5000s");
  }

  TEST_CASE("ages have two units") {
    CHECK(age_text(-5s) == "0ms");
    CHECK(age_text(999ms) == "999ms");
    CHECK(age_text(59'999ms) == "59s");
    CHECK(age_text(5min + 9s) == "5m09s");
    CHECK(age_text(2h + 5min) == "2h05m");
    CHECK(age_text(24h) == "1d00h");
    CHECK(age_text(reactord::Duration::max()) == "106751d23h");
  }

  TEST_CASE("plain text moves no cursor, and is as wide as it is long") {
    CHECK(plain_text("a b~") == "a b~");
    CHECK(plain_text("\x1b[2J\x9b\x7f\n") == "?[2J???");
    CHECK(plain_text("\xc3\xa9\xe2\x82\xac\xff") == "???");
    CHECK(plain_text("").empty());
  }
}

TEST_SUITE("reactordctl top: lines") {
  TEST_CASE("a line has a figure below each name") {
    const auto before = test::sample(0);
    auto after = test::sample(2, 5000);
    after.turns = test::times_of(1000, 100, 10, 5);
    const TopRates rates = rates_between(&before, after);
    CHECK(top_heading() ==
          "  open  wait accept/s  end/s lines/s    in/s   out/s turn-p50 turn-p99 call-p50 call-p99 stalls   "
          " fds  "
          "memory buffers\n");
    CHECK(top_line(after, rates) ==
          "     3     0        0      0    2.5k   22KiB 41.5KiB     >1ms     >1ms      5us    9.9us      0   "
          "  12   "
          "52MiB    4KiB\n");
    const std::string empty = top_line(TopSample(), TopRates());
    CHECK(empty.size() == top_heading().size());
    CHECK(std::ranges::count(empty, '-') == 15);
  }

  TEST_CASE("an object is JSON, and its figures are not rounded") {
    const auto before = test::sample(0);
    auto after = test::sample(2, 5001);
    after.version = "reactord \"\x1b\"";
    after.ended = {{"eof", 81}, {"reset", 2}, {"idle", 6}};
    after.programs = {{"upper", "worker", "serving", 2, 2, 14, 3, 5, 3}, {"shell", "connection", "serving"}};
    const auto time = std::chrono::system_clock::time_point(1'700'000'000'250ms);
    const std::string text = top_object(after, rates_between(&before, after), time);
    CHECK(text.ends_with("}\n"));
    CHECK(std::ranges::count(text, '\n') == 1);
    const auto object = read_json(text);
    if (!object) FAIL(object.error());
    CHECK(real(object->find("time")) == 1'700'000'000.25);
    CHECK(object->find("version")->text == "reactord \"\x1b\"");
    CHECK(whole(object->find("pid")) == 3326);
    CHECK(real(object->find("uptime")) == 7502);
    CHECK(real(object->find("interval")) == 2);
    CHECK_FALSE(object->find("since-start")->is_true);
    CHECK(real(object->find("lines-rate")) == 2500.5);
    CHECK(real(object->find("ended-rates")->find("eof")) == 0.5);
    CHECK(object->find("ended-rates")->names.size() == 1);
    CHECK(real(object->find("turn-seconds")->find("p50")).has_value());
    CHECK(whole(object->find("buffers-limit")) == 268'435'456);
    REQUIRE(object->find("programs")->elements.size() == 2);
    CHECK(whole(object->find("programs")->elements[0].find("open-lines")) == 3);
    const auto empty = read_json(top_object(TopSample(), TopRates(), time));
    if (!empty) FAIL(empty.error());
    CHECK(empty->find("pid")->kind == JsonValue::Kind::null);
    CHECK(empty->find("turn-seconds")->find("p99")->kind == JsonValue::Kind::null);
    CHECK(empty->find("ended-rates")->names.empty());
    CHECK(empty->find("programs")->elements.empty());
  }
}

TEST_SUITE("reactordctl top: pictures") {
  TEST_CASE("the first one is written whole, then the lines that differ") {
    Painter painter(Painter::Look::plain);
    const ScreenSize size{6, 3};
    CHECK(painter.paint({{"one"}, {"two"}, {"sixsix"}}, size) ==
          "\x1b[1;1Hone\x1b[K\x1b[2;1Htwo\x1b[K\x1b[3;1Hsixsix");
    CHECK(painter.paint({{"one"}, {"two"}, {"sixsix"}}, size).empty());
    CHECK(painter.paint({{"one"}, {"2"}, {"sixsix"}}, size) == "\x1b[2;1H2\x1b[K");
    CHECK(painter.paint({{"one"}, {"2", LineStyle::title}, {"sixsix"}}, size) ==
          "\x1b[2;1H\x1b[1m2\x1b[0m\x1b[K");
    painter.forget();
    CHECK(painter.paint({{""}, {""}, {""}}, size) == "\x1b[1;1H\x1b[K\x1b[2;1H\x1b[K\x1b[3;1H\x1b[K");
    CHECK(painter.paint({{"x"}}, {6, 1}) == "\x1b[1;1Hx\x1b[K");
  }

  TEST_CASE("a bar has all of its line, and colours are left out where they are not wanted") {
    Painter plain(Painter::Look::plain), coloured(Painter::Look::coloured);
    const ScreenLines picture{{"id", LineStyle::heading}, {">7", LineStyle::chosen}, {"!", LineStyle::alarm}};
    CHECK(plain.paint(picture, {4, 3}) ==
          "\x1b[1;1H\x1b[7mid  \x1b[0m\x1b[2;1H\x1b[7m>7  \x1b[0m\x1b[3;1H\x1b[1m!\x1b[0m\x1b[K");
    CHECK(coloured.paint(picture, {4, 3}) ==
          "\x1b[1;1H\x1b[30;42mid  \x1b[0m\x1b[2;1H\x1b[30;46m>7  \x1b[0m\x1b[3;1H\x1b[1;31m!\x1b[0m\x1b[K");
  }
}
