// Template: a text with holes that are filled anew for each request.
//
//     "get {seq} {rand:4}\n"  --with {seq = 17, conn = 3, random}-->  "get 17 x7Qa\n"
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/buffer.hpp"

namespace reactord {

class Template {
 public:
  // What fills the holes. The same Values give the same text: that is how a reply is expected.
  struct Values {
    std::uint64_t sequence = 0;    // of the request, on its connection, from 0
    std::uint64_t connection = 0;  // its number, from 0
    std::uint64_t seed = 0;        // of what is random in it
  };

  // `text` with its escapes resolved and its holes as {seq}, {conn}, {rand:N}, {file:PATH}; "{{" is a brace. Error: what
  // is wrong, and at which byte of `text`.
  struct Wrong {
    std::string what;
    std::size_t at = 0;
  };
  static std::expected<Template, Wrong> parse(std::string_view text, const std::string& folder);

  // Appends the text to `into`.
  void fill(const Values& values, BufferPool& pool, Buffer& into) const;
  bool has_holes() const noexcept;  // else every text is the same, and text() is it
  const std::string& text() const noexcept;

 private:
  struct Piece {
    enum class Kind : std::uint8_t { literal, sequence, connection, random };
    Kind kind;
    std::string text;        // of literal, files included
    std::size_t length = 0;  // of random
  };
  std::vector<Piece> pieces_;
};

}  // namespace reactord
