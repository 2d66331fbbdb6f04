#include "load/script/lexer.hpp"

#include <algorithm>

namespace reactord::load {
namespace {

constexpr std::string_view space = " \t";

// The index of the quote that ends a string whose bytes begin at `at`; npos if there is none.
std::size_t end_of_string(std::string_view line, std::size_t at) {
  while (at < line.size() && line[at] != '"') at += line[at] == '\\' ? 2 : 1;
  return at < line.size() ? at : line.npos;
}

std::unexpected<LexError> wrong(std::string what, std::size_t at) {
  return std::unexpected(LexError{std::move(what), static_cast<unsigned>(at + 1)});
}

}  // namespace

std::expected<void, LexError> cut_words(std::string_view line, std::vector<Word>& words) {
  words.clear();
  if (const std::size_t nul = line.find('\0'); nul != line.npos) {
    return wrong("a NUL byte: in a string, write \\0", nul);
  }
  std::size_t at = 0;
  while ((at = line.find_first_not_of(space, at)) != line.npos && line[at] != '#') {
    const auto column = static_cast<unsigned>(at + 1);
    if (line[at] != '"') {
      const std::size_t end = std::min(line.find_first_of(" \t\"#", at), line.size());
      words.push_back({line.substr(at, end - at), column, false});
      at = end;
      continue;
    }
    const std::size_t end = end_of_string(line, at + 1);
    if (end == line.npos) {
      return wrong("a string without end: write \" behind it, and \\\" for a quote within", at);
    }
    words.push_back({line.substr(at + 1, end - at - 1), column, true});
    at = end + 1;
  }
  return {};
}

}  // namespace reactord::load
