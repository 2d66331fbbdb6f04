// LineSplitter: cuts bytes in memory into lines. trim_space(): a line without the white space around it.
//
// A line ends in '\n'. One '\r' before it is part of the line's end; any other '\r' is a byte like the others, as are
// NUL and everything above 127. A last line without '\n' is a line at end of file. (The rules of Go's bufio.ScanLines.)
//
// A line may have max_line - 1 bytes: with its '\n' it fills max_line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace reactord {

// The treatment of a line that is longer than max_line.
enum class LongLine : std::uint8_t {
  close,  // it is an error. A server answers "ERR line too long (max N)" and closes the connection in order
  truncate,  // the reader, or the protocol, is given its first max_line - 1 bytes
  discard,   // it is left out. A server answers "ERR line too long (max N)" in place of the protocol's answer
};

class LineSplitter {
 public:
  static constexpr std::size_t default_max_line = 64 * 1024;
  static constexpr std::size_t least_max_line = 2;  // one byte and its newline
  static constexpr std::size_t most_max_line = std::size_t{1} << 30;
  enum class Found : std::uint8_t { line, none, too_long };

  // The nearest possible value of max_line.
  static constexpr std::size_t within_reason(std::size_t max_line) noexcept {
    return std::clamp(max_line, least_max_line, most_max_line);
  }

  explicit LineSplitter(std::size_t max_line = default_max_line) noexcept
      : max_line_(static_cast<std::uint32_t>(within_reason(max_line))) {}

  // Takes the next complete line off the front of `rest`. `line` is a view into it, without its end. At none, `rest` is
  // unchanged. The next call must pass the same bytes with more behind them: they are not searched again.
  Found next(std::string_view& rest, std::string_view& line) noexcept {
    const char* at = rest.data();
    const char* const end = at + rest.size();
    const Found found = next(at, end, line);
    rest = std::string_view(at, static_cast<std::size_t>(end - at));
    return found;
  }
  Found next(const char*& at, const char* end, std::string_view& line) noexcept {
    const char* const from = at + searched_;
    const auto* found =
        static_cast<const char*>(std::memchr(from, '\n', static_cast<std::size_t>(end - from)));
    if (found == nullptr) [[unlikely]] {
      searched_ = static_cast<std::uint32_t>(end - at);
      return searched_ >= max_line_ ? Found::too_long : Found::none;
    }
    const auto length = static_cast<std::size_t>(found - at);
    if (length >= max_line_) [[unlikely]]
      return Found::too_long;
    searched_ = 0;
    line = without_carriage_return(std::string_view(at, length));
    at = found + 1;
    return Found::line;
  }

  // True when next() would give a line or too_long.
  bool ready(std::string_view rest) noexcept {
    const void* found = rest.size() > searched_
                            ? std::memchr(rest.data() + searched_, '\n', rest.size() - searched_)
                            : nullptr;
    searched_ = static_cast<std::uint32_t>(
        found == nullptr ? rest.size()
                         : static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()));
    return found != nullptr || searched_ >= max_line_;
  }

  // True when next() would give too_long. Call it only after ready() has returned true.
  bool is_too_long() const noexcept { return searched_ >= max_line_; }

  // The rest at end of file, as a line: a view into `rest`.
  static std::string_view last(std::string_view rest) noexcept { return without_carriage_return(rest); }

  std::size_t max_line() const noexcept { return max_line_; }

 private:
  static std::string_view without_carriage_return(std::string_view line) noexcept {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }
  std::uint32_t max_line_;
  std::uint32_t searched_ = 0;  // the number of leading bytes known to hold no newline
};

// `text` without ASCII white space (space, \t, \n, \v, \f, \r) at both ends. Other white space, such as U+00A0, stays.
constexpr std::string_view trim_space(std::string_view text) noexcept {
  constexpr auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  constexpr auto is_plain = [](char c) { return static_cast<unsigned char>(c) > ' '; };
  if (!text.empty() && is_plain(text.front()) && is_plain(text.back())) [[likely]]
    return text;
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace reactord
