// Answer: the words for a client, put together in memory of the connection's own: values may change while a write waits.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "request.hpp"

namespace resp {

class Answer {
 public:
  void clear() {
    if (text_.capacity() > kept_memory) std::string().swap(text_);
    text_.clear();
  }
  std::string_view text() const { return text_; }

  void simple(std::string_view word) { text_.append("+").append(word).append("\r\n"); }
  // An error is one line, whatever is cited in it.
  void error(std::string_view what) {
    text_ += '-';
    std::ranges::replace_copy_if(
        what, std::back_inserter(text_), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    text_ += "\r\n";
  }
  void wrong_type() { error("WRONGTYPE Operation against a key holding the wrong kind of value"); }
  void integer(std::int64_t value) { head(':', value); }
  void array(std::size_t size) { head('*', static_cast<std::int64_t>(size)); }
  void nil() { text_ += "$-1\r\n"; }
  void bulk(std::string_view bytes) {
    head('$', static_cast<std::int64_t>(bytes.size()));
    text_.append(bytes).append("\r\n");
  }

 private:
  void head(char kind, std::int64_t value) {
    std::array<char, 20> digits;
    text_ += kind;
    text_.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr).append("\r\n");
  }
  std::string text_;
};

}  // namespace resp
