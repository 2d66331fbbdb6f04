// The keys of a terminal, from its bytes.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "control/key_reader.hpp"

using reactord::control::Key;
using reactord::control::KeyPress;
using reactord::control::KeyReader;

namespace {

using Keys = std::vector<KeyPress>;

Keys all_of(std::initializer_list<std::string_view> pieces) {
  KeyReader reader;
  Keys keys;
  for (const std::string_view piece : pieces) {
    for (const KeyPress key : reader.take(piece)) keys.push_back(key);
  }
  CHECK_FALSE(reader.is_waiting());
  return keys;
}

constexpr KeyPress typed(char character) { return {Key::character, character}; }

}  // namespace

TEST_SUITE("reactordctl top: keys") {
  TEST_CASE("each has its bytes") {
    struct Row {
      std::string_view bytes;
      KeyPress key;
    };
    using namespace std::string_view_literals;
    for (const Row& row : {Row{"q", typed('q')},
                           Row{" ", typed(' ')},
                           Row{"~", typed('~')},
                           Row{"\r", {Key::enter}},
                           Row{"\n", {Key::enter}},
                           Row{"\x7f", {Key::backspace}},
                           Row{"\b", {Key::backspace}},
                           Row{"\f", {Key::control, 'L'}},
                           Row{"\0"sv, {Key::control, '@'}},
                           Row{"\x1b[A", {Key::up}},
                           Row{"\x1b[B", {Key::down}},
                           Row{"\x1b[C", {Key::right}},
                           Row{"\x1b[D", {Key::left}},
                           Row{"\x1bOA", {Key::up}},
                           Row{"\x1bOB", {Key::down}},
                           Row{"\x1bOM", {Key::enter}},
                           Row{"\x1b[1;5A", {Key::up}},
                           Row{"\x1b[H", {Key::home}},
                           Row{"\x1b[1~", {Key::home}},
                           Row{"\x1b[7~", {Key::home}},
                           Row{"\x1bOF", {Key::end}},
                           Row{"\x1b[4~", {Key::end}},
                           Row{"\x1b[8~", {Key::end}},
                           Row{"\x1b[5~", {Key::page_up}},
                           Row{"\x1b[6~", {Key::page_down}},
                           Row{"\x1b[6;2~", {Key::page_down}},
                           Row{"\x1b[3~", {Key::other}},
                           Row{"\x1b[200~", {Key::other}},
                           Row{"\x1bOP", {Key::other}},
                           Row{"\xc3\xa9", {Key::other}}}) {
      INFO(row.bytes);
      CHECK(all_of({row.bytes}) == Keys{row.key});
    }
  }

  TEST_CASE("a key may be cut anywhere") {
    const std::string_view bytes = "j\x1b[A\x1b[5~\x1bOBk\x1b[1;2H";
    const Keys whole{typed('j'), {Key::up}, {Key::page_up}, {Key::down}, typed('k'), {Key::home}};
    CHECK(all_of({bytes}) == whole);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
      for (std::size_t second = first; second <= bytes.size(); ++second) {
        CHECK(all_of({bytes.substr(0, first), bytes.substr(first, second - first), bytes.substr(second)}) ==
              whole);
      }
    }
  }

  TEST_CASE("an Escape is alone when nothing has followed it in time") {
    KeyReader reader;
    CHECK(reader.take("\x1b").empty());
    CHECK(reader.is_waiting());
    CHECK(reader.expire() == Keys{{Key::escape}});
    CHECK_FALSE(reader.is_waiting());
    CHECK(reader.expire().empty());
    CHECK(reader.take("[A") == Keys{typed('['), typed('A')});
  }

  TEST_CASE("what follows an Escape and is no sequence comes behind it") {
    CHECK(all_of({"\x1bq"}) == Keys{{Key::escape}, typed('q')});
    CHECK(all_of({"\x1b\x1b[A"}) == Keys{{Key::escape}, {Key::up}});
    CHECK(all_of({"\x1b\r"}) == Keys{{Key::escape}, {Key::enter}});
  }

  TEST_CASE("a sequence that is cut off, broken or too long ends") {
    KeyReader reader;
    CHECK(reader.take("\x1b[1;").empty());
    CHECK(reader.expire().empty());
    CHECK(reader.take("q") == Keys{typed('q')});
    CHECK(all_of({"\x1b[1\rq"}) == Keys{{Key::enter}, typed('q')});
    CHECK(all_of({"\x1b[1\x1b[A"}) == Keys{{Key::up}});
    const std::string endless = "\x1b[" + std::string(KeyReader::longest_sequence + 1, '1');
    CHECK(all_of({endless + "q"}) == Keys{{Key::other}, typed('q')});
    CHECK(reader.take("\x1bO").empty());
    CHECK(reader.expire().empty());
  }
}
