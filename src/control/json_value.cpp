#include "control/json_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/utf8.hpp"

namespace reactord::control {
namespace {

constexpr bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

void append_utf8(std::string& out, std::uint32_t character) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto add_rest = [&](int shift) { add(0x80 | (character >> shift & 0x3f)); };
  if (character < 0x80) return add(character);
  if (character < 0x800) {
    add(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    add(0xe0 | character >> 12);
    add_rest(6);
  } else {
    add(0xf0 | character >> 18);
    add_rest(12);
    add_rest(6);
  }
  add_rest(0);
}

// Reads from the front of `rest_`. Each function returns false after fail().
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) noexcept : text_(text), rest_(text) {}

  std::expected<JsonValue, std::string> read() {
    JsonValue value;
    bool is_right = take_value(value, 1);
    skip_space();
    if (is_right && !rest_.empty()) is_right = fail("nothing behind the value");
    if (!is_right) return std::unexpected(failure());
    return value;
  }

 private:
  bool fail(const char* expected) noexcept {
    if (expected_ == nullptr) {
      expected_ = expected;
      failed_at_ = text_.size() - rest_.size();
    }
    return false;
  }
  std::string failure() const {
    return "byte " + std::to_string(failed_at_) + ": " + expected_ + " is expected";
  }

  void skip_space() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }
  bool take(std::string_view word) noexcept {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool take_mark(char mark) noexcept {
    skip_space();
    return take(std::string_view(&mark, 1));
  }

  bool take_value(JsonValue& value, std::size_t depth) {
    if (depth > JsonValue::most_depth) return fail("a value that is less deep");
    if (++values_ > JsonValue::most_values) return fail("the end of so many values");
    skip_space();
    if (take("{")) return take_object(value, depth);
    if (take("[")) return take_array(value, depth);
    if (take("\"")) {
      value.kind = JsonValue::Kind::string;
      return take_string(value.text);
    }
    if (take("null")) return true;
    value.is_true = take("true");
    if (value.is_true || take("false")) {
      value.kind = JsonValue::Kind::boolean;
      return true;
    }
    value.kind = JsonValue::Kind::number;
    return take_number(value.text);
  }

  bool take_object(JsonValue& value, std::size_t depth) {
    value.kind = JsonValue::Kind::object;
    if (take_mark('}')) return true;
    do {
      if (value.names.size() == JsonValue::most_names) return fail("the end of so many names");
      if (!take_mark('"')) return fail("a name in quotes");
      std::string name;
      if (!take_string(name)) return false;
      if (value.find(name) != nullptr) return fail("a name that the object has not yet");
      if (!take_mark(':')) return fail("a colon");
      if (!take_value(value.elements.emplace_back(), depth + 1)) return false;
      value.names.push_back(std::move(name));
    } while (take_mark(','));
    return take_mark('}') || fail("a comma or }");
  }

  bool take_array(JsonValue& value, std::size_t depth) {
    value.kind = JsonValue::Kind::array;
    if (take_mark(']')) return true;
    do {
      if (!take_value(value.elements.emplace_back(), depth + 1)) return false;
    } while (take_mark(','));
    return take_mark(']') || fail("a comma or ]");
  }

  // Behind the first quote, and the second with it.
  bool take_string(std::string& into) {
    while (!take("\"")) {
      if (rest_.empty()) return fail("the end of a text");
      if (take("\\")) {
        if (!take_escape(into)) return false;
        continue;
      }
      const std::size_t length = utf8_length(rest_);
      if (length == 0 || static_cast<unsigned char>(rest_.front()) < ' ') return fail("a character");
      into.append(rest_.substr(0, length));
      rest_.remove_prefix(length);
    }
    return true;
  }

  bool take_escape(std::string& into) {
    static constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (take("u")) return take_character(into);
    const std::size_t at = rest_.empty() ? names.npos : names.find(rest_.front());
    if (at == names.npos) return fail("an escape");
    into += meant[at];
    rest_.remove_prefix(1);
    return true;
  }

  // Behind \u. A character above U+FFFF is two of them, a high surrogate and a low one.
  bool take_character(std::string& into) {
    std::uint32_t character = 0, low = 0;
    if (!take_code(character)) return false;
    if (character >= 0xdc00 && character < 0xe000) return fail("a high surrogate before the low one");
    if (character >= 0xd800 && character < 0xdc00) {
      if (!take("\\u")) return fail("a low surrogate");
      if (!take_code(low)) return false;
      if (low < 0xdc00 || low >= 0xe000) return fail("a low surrogate");
      character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(into, character);
    return true;
  }

  bool take_code(std::uint32_t& code) {
    const std::string_view digits = rest_.substr(0, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() < 4 || error != std::errc() || end != digits.data() + 4) return fail("four digits");
    rest_.remove_prefix(4);
    return true;
  }

  std::size_t digits_from(std::size_t at) const noexcept {
    std::size_t count = 0;
    while (at + count < rest_.size() && is_digit(rest_[at + count])) ++count;
    return count;
  }

  bool take_number(std::string& into) {
    std::size_t length = rest_.starts_with('-') ? 1 : 0;
    const std::size_t digits = digits_from(length);
    if (digits == 0) return fail("a value");
    if (digits > 1 && rest_[length] == '0') return fail("a number without zeros in front");
    length += digits;
    if (length < rest_.size() && rest_[length] == '.') {
      const std::size_t decimals = digits_from(length + 1);
      if (decimals == 0) return fail("digits behind the point");
      length += 1 + decimals;
    }
    if (length < rest_.size() && (rest_[length] == 'e' || rest_[length] == 'E')) {
      ++length;
      if (length < rest_.size() && (rest_[length] == '+' || rest_[length] == '-')) ++length;
      const std::size_t exponent = digits_from(length);
      if (exponent == 0) return fail("digits of the exponent");
      length += exponent;
    }
    into = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  const std::string_view text_;
  std::string_view rest_;
  std::size_t values_ = 0;
  const char* expected_ = nullptr;  // what would have been right, of the first failure
  std::size_t failed_at_ = 0;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? nullptr : &elements[static_cast<std::size_t>(found - names.begin())];
}

std::expected<JsonValue, std::string> read_json(std::string_view text) { return JsonReader(text).read(); }

std::optional<std::uint64_t> whole(const JsonValue* value) noexcept {
  if (value == nullptr || value->kind != JsonValue::Kind::number) return std::nullopt;
  std::uint64_t number = 0;
  const char* const last = value->text.data() + value->text.size();
  const auto [end, error] = std::from_chars(value->text.data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

std::optional<double> real(const JsonValue* value) noexcept {
  if (value == nullptr || value->kind != JsonValue::Kind::number) return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      quoted += '?';
    } else if (first < ' ') {
      static constexpr std::string_view digits = "0123456789abcdef";
      ((quoted += "\\u00") += digits[first >> 4]) += digits[first & 15];
    } else {
      if (first == '"' || first == '\\') quoted += '\\';
      quoted += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return quoted += '"';
}

}  // namespace reactord::control
