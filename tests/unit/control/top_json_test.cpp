// The reader of the daemon's JSON.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "control/json_value.hpp"

using reactord::control::json_text;
using reactord::control::JsonValue;
using reactord::control::read_json;
using reactord::control::real;
using reactord::control::whole;

namespace {

JsonValue taken(std::string_view text) {
  auto value = read_json(text);
  if (!value) FAIL(value.error());
  return *value;
}

std::string refusal(std::string_view text) {
  const auto value = read_json(text);
  return value ? "was accepted" : value.error();
}

}  // namespace

TEST_SUITE("reactordctl top: JSON") {
  TEST_CASE("values of all kinds, nested") {
    const JsonValue value = taken(
        " {\"open\":3,\"none\":null,\"yes\":true,\"no\":false,\n \"rows\":[{\"id\":7},{}],\"text\":\"a b\"} "
        "\n");
    CHECK(value.kind == JsonValue::Kind::object);
    CHECK(value.names.size() == 6);
    CHECK(whole(value.find("open")) == 3);
    CHECK(value.find("none")->kind == JsonValue::Kind::null);
    CHECK(value.find("yes")->is_true);
    CHECK(value.find("no")->kind == JsonValue::Kind::boolean);
    CHECK_FALSE(value.find("no")->is_true);
    const JsonValue& rows = *value.find("rows");
    REQUIRE(rows.elements.size() == 2);
    CHECK(whole(rows.elements[0].find("id")) == 7);
    CHECK(rows.elements[1].names.empty());
    CHECK(value.find("text")->text == "a b");
    CHECK(value.find("other") == nullptr);
    CHECK(rows.find("id") == nullptr);
    CHECK(taken("[]").elements.empty());
    CHECK(taken("[\n {\"id\":7}\n,{\"id\":8}\n]\n").elements.size() == 2);
  }

  TEST_CASE("a number loses no digit, and what is none of that kind is empty") {
    CHECK(whole(&static_cast<const JsonValue&>(taken("18446744073709551615"))) ==
          std::numeric_limits<std::uint64_t>::max());
    struct Row {
      const char* text;
      bool is_whole, is_real;
    };
    for (const Row& row :
         {Row{"0", true, true}, Row{"9007199254740993", true, true}, Row{"18446744073709551616", false, true},
          Row{"-1", false, true}, Row{"-0", false, true}, Row{"1.5", false, true},
          Row{"86400.012", false, true}, Row{"1e3", false, true}, Row{"1e999", false, false},
          Row{"\"1\"", false, false}, Row{"null", false, false}, Row{"[1]", false, false}}) {
      INFO(row.text);
      const JsonValue value = taken(row.text);
      CHECK(whole(&value).has_value() == row.is_whole);
      CHECK(real(&value).has_value() == row.is_real);
    }
    CHECK_FALSE(whole(nullptr).has_value());
    CHECK_FALSE(real(nullptr).has_value());
    const JsonValue fraction = taken("86400.012");
    CHECK(real(&fraction) == 86400.012);
  }

  TEST_CASE("escapes become their characters") {
    CHECK(taken(R"("\"\\\/\b\f\n\r\t")").text == "\"\\/\b\f\n\r\t");
    CHECK(taken(R"("\u0041\u00e9\u20ac\ud83d\ude00\u001b")").text ==
          "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x1b");
    CHECK(taken("\"\xc3\xa9\"").text == "\xc3\xa9");
  }

  TEST_CASE("what is no JSON is told with its place") {
    struct Row {
      std::string_view text, refusal;
    };
    using namespace std::string_view_literals;
    for (const Row& row :
         {Row{"", "byte 0: a value is expected"},
          Row{"{\"a\":1", "byte 6: a comma or } is expected"},
          Row{"{\"a\":", "byte 5: a value is expected"},
          Row{"{\"a\"", "byte 4: a colon is expected"},
          Row{"{\"a", "byte 3: the end of a text is expected"},
          Row{"{", "byte 1: a name in quotes is expected"},
          Row{"[1,2", "byte 4: a comma or ] is expected"},
          Row{"[1,]", "byte 3: a value is expected"},
          Row{"{\"a\":1,}", "byte 7: a name in quotes is expected"},
          Row{"{\"a\":1,\"a\":2}", "byte 10: a name that the object has not yet is expected"},
          Row{"1 2", "byte 2: nothing behind the value is expected"},
          Row{"01", "byte 0: a number without zeros in front is expected"},
          Row{"1.", "byte 0: digits behind the point is expected"},
          Row{"1e+", "byte 0: digits of the exponent is expected"},
          Row{"-", "byte 0: a value is expected"},
          Row{"nul", "byte 0: a value is expected"},
          Row{"truex", "byte 4: nothing behind the value is expected"},
          Row{"\"\\x\"", "byte 2: an escape is expected"},
          Row{"\"\\u12g4\"", "byte 3: four digits is expected"},
          Row{"\"\\ud800\"", "byte 7: a low surrogate is expected"},
          Row{"\"\\ud800\\u0041\"", "byte 13: a low surrogate is expected"},
          Row{"\"\\udc00\"", "byte 7: a high surrogate before the low one is expected"},
          Row{"\"a\nb\"", "byte 2: a character is expected"},
          Row{"\"\xff\"", "byte 1: a character is expected"},
          Row{"\"\0\""sv, "byte 1: a character is expected"}}) {
      INFO(row.text);
      CHECK(refusal(row.text) == row.refusal);
    }
  }

  TEST_CASE("a text that is cut off anywhere is refused") {
    const std::string whole_text = R"({"a":[1.5e3,"x\u00e9"],"b":{"c":null}})";
    for (std::size_t size = 0; size < whole_text.size(); ++size) {
      INFO(size);
      CHECK_FALSE(read_json(std::string_view(whole_text).substr(0, size)).has_value());
    }
    CHECK(read_json(whole_text).has_value());
  }

  TEST_CASE("depth and numbers of values have bounds") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(refusal(nested(JsonValue::most_depth)) == "was accepted");
    CHECK(refusal(nested(JsonValue::most_depth + 1)) == "byte 16: a value that is less deep is expected");
    CHECK(refusal(std::string(1'000'000, '[')).starts_with("byte 16: "));
    std::string names = "{";
    for (std::size_t at = 0; at <= JsonValue::most_names; ++at) names += "\"" + std::to_string(at) + "\":0,";
    CHECK(refusal(names).ends_with("the end of so many names is expected"));
    std::string values = "[0";
    for (std::size_t at = 0; at < JsonValue::most_values; ++at) values += ",0";
    CHECK(refusal(values + "]").ends_with("the end of so many values is expected"));
  }

  TEST_CASE("a text that is written reads back the same") {
    CHECK(json_text("a \"b\" \\ \n\x1b") == R"("a \"b\" \\ \u000a\u001b")");
    for (const std::string text : {"", "plain", "\"\\\n\t\x01", "\xc3\xa9"})
      CHECK(taken(json_text(text)).text == text);
    CHECK(json_text("a\xff") == "\"a?\"");
  }
}
