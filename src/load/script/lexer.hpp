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
  std::string_view
      text;         // of a string: what is between the quotes, as it is written; of the line that was cut
  unsigned column;  // of its first byte, quote included, from 1
  bool is_string;

  unsigned column_of(std::size_t byte_of_text) const noexcept {
    return column + static_cast<unsigned>(byte_of_text) + (is_string ? 1 : 0);
  }
};

struct WrongWord {
  std::string what;
  unsigned column;
};

// Words are set apart by spaces and tabs; a # outside a string begins a comment. `words` is emptied first.
std::expected<void, WrongWord> cut_words(std::string_view line, std::vector<Word>& words);

}  // namespace reactord::load
