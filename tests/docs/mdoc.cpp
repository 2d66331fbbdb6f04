#include "docs/mdoc.hpp"

#include <algorithm>
#include <cctype>

namespace docs {
namespace {

constexpr std::size_t longest_line = 116;  // bytes, where words allow it
constexpr std::string_view opening = "([";
constexpr std::string_view closing = ".,:;)]?!";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_command(char c) { return (c >= 'a' && c <= 'z') || c == '-'; }

// A hyphen of prose may become another sign in a page; one of a literal is to be copied.
std::string escaped(std::string_view text, bool is_literal) {
  std::string all;
  for (const char c : text) {
    if (c == '\\') {
      all += "\\e";
    } else if (c == '~') {
      all += "\\(ti";
    } else if (c == '^') {
      all += "\\(ha";
    } else if (c == '"' && is_literal) {
      all += "\\(dq";
    } else if (c == '-' && is_literal) {
      all += "\\-";
    } else {
      all += c;
    }
  }
  return all;
}

// Up to the next space that is not between backquotes. Takes it off `text`.
std::string_view next_word(std::string_view& text) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (is_quoted || text[end] != ' '); ++end) is_quoted ^= text[end] == '`';
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// "name(5)", as references to pages are written.
bool is_page(std::string_view literal) {
  return literal.size() > 3 && literal.ends_with(')') && literal[literal.size() - 3] == '(' &&
         literal.find(' ') == std::string_view::npos;
}

// Addresses and rates have slashes, too: "unix:/path", "100/s".
bool is_file(std::string_view literal) {
  return literal.find('/') != std::string_view::npos && literal.find(':') == std::string_view::npos &&
         std::isdigit(static_cast<unsigned char>(literal.front())) == 0;
}

std::string macro_of(std::string_view literal) {
  if (literal.starts_with("--")) return "Fl \\-" + escaped(literal.substr(2), true);
  if (is_page(literal)) {
    const std::size_t name = literal.size() - 3;
    return "Xr " + mdoc_argument(literal.substr(0, name)) + ' ' + literal[name + 1];
  }
  if (literal.starts_with("SIG")) return "Dv " + mdoc_argument(literal);
  if (literal.find(' ') != std::string_view::npos) return "Ql " + mdoc_argument(literal);
  if (is_file(literal)) return "Pa " + mdoc_argument(literal);
  return (std::ranges::all_of(literal, is_command) ? "Cm " : "Li ") + mdoc_argument(literal);
}

// A line for a macro and what touches it: "(", "Cm a-b" and ")," are ".Cm ( a-b ) ,".
std::string macro_line(std::string_view before, std::string_view macro, std::string_view after) {
  std::string line = "." + std::string(macro.substr(0, 2));
  for (const char c : before) line += std::string(" ") + c;
  line += macro.substr(2);
  while (!after.empty() && closing.find(after.front()) != std::string_view::npos) {
    line += std::string(" ") + after.front();
    after.remove_prefix(1);
  }
  if (!after.empty()) line += " Ns " + mdoc_argument(after);
  return line + '\n';
}

// A word with a literal in it: "(`a-b`),". Empty: it has none.
std::string literal_line(std::string_view word) {
  const std::size_t first = word.find('`');
  if (first == std::string_view::npos) return "";
  const std::size_t last = std::min(word.find('`', first + 1), word.size());
  return macro_line(word.substr(0, first), macro_of(word.substr(first + 1, last - first - 1)),
                    word.substr(std::min(last + 1, word.size())));
}

// A word that is a placeholder, or that part of one which is before or behind its "@". Empty: it is not.
std::string placeholder_line(std::string_view word, std::string_view placeholder) {
  const std::size_t first = std::min(word.find_first_not_of(opening), word.size());
  const std::size_t last = std::min(word.find_first_of(closing, first), word.size());
  const std::string_view stem = word.substr(first, last - first);
  const std::size_t at = std::min(placeholder.find('@'), placeholder.size());
  const std::string_view other = placeholder.substr(std::min(at + 1, placeholder.size()));
  if (stem.empty() || (stem != placeholder && stem != placeholder.substr(0, at) && stem != other)) return "";
  return macro_line(word.substr(0, first), "Ar " + mdoc_argument(stem), word.substr(last));
}

bool ends_sentence(std::string_view word) { return word.ends_with('.') || word.ends_with(".)"); }

}  // namespace

std::string mdoc_argument(std::string_view literal) {
  std::string text = escaped(literal, true);
  const bool may_be_macro = literal.size() <= 3 && !literal.empty() && is_upper(literal.front());
  const bool is_delimiter = literal.size() == 1 && std::ispunct(static_cast<unsigned char>(literal.front()));
  if (may_be_macro || is_delimiter) text.insert(0, "\\&");
  return literal.find(' ') == std::string_view::npos ? text : '"' + text + '"';
}

std::string mdoc_text(std::string_view plain, std::string_view placeholder) {
  std::string all, line;
  const auto end_line = [&] {
    if (!line.empty()) all += (line.front() == '.' || line.front() == '\'' ? "\\&" : "") + line + '\n';
    line.clear();
  };
  while (!plain.empty()) {
    const std::string_view word = next_word(plain);
    const std::string literal = literal_line(word);
    const std::string own_line = literal.empty() ? placeholder_line(word, placeholder) : literal;
    if (!own_line.empty()) {
      end_line();
      all += own_line;
      continue;
    }
    if (line.size() + word.size() >= longest_line) end_line();
    line += (line.empty() ? "" : " ") + escaped(word, false);
    if (ends_sentence(word)) end_line();
  }
  end_line();
  return all;
}

}  // namespace docs
