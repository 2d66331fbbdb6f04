// JSON: what is written can be read, and what is wrong is refused at its place.
#include "load/result/json.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

using namespace reactord;
using namespace reactord::load;

namespace {

std::string refusal(const std::string& text) {
  const auto value = read_json(text);
  return value ? "was accepted" : value.error().text();
}

// The text of the string that `text` holds.
std::string string_in(const std::string& text) {
  const auto value = read_json(text);
  return value && value->kind == JsonValue::Kind::string ? value->text : refusal(text);
}

std::string as_json(const std::string& text) { return JsonWriter().string(text).text(); }

}  // namespace

TEST_CASE("each member stands on a line of its own, but where one line is asked for") {
  JsonWriter json;
  json.open('{');
  json.key("a").number(std::uint64_t{1});
  json.key("empty").open('{').close('}');
  json.key("list").open('[');
  json.open('{', true).key("x").number(0.5).key("y").open('[').boolean(true).string("s").close(']').close(
      '}');
  json.open('[', true).close(']');
  json.close(']');
  json.key("last").boolean(false);
  json.close('}');
  CHECK(json.text() ==
        "{\n"
        "  \"a\": 1,\n"
        "  \"empty\": {},\n"
        "  \"list\": [\n"
        "    {\"x\": 0.5, \"y\": [true, \"s\"]},\n"
        "    []\n"
        "  ],\n"
        "  \"last\": false\n"
        "}\n");
  CHECK(read_json(json.text()).has_value());
}

TEST_CASE("a string comes back as it was, if it was text") {
  std::string all;
  for (char byte = 1; byte < 127; ++byte) all += byte;
  all += '\x7f';
  all += std::string("\0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10);
  CHECK(string_in(as_json(all)) == all);
  CHECK(as_json("a\"b\\c\n") == "\"a\\\"b\\\\c\\u000a\"");
  // Not UTF-8: a lone continuation, overlong, a surrogate, above the last character, cut off.
  for (const char* wrong : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const std::string written = as_json(std::string("a") + wrong);
    CHECK(written.starts_with("\"a\\ufffd"));
    CHECK(string_in(written).starts_with("a\xEF\xBF\xBD"));
  }
}

TEST_CASE("numbers keep every digit") {
  CHECK(JsonWriter().number(std::numeric_limits<std::uint64_t>::max()).text() == "18446744073709551615");
  CHECK(JsonWriter().number(0.1).text() == "0.1");
  CHECK(JsonWriter().number(1e300).text() == "1e+300");
  CHECK(JsonWriter().number(std::numeric_limits<double>::infinity()).text() == "null");
  CHECK(JsonWriter().number(std::numeric_limits<double>::quiet_NaN()).text() == "null");
  for (const char* number : {"0", "-0", "18446744073709551615", "-1.5e-7", "1E+3", "0.10"}) {
    const auto value = read_json(number);
    REQUIRE(value.has_value());
    CHECK(value->kind == JsonValue::Kind::number);
    CHECK(value->text == number);
  }
}

TEST_CASE("values of all kinds are read, with their places") {
  const auto value = read_json(" {\"a\" : [1, \"two\", null, true, false, {}, []],\t\"b\":\r\n{\"c\":3}}\n");
  REQUIRE(value.has_value());
  CHECK(value->at == 1);
  const JsonValue* list = value->find("a");
  REQUIRE(list != nullptr);
  REQUIRE(list->elements.size() == 7);
  CHECK(list->elements[1].text == "two");
  CHECK(list->elements[1].at == 12);
  CHECK(list->elements[2].kind == JsonValue::Kind::null);
  CHECK(list->elements[3].is_true);
  CHECK_FALSE(list->elements[4].is_true);
  CHECK(list->elements[5].kind == JsonValue::Kind::object);
  REQUIRE(value->find("b") != nullptr);
  CHECK(value->find("b")->find("c")->text == "3");
  CHECK(value->find("c") == nullptr);
  CHECK(string_in("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\\u0000\"") ==
        std::string("\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0", 18));
}

TEST_CASE("what is no JSON is refused, with the byte") {
  CHECK(refusal("") == "byte 0: the text ends, expected a value");
  CHECK(refusal("  ") == "byte 2: the text ends, expected a value");
  CHECK(refusal("nul") == "byte 0: expected a value");
  CHECK(refusal("'a'") == "byte 0: expected a value");
  CHECK(refusal("1 2") == "byte 2: more text after the end of the value");
  CHECK(refusal("truex") == "byte 4: more text after the end of the value");
  CHECK(refusal("[1, 2") == "byte 5: the text ends, expected ',' or ']'");
  CHECK(refusal("[1,]") == "byte 3: expected a value");
  CHECK(refusal("[1 2]") == "byte 3: expected ',' or ']'");
  CHECK(refusal("{\"a\" 1}") == "byte 5: expected ':'");
  CHECK(refusal("{\"a\": 1,}") == "byte 8: expected a name in quotes");
  CHECK(refusal("{a: 1}") == "byte 1: expected a name in quotes");
  CHECK(refusal("{\"a\": 1]") == "byte 7: expected ',' or '}'");
  CHECK(refusal("{\"a\": 1, \"a\": 2}") == "byte 9: the name \"a\" a second time");
  CHECK(refusal("01") == "byte 1: a number does not begin with 0");
  CHECK(refusal("-") == "byte 1: the text ends, expected a digit");
  CHECK(refusal("1.") == "byte 2: the text ends, expected a digit");
  CHECK(refusal("1ex") == "byte 2: expected a digit");
  CHECK(refusal("+1") == "byte 0: expected a value");
  CHECK(refusal(".5") == "byte 0: expected a value");
  CHECK(refusal("NaN") == "byte 0: expected a value");
  CHECK(refusal("\"abc") == "byte 0: a string that is not closed");
  CHECK(refusal("\"a\nb\"") == "byte 2: a control character in a string");
  CHECK(refusal("\"a\\x\"") == "byte 2: an unknown escape");
  CHECK(refusal("\"\\u12g4\"") == "byte 5: expected four hexadecimal digits");
  CHECK(refusal("\"\\ud800\"") == "byte 1: half of a surrogate pair");
  CHECK(refusal("\"\\ud800\\n\"") == "byte 1: half of a surrogate pair");
  CHECK(refusal("\"\\ud800\\u0041\"") == "byte 1: half of a surrogate pair");
  CHECK(refusal("\"\\udc00\"") == "byte 1: half of a surrogate pair");
  CHECK(refusal("\"a\xff\"") == "byte 2: a byte that is not UTF-8");
  CHECK(refusal("// comment\n1") == "byte 0: expected a value");
  CHECK(refusal("\xEF\xBB\xBF{}") == "byte 0: expected a value");
}

TEST_CASE("depth, size and number of values have bounds") {
  CHECK(read_json(std::string(16, '[') + std::string(16, ']')).has_value());
  CHECK(refusal(std::string(17, '[') + std::string(17, ']')) == "byte 16: deeper than 16 levels");
  CHECK(refusal(std::string(1'000'000, '[')) == "byte 16: deeper than 16 levels");
  CHECK(refusal(std::string(max_json_size + 1, ' ')) ==
        "byte 67108864: the text is longer than 67108864 bytes");
  std::string many = "[0";
  for (std::size_t number = 1; number < max_json_values; ++number) many += ",0";
  CHECK(refusal(many).ends_with(": more than 1000000 values"));
}

TEST_CASE("a text that is changed anywhere is refused or read, never a fault") {
  std::mt19937_64 random(1);
  const std::string text = "{\"a\": [1.5e3, \"\\ud83d\\ude00\xC3\xA9\"], \"b\": {\"c\": null, \"d\": true}}";
  for (std::size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(read_json(text.substr(0, length)).has_value());
  }
  for (int round = 0; round < 50'000; ++round) {
    std::string changed = text;
    for (int change = 0; change < 2; ++change) {
      const char any = static_cast<char>(random());
      changed[random() % changed.size()] = random() % 2 == 0 ? any : "{}[]\",:\\u0e"[random() % 11];
    }
    if (const auto value = read_json(changed); !value) CHECK(value.error().at <= changed.size());
  }
}
