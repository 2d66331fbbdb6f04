#include <unordered_set>

#include "base/utf8.hpp"
#include "load/result/json.hpp"

namespace reactord::load {

namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

void append_utf8(std::string& text, std::uint32_t character) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (character < 0x80) {
    add(character);
  } else if (character < 0x800) {
    add(0xC0 | character >> 6);
    add(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    add(0xE0 | character >> 12);
    add(0x80 | (character >> 6 & 0x3F));
    add(0x80 | (character & 0x3F));
  } else {
    add(0xF0 | character >> 18);
    add(0x80 | (character >> 12 & 0x3F));
    add(0x80 | (character >> 6 & 0x3F));
    add(0x80 | (character & 0x3F));
  }
}

// Every read_...() reads the thing in its name from place_ on, or stores the first error and returns false.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::expected<JsonValue, JsonError> read() {
    JsonValue value;
    if (text_.size() > max_json_size) {
      fail("the text is longer than " + std::to_string(max_json_size) + " bytes", max_json_size);
      return std::unexpected(error_);
    }
    if (!read_value(value, 0)) return std::unexpected(error_);
    skip_space();
    if (place_ < text_.size()) {
      fail("more text after the end of the value");
      return std::unexpected(error_);
    }
    return value;
  }

 private:
  bool fail(std::string what) { return fail(std::move(what), place_); }
  bool fail(std::string what, std::size_t at) {
    error_ = {.what = std::move(what), .at = at};
    return false;
  }
  bool expected(std::string_view what) {
    return fail((place_ < text_.size() ? "expected " : "the text ends, expected ") + std::string(what));
  }

  bool at(char byte) const { return place_ < text_.size() && text_[place_] == byte; }
  bool take(char byte) {
    if (!at(byte)) return false;
    ++place_;
    return true;
  }
  void skip_space() {
    while (at(' ') || at('\n') || at('\r') || at('\t')) ++place_;
  }

  bool read_value(JsonValue& value, std::size_t depth) {
    skip_space();
    value.at = place_;
    if (++values_ > max_json_values) return fail("more than " + std::to_string(max_json_values) + " values");
    if (at('{') || at('[')) {
      if (depth == max_json_depth) return fail("deeper than " + std::to_string(max_json_depth) + " levels");
      return at('{') ? read_object(value, depth) : read_array(value, depth);
    }
    if (at('"')) {
      value.kind = JsonValue::Kind::string;
      return read_string(value.text);
    }
    if (at('-') || (place_ < text_.size() && is_digit(text_[place_]))) return read_number(value);
    return read_word(value);
  }

  bool read_word(JsonValue& value) {
    for (const std::string_view word : {"null", "true", "false"}) {
      if (!text_.substr(place_).starts_with(word)) continue;
      value.kind = word == "null" ? JsonValue::Kind::null : JsonValue::Kind::boolean;
      value.is_true = word == "true";
      place_ += word.size();
      return true;
    }
    return expected("a value");
  }

  bool read_digits() {
    if (place_ >= text_.size() || !is_digit(text_[place_])) return expected("a digit");
    while (place_ < text_.size() && is_digit(text_[place_])) ++place_;
    return true;
  }

  bool read_number(JsonValue& value) {
    const std::size_t begin = place_;
    take('-');
    const bool begins_with_zero = at('0');
    if (begins_with_zero ? !take('0') : !read_digits()) return false;
    if (begins_with_zero && place_ < text_.size() && is_digit(text_[place_])) {
      return fail("a number does not begin with 0");
    }
    if (take('.') && !read_digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!read_digits()) return false;
    }
    value.kind = JsonValue::Kind::number;
    value.text = text_.substr(begin, place_ - begin);
    return true;
  }

  bool read_string(std::string& into) {
    const std::size_t begin = place_;
    take('"');
    while (!at('"')) {
      if (place_ >= text_.size()) return fail("a string that is not closed", begin);
      if (static_cast<unsigned char>(text_[place_]) < 0x20) return fail("a control character in a string");
      if (take('\\')) {
        if (!read_escape(into)) return false;
        continue;
      }
      const std::size_t length = utf8_length(text_.substr(place_));
      if (length == 0) return fail("a byte that is not UTF-8");
      into += text_.substr(place_, length);
      place_ += length;
    }
    return take('"');
  }

  bool read_escape(std::string& into) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (at('u')) return read_unicode_escape(into);
    const std::size_t letter = place_ < text_.size() ? letters.find(text_[place_]) : std::string_view::npos;
    if (letter == std::string_view::npos) return fail("an unknown escape", place_ - 1);
    into += meanings[letter];
    ++place_;
    return true;
  }

  // Begins at the u of the escape.
  bool read_unicode_escape(std::string& into) {
    const std::size_t begin = place_ - 1;
    std::uint32_t character = 0, low = 0;
    if (!read_hex(character)) return false;
    if (character >= 0xDC00 && character < 0xE000) return fail("half of a surrogate pair", begin);
    if (character >= 0xD800 && character < 0xDC00) {
      if (!take('\\') || !at('u')) return fail("half of a surrogate pair", begin);
      if (!read_hex(low)) return false;
      if (low < 0xDC00 || low >= 0xE000) return fail("half of a surrogate pair", begin);
      character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(into, character);
    return true;
  }

  bool read_hex(std::uint32_t& number) {
    take('u');
    for (int digit = 0; digit < 4; ++digit, ++place_) {
      const char byte = place_ < text_.size() ? text_[place_] : '\0';
      const std::string_view digits = "0123456789abcdef0123456789ABCDEF";
      const std::size_t found = byte == '\0' ? std::string_view::npos : digits.find(byte);
      if (found == std::string_view::npos) return expected("four hexadecimal digits");
      number = number * 16 + static_cast<std::uint32_t>(found % 16);
    }
    return true;
  }

  bool read_array(JsonValue& value, std::size_t depth) {
    value.kind = JsonValue::Kind::array;
    take('[');
    skip_space();
    if (take(']')) return true;
    do {
      if (!read_value(value.elements.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']') || expected("',' or ']'");
  }

  bool read_object(JsonValue& value, std::size_t depth) {
    value.kind = JsonValue::Kind::object;
    std::unordered_set<std::string> names;
    take('{');
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      if (!at('"')) return expected("a name in quotes");
      const std::size_t begin = place_;
      auto& [name, member] = value.members.emplace_back();
      if (!read_string(name)) return false;
      if (!names.insert(name).second) return fail("the name \"" + name + "\" a second time", begin);
      skip_space();
      if (!take(':')) return expected("':'");
      if (!read_value(member, depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}') || expected("',' or '}'");
  }

  std::string_view text_;
  std::size_t place_ = 0;
  std::size_t values_ = 0;
  JsonError error_;
};

}  // namespace

std::expected<JsonValue, JsonError> read_json(std::string_view text) { return JsonReader(text).read(); }

}  // namespace reactord::load
