// LineReader: bytes in, complete lines out. LineSplitter: the framing alone, on bytes in memory.
//
// A line ends in '\n'. One '\r' before it goes with it; any other '\r' is a byte like the others, as are NUL
// and everything above 127. A last line without '\n' is delivered at end of file, then eof. What was received
// before an error is delivered before the error. (The rules of Go's bufio.ScanLines.)
//
// A line may have max_line - 1 bytes: with its '\n' it fills max_line. Memory is bounded by that, however the
// bytes are cut into packets.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "reactord/conn.hpp"

namespace reactord {

class LineSplitter {
 public:
  static constexpr std::size_t default_max_line = 64 * 1024;
  enum class Found : std::uint8_t { line, none, too_long };

  explicit LineSplitter(std::size_t max_line = default_max_line) noexcept
      : max_line_(static_cast<std::uint32_t>(max_line)) {}

  // Takes the next complete line off the front of `rest`. `line` is a view into it, without its end. none:
  // `rest` is as it was, and must begin with the same bytes when more have been appended: they are not
  // searched again.
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

  // Whether next() would give a line or too_long.
  bool ready(std::string_view rest) noexcept {
    const void* found = rest.size() > searched_
                            ? std::memchr(rest.data() + searched_, '\n', rest.size() - searched_)
                            : nullptr;
    searched_ = static_cast<std::uint32_t>(
        found == nullptr ? rest.size()
                         : static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()));
    return found != nullptr || searched_ >= max_line_;
  }

  // What is left at end of file, as a line.
  static std::string_view last(std::string_view rest) noexcept { return without_carriage_return(rest); }

  std::size_t max_line() const noexcept { return max_line_; }

 private:
  static std::string_view without_carriage_return(std::string_view line) noexcept {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }
  std::uint32_t max_line_;
  std::uint32_t searched_ = 0;  // bytes of rest known to hold no newline
};

class ReadLineOperation;

class LineReader {
 public:
  // The connection of `conn` must outlive the reader, wherever its Conn moves meanwhile.
  explicit LineReader(Conn& conn, std::size_t max_line = LineSplitter::default_max_line) noexcept
      : endpoint_(*conn.endpoint_), splitter_(max_line) {}

  // Suspends until a line is complete. Result: the line, a view that is valid until the next call. Errors:
  // those of Conn::read(); line_too_long, again at every further call: where the next line begins can't be
  // known.
  ReadLineOperation read_line() & noexcept;

 private:
  friend class ReadLineOperation;
  Endpoint& endpoint_;
  Buffer buffer_;
  LineSplitter splitter_;
  std::size_t taken_ = 0;  // bytes of the line handed out last
};

// Reads until a line is complete: the coroutine is not even resumed for half of one.
class [[nodiscard]] ReadLineOperation final : public ReadOperation {
 public:
  explicit ReadLineOperation(LineReader& reader) noexcept;
  bool await_ready() noexcept;
  Result<std::string_view> await_resume();

 private:
  static bool has_line(ReadOperation& operation) noexcept;

  LineReader& reader_;
};

inline ReadLineOperation LineReader::read_line() & noexcept { return ReadLineOperation(*this); }

// `text` without ASCII white space (space, \t, \n, \v, \f, \r) at both ends. U+00A0 and its kin are not
// ASCII: they stay.
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
