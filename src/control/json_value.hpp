// JsonValue: a value of JSON (RFC 8259) as the daemon answers with --json, and the reader that accepts nothing else.
//
//     {"open": 3, "peers": ["a", "b"]}      object   names: open, peers      elements: number, array
//                                                                                              elements: string, string
//
// A number keeps its text, so no digit of 2^64-1 is lost: whole() and real() read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::control {

struct JsonValue {
  static constexpr std::size_t most_depth = 16;
  static constexpr std::size_t most_names = 256;  // of one object
  static constexpr std::size_t most_values = 1'000'000;

  enum class Kind : std::uint8_t {
    null,
    boolean,  // is_true
    number,   // text, as it was written
    string,   // text, in UTF-8, without its escapes: it may hold control characters
    array,    // elements
    object,   // names, and elements in the same order
  };
  Kind kind = Kind::null;
  bool is_true = false;
  std::string text;
  std::vector<std::string> names;
  std::vector<JsonValue> elements;

  // The member of an object. Null: this is no object, or has no such member. Valid as long as this value.
  const JsonValue* find(std::string_view name) const noexcept;
};

// Reads a text that holds one value and white space. Error, with its place: anything else, a name twice in one object, a
// text that is cut off, one beyond the bounds above.
std::expected<JsonValue, std::string> read_json(std::string_view text);

// The value of a number that is whole and at most 2^64-1. Empty: `value` is null or something else.
std::optional<std::uint64_t> whole(const JsonValue* value) noexcept;
// The value of any number that is finite. Empty: as above.
std::optional<double> real(const JsonValue* value) noexcept;

// The text in quotes, with the escapes that JSON wants. A byte that is no UTF-8 becomes ?.
std::string json_text(std::string_view text);

}  // namespace reactord::control
