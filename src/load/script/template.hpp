// Template: a text with holes that are filled for each request.
//
//     "get {seq} {rand:4}\n"  --with {seq = 17, conn = 3, random}-->  "get 17 x7Qa\n"
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/buffer.hpp"

namespace reactord::load {

class Template {
 public:
  static constexpr std::size_t most_random = 1024 * 1024;     // bytes of one {rand:N}
  static constexpr std::size_t most_file = 64 * 1024 * 1024;  // bytes of one {file:PATH}
  static constexpr std::size_t most_text = most_file;         // bytes of a whole text

  // The values that fill the holes. The same Values give the same text, so a reply can be expected from its request.
  struct Values {
    std::uint64_t sequence = 0;    // of the request, on its connection, from 0
    std::uint64_t connection = 0;  // its number, from 0
    std::uint64_t seed = 0;        // of the run; random letters follow from all three
  };

  // Parses `text` as it is written between quotes. Escapes: \n \r \t \0 \\ \" \xHH. Holes: {seq}, {conn}, {rand:N} with N
  // letters and digits, {file:PATH} with the bytes of a file as they are; "{{" is a brace. Error: what is wrong and what
  // would be right, and at which byte of `text`.
  struct SyntaxError {
    std::string what;
    std::size_t at = 0;
  };
  static std::expected<Template, SyntaxError> parse(std::string_view text, const std::string& folder);

  // Appends the text to `into`. The random letters of a text are numbered across its holes, and each follows from the
  // Values and its number: {rand:4} in "get {rand:4}" and in "Server: get {rand:4}" is the same.
  void fill(const Values& values, BufferPool& pool, Buffer& into) const;

  // The number of the next `count` requests, from values.sequence on, whose texts differ only in the last two digits of
  // their sequence numbers: at least one, and at most a hundred where there are sequence numbers.
  std::size_t run_length(const Values& values, std::size_t count) const noexcept;

  // Appends the texts of `run` requests, no more than run_length(). All are equally long.
  void fill_run(const Values& values, std::size_t run, BufferPool& pool, Buffer& into) const;
  bool has_holes() const noexcept { return has_holes_; }  // false: every text is text()
  const std::string& text() const noexcept;
  std::size_t most_bytes() const noexcept { return most_bytes_; }  // no text is longer

 private:
  friend class TemplateParser;
  void count_up(const Values& values, char* first, std::size_t size, std::size_t run) const noexcept;
  struct Piece {
    enum class Kind : std::uint8_t { literal, sequence, connection, random };
    Kind kind;
    std::string text;        // of a literal, files included
    std::size_t length = 0;  // of a random piece
  };
  std::vector<Piece> pieces_;  // without holes: one literal, or none
  std::size_t most_bytes_ = 0;
  bool has_holes_ = false, has_sequence_ = false, has_random_ = false;
};

}  // namespace reactord::load
