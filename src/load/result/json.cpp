#include "load/result/json.hpp"

#include <charconv>
#include <cmath>

#include "base/utf8.hpp"

namespace reactord::load {

JsonWriter& JsonWriter::open(char bracket, bool in_one_line) {
  begin_value();
  text_ += bracket;
  ++depth_;
  if (in_one_line && one_line_from_ == 0) one_line_from_ = depth_;
  is_first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  const bool was_in_one_line = one_line_from_ != 0;
  if (one_line_from_ == depth_) one_line_from_ = 0;
  --depth_;
  if (!is_first_ && !was_in_one_line) break_line();
  text_ += bracket;
  is_first_ = false;
  if (depth_ == 0) text_ += '\n';
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  begin_value();
  quote(name);
  text_ += ": ";
  follows_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  begin_value();
  quote(value);
  return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
  begin_value();
  text_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  begin_value();
  char digits[32];  // the longest double in its shortest form has 24
  const auto written = std::to_chars(digits, digits + sizeof digits, value);
  text_.append(digits, written.ptr);
  return *this;
}

JsonWriter& JsonWriter::null() {
  begin_value();
  text_ += "null";
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  begin_value();
  text_ += value ? "true" : "false";
  return *this;
}

void JsonWriter::begin_value() {
  if (follows_key_) {
    follows_key_ = false;
    return;
  }
  if (!is_first_) text_ += ',';
  if (depth_ > 0 && one_line_from_ == 0) {
    break_line();
  } else if (!is_first_) {
    text_ += ' ';
  }
  is_first_ = false;
}

void JsonWriter::break_line() {
  text_ += '\n';
  text_.append(depth_ * 2, ' ');
}

void JsonWriter::quote(std::string_view value) {
  constexpr char hex[] = "0123456789abcdef";
  text_ += '"';
  while (!value.empty()) {
    const std::size_t length = utf8_length(value);
    const auto byte = static_cast<unsigned char>(value.front());
    if (length == 0) {
      text_ += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      text_ += {'\\', value.front()};
    } else if (byte < 0x20 || byte == 0x7F) {
      text_ += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    } else {
      text_ += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  text_ += '"';
}

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  for (const auto& [member_name, value] : members) {
    if (member_name == name) return &value;
  }
  return nullptr;
}

}  // namespace reactord::load
