// JSON (RFC 8259): a writer that produces only valid JSON, and a reader that accepts only valid JSON, within bounds.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::load {

// Writes one value. The caller opens and closes in pairs, and calls key() before each value in an object.
//
//     JsonWriter json;
//     json.open('{');
//     json.key("requests").number(17);
//     json.close('}');
//     json.text()  ->  {"requests": 17}, each member of an object and each element of an array on a line of its own
class JsonWriter {
 public:
  // `bracket` is '{' or '['. With `in_one_line` no line is broken up to its end.
  JsonWriter& open(char bracket, bool in_one_line = false);
  JsonWriter& close(char bracket);
  JsonWriter& key(std::string_view name);
  // Writes a byte that is not UTF-8 as U+FFFD: the file must be text, whatever a server has answered.
  JsonWriter& string(std::string_view value);
  JsonWriter& number(std::uint64_t value);
  // Writes the shortest form that reads back the same. Infinity and NaN, which JSON lacks, become null.
  JsonWriter& number(double value);
  JsonWriter& null();  // the value was not measured
  JsonWriter& boolean(bool value);

  const std::string& text() const noexcept { return text_; }

 private:
  void begin_value();
  void break_line();
  void quote(std::string_view value);

  std::string text_;
  std::size_t depth_ = 0;
  std::size_t one_line_from_ = 0;  // no line is broken from this depth on; 0: lines are broken
  bool is_first_ = true;           // in its object or array
  bool follows_key_ = false;
};

// One value that was read, with all values in it.
struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  bool is_true = false;
  std::string text;  // a string's value; a number as it was written, so that no digit is lost
  std::vector<JsonValue> elements;
  struct Member;                // no std::pair: that would need the complete type here
  std::vector<Member> members;  // in their order
  std::size_t at = 0;           // the byte it begins at

  // Null: there is no such member.
  const JsonValue* find(std::string_view name) const noexcept;
};

struct JsonValue::Member {
  std::string name;
  JsonValue value;
};

struct JsonError {
  std::string what;
  std::size_t at = 0;  // the byte, from 0
  std::string text() const { return "byte " + std::to_string(at) + ": " + what; }
};

constexpr std::size_t max_json_size = std::size_t{64} * 1024 * 1024;
constexpr std::size_t max_json_depth = 16;
constexpr std::size_t max_json_values = 1'000'000;  // a day of seconds has 700,000

// Reads a text that holds one value and white space. Error, with its place: anything else, a name twice in one object, a
// text beyond the bounds above.
std::expected<JsonValue, JsonError> read_json(std::string_view text);

}  // namespace reactord::load
