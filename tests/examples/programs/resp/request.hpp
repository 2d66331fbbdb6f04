// Request: the parts of what a client asks, put together in memory of the connection's own, because each part that is read
// is valid until the next is.
//
//     *2\r\n $3\r\n GET\r\n $1\r\n k\r\n     begin(), then size_of_part() and add() for each part
//     GET k\r\n                            begin() alone: one line of words
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../program.hpp"

namespace resp {

using program::number;

constexpr std::size_t most_parts = 64 * 1024;               // of a request
constexpr std::size_t largest_part = 1024 * 1024;           // bytes
constexpr std::size_t largest_request = 16 * largest_part;  // bytes
constexpr std::size_t kept_memory = 64 * 1024;              // by a connection between two requests

class Request {
 public:
  // Takes the first line of a request, an array of parts or words. Result: how many parts are to be added, each with a line
  // of its own before it; or the mistake.
  std::expected<std::size_t, std::string_view> begin(std::string_view line) {
    clear();
    if (!line.starts_with('*')) {
      add_words(line);
      return 0;
    }
    const auto parts = number<std::int64_t>(line.substr(1));
    if (!parts || *parts > static_cast<std::int64_t>(most_parts))
      return std::unexpected("invalid multibulk length");
    return static_cast<std::size_t>(std::max<std::int64_t>(*parts, 0));
  }
  // Takes the line before a part. Result: the part's size, or the mistake.
  std::expected<std::size_t, std::string_view> size_of_part(std::string_view line) const {
    if (!line.starts_with('$')) return std::unexpected("expected '$'");
    const auto size = number<std::size_t>(line.substr(1));
    if (!size || *size > largest_part || bytes() + *size > largest_request)
      return std::unexpected("invalid bulk length");
    return *size;
  }
  void add(std::string_view part) {
    parts_.emplace_back(bytes_.size(), part.size());
    bytes_ += part;
  }

  std::size_t size() const { return parts_.size(); }
  std::size_t bytes() const { return bytes_.size(); }
  std::string_view operator[](std::size_t at) const {
    return std::string_view(bytes_).substr(parts_[at].first, parts_[at].second);
  }

 private:
  void clear() {
    if (bytes_.capacity() + parts_.capacity() * sizeof parts_[0] > kept_memory) *this = Request();
    bytes_.clear();
    parts_.clear();
  }
  void add_words(std::string_view line) {
    while (true) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      if (line.empty()) return;
      const std::string_view word = line.substr(0, line.find(' '));
      add(word);
      line.remove_prefix(word.size());
    }
  }

  std::string bytes_;                                       // of all parts, one behind the other
  std::vector<std::pair<std::size_t, std::size_t>> parts_;  // where each begins, and its size
};

}  // namespace resp
