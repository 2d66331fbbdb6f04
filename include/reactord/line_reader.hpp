// LineReader: bytes in, complete lines out. LineSplitter: the framing alone, on bytes in memory.
//
// A line ends in '\n'. One '\r' before it goes with it; any other '\r' is a byte like the others, as are NUL
// and everything above 127. A last line without '\n' is delivered at end of file, then eof. What was received
// before an error is delivered before the error. (The rules of Go's bufio.ScanLines.)
//
// A line may have max_line - 1 bytes: with its '\n' it fills max_line. Memory is bounded by that, however the
// bytes are cut into packets.
//
// On a connection that a Server serves (StreamHandler), a LineReader has that server's limits: max_line, where no other
// is given, long_lines, line_timeout while it waits for the rest of a line, and max_buffers. A line that is too long is
// answered "ERR line too long (max N)" once the handler has returned, if the handler has written nothing since it was
// told; the log says line-too-long, or slow-line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "reactord/conn.hpp"
#include "reactord/limits.hpp"

namespace reactord {

class LineSplitter {
 public:
  static constexpr std::size_t default_max_line = 64 * 1024;
  static constexpr std::size_t least_max_line = 2;  // one byte and its newline
  static constexpr std::size_t most_max_line = std::size_t{1} << 30;
  enum class Found : std::uint8_t { line, none, too_long };

  // The nearest longest line that can be.
  static constexpr std::size_t within_reason(std::size_t max_line) noexcept {
    return std::clamp(max_line, least_max_line, most_max_line);
  }

  explicit LineSplitter(std::size_t max_line = default_max_line) noexcept
      : max_line_(static_cast<std::uint32_t>(within_reason(max_line))) {}

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

  // Of one for which next() would give a line or too_long, once ready() has said so: which of the two.
  bool is_too_long() const noexcept { return searched_ >= max_line_; }

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
class StreamLines;

class LineReader {
 public:
  // The connection must outlive the reader; its Conn may be moved meanwhile. Without `max_line`: the server's, where one
  // serves `conn`, else LineSplitter::default_max_line.
  explicit LineReader(Conn& conn) noexcept;
  LineReader(Conn& conn, std::size_t max_line) noexcept;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  // Suspends until a line is complete. Result: the line, a view that is valid until the next call. Errors:
  // those of Conn::read(); line_too_long, again at every further call: where the next line begins can't be
  // known. Where the server's long_lines says so, a line that is too long is cut or left out instead.
  ReadLineOperation read_line() & noexcept;

  std::size_t max_line() const noexcept { return splitter_.max_line(); }

 private:
  friend class ReadLineOperation;
  friend class StreamLines;

  LongLine long_lines() const noexcept;
  bool has_line() noexcept;
  bool leave_out_rest() noexcept;
  void cut_line() noexcept;
  Result<std::string_view> long_line();
  void waits() noexcept;  // for the rest of a line, if one has begun
  void drop() noexcept;

  Endpoint& endpoint_;
  StreamLines* lines_;  // of the session that serves it; null: there is none
  LineReader* next_ = nullptr;
  Buffer buffer_;
  LineSplitter splitter_;
  bool cutting_ = false;   // the rest of a line is left out
  std::size_t taken_ = 0;  // bytes of the line handed out last
};

// Reads until a line is complete: the coroutine is not even resumed for half of one.
class [[nodiscard]] ReadLineOperation final : public ReadOperation {
 public:
  explicit ReadLineOperation(LineReader& reader) noexcept;
  bool await_ready() noexcept;
  Result<std::string_view> await_resume();

 private:
  static bool is_enough(ReadOperation& operation) noexcept;

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
