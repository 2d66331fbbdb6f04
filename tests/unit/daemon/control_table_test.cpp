// ControlTable: columns for people, JSON for programs, and text that does no harm in either.
#include "daemon/control_table.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

#include "load/result/json.hpp"

using namespace reactord;

namespace {

using Cell = ControlTable::Cell;
using Column = ControlTable::Column;

constexpr std::array<Column, 3> columns{{{"name", 6}, {"count", 5}, {"age", 4}}};

std::string table_of(ControlFormat format, const std::vector<std::array<Cell, 3>>& rows) {
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (const auto& row : rows) table.row(row);
  table.end();
  return text;
}

std::string row_of(ControlFormat format, std::string_view name) {
  const std::string text = table_of(format, {{Cell(name), Cell(std::uint64_t{1}), Cell(Duration(2s))}});
  const std::size_t start = text.find('\n') + 1;
  return text.substr(start, text.find('\n', start) - start);
}

load::JsonValue read(std::string_view text) {
  auto value = load::read_json(text);
  REQUIRE_MESSAGE(value.has_value(), text);
  return std::move(*value);
}

}  // namespace

TEST_CASE("a table has a heading, and columns of the width they were given") {
  CHECK(table_of(ControlFormat::text, {{Cell("line"), Cell(std::uint64_t{7}), Cell(Duration(90s))},
                                       {Cell("a-long-name"), Cell(std::uint64_t{12}), Cell(Duration(0))}}) ==
        "name    count  age\n"
        "line    7      1m30s\n"
        "a-long-name  12     0ms\n");
  CHECK(table_of(ControlFormat::text, {}) == "name    count  age\n");
}

TEST_CASE("a table is a JSON array of objects, each on a line") {
  const std::string text =
      table_of(ControlFormat::json, {{Cell("line"), Cell(std::uint64_t{7}), Cell(Duration(90s))},
                                     {Cell("x"), Cell(~std::uint64_t{0}), Cell(Duration(1234567us))}});
  CHECK(text ==
        "[\n "
        "{\"name\":\"line\",\"count\":7,\"age\":90.000}\n,{\"name\":\"x\",\"count\":18446744073709551615,"
        "\"age\":1.234}\n]\n");
  const auto value = read(text);
  REQUIRE(value.elements.size() == 2);
  CHECK(value.elements[1].find("count")->kind == load::JsonValue::Kind::number);
  CHECK(read(table_of(ControlFormat::json, {})).elements.empty());
}

TEST_CASE("text of any origin moves no cursor, ends no line, and is valid JSON") {
  struct Row {
    std::string_view given, shown, json;
  };
  using namespace std::string_view_literals;
  constexpr Row table[] = {
      {"a\nb\tc", "a\\nb\\tc", "a\nb\tc"},
      {"\x1b[2J", "\\u001b[2J", "\x1b[2J"},
      {"a\0b"sv, "a\\u0000b", "a\0b"sv},
      {"\xe2\x80\xaetxt", "\\u202etxt", "\xe2\x80\xaetxt"},
      {"\xff\xfe", "\\xff\\xfe", "\\xff\\xfe"},
      {"\xe2\x80", "\\xe2\\x80", "\\xe2\\x80"},
      {"\"quoted\\\"", "\"quoted\\\"", "\"quoted\\\""},
      {"\xc3\xa9", "\xc3\xa9", "\xc3\xa9"},
  };
  for (const Row& row : table) {
    CAPTURE(row.shown);
    CHECK(row_of(ControlFormat::text, row.given).starts_with(row.shown));
    const std::string json = row_of(ControlFormat::json, row.given);
    CHECK(json.find('\x1b') == json.npos);
    CHECK(read(json).find("name")->text == row.json);
  }
}

TEST_CASE("a character of several bytes takes one place of its column") {
  CHECK(row_of(ControlFormat::text, "\xc3\xa9") == "\xc3\xa9       1      2s");
  CHECK(row_of(ControlFormat::text, "e") == "e       1      2s");
}

TEST_CASE("no row can be taken for the last line of an answer") {
  CHECK(row_of(ControlFormat::text, "ERR") == "\\u0045RR     1      2s");
  CHECK(row_of(ControlFormat::text, "ERR x") == "\\u0045RR x   1      2s");
  CHECK(row_of(ControlFormat::text, "ERRATA") == "ERRATA  1      2s");
  std::string text;
  constexpr std::array<Column, 1> one{{{"name", 1}}};
  ControlTable table(one, ControlFormat::text, text);
  table.row(std::array<Cell, 1>{Cell("OK")});
  table.row(std::array<Cell, 1>{Cell("OKAY")});
  CHECK(text == "\\u004fK\nOKAY\n");
}

TEST_CASE("a duration shows the two greatest units that it has") {
  struct Row {
    Duration duration;
    const char* text;
  };
  constexpr Row table[] = {{0ns, "0ms"},       {-5s, "0ms"},      {999us, "0ms"},   {340ms, "340ms"},
                           {999ms, "999ms"},   {1s, "1s"},        {59999ms, "59s"}, {60s, "1m00s"},
                           {90s, "1m30s"},     {3599s, "59m59s"}, {1h, "1h00m"},    {125min, "2h05m"},
                           {86399s, "23h59m"}, {24h, "1d00h"},    {76h, "3d04h"},   {24h * 400, "400d00h"}};
  for (const Row& row : table) CHECK(brief_duration(row.duration) == row.text);
}

TEST_CASE("fields are a line each, or one object on one line") {
  const std::array<ControlField, 3> fields{
      {{"id", std::uint64_t{7}}, {"protocol", std::string_view("li\nne")}, {"age", Duration(1500ms)}}};
  std::string text, json;
  append_fields(fields, ControlFormat::text, text);
  append_fields(fields, ControlFormat::json, json);
  CHECK(text == "id        7\nprotocol  li\\nne\nage       1s\n");
  CHECK(json == "{\"id\":7,\"protocol\":\"li\\nne\",\"age\":1.500}\n");
}
