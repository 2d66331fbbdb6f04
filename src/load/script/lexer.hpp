// Lexer: the words of one line of a script.
//
//     send "get {seq}\n"   # a comment     -->   [send] ["get {seq}\n", a string]
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace reactord::load {

struct Word {
  // A view into the line. A string is as written between its quotes.
  std::string_view text;
  unsigned column;  // of its first byte or quote, from 1
  bool is_string;

  unsigned column_of(std::size_t byte_of_text) const noexcept {
    return column + static_cast<unsigned>(byte_of_text) + (is_string ? 1 : 0);
  }
};

struct LexError {
  std::string what;
  unsigned column;
};

// Spaces and tabs separate words. A # outside a string begins a comment. `words` is emptied first.
std::expected<void, LexError> cut_words(std::string_view line, std::vector<Word>& words);

}  // namespace reactord::load
