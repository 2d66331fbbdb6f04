// LineReader: bytes in, complete lines out. LineSplitter: the framing alone, on bytes in memory.
//
// A line ends in '\n'. One '\r' before it is part of the line's end; any other '\r' is a byte like the others, as are
// NUL and everything above 127. A last line without '\n' is delivered at end of file, then eof. Lines received before
// an error are delivered before the error. (The rules of Go's bufio.ScanLines.)
//
// A line may have max_line - 1 bytes: with its '\n' it fills max_line. Memory is bounded by that, whatever the packets.
//
// On a connection that a Server serves (StreamHandler), a LineReader has that server's limits: max_line (unless another
// is given), long_lines, line_timeout while it waits for the rest of a line, and max_buffers. A line that is too long
// is answered "ERR line too long (max N)" once the handler has returned, if the handler has written nothing since its
// read failed. The log says line-too-long, or slow-line.
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

class ReadLineOperation;
class StreamLines;

class LineReader {
 public:
  // The connection must outlive the reader; its Conn may be moved meanwhile. The default of `max_line` is that of the
  // server that serves `conn`, else LineSplitter::default_max_line.
  explicit LineReader(Conn& conn) noexcept;
  LineReader(Conn& conn, std::size_t max_line) noexcept;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  // Suspends until a line is complete. Result: the line, a view that is valid until the next call. Errors: those of
  // Conn::read(); line_too_long, also at every further call, because the next line's beginning is unknown. The server's
  // long_lines may cut or discard a line that is too long instead.
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
  void waits() noexcept;  // starts the line timeout if a line has begun
  void drop() noexcept;

  Endpoint& endpoint_;
  StreamLines* lines_;  // belongs to the session that serves the connection; null when there is none
  LineReader* next_ = nullptr;
  Buffer buffer_;
  LineSplitter splitter_;
  bool cutting_ = false;   // set while the rest of a line is discarded
  std::size_t taken_ = 0;  // the number of bytes of the line handed out last
};

// Reads until a line is complete: the coroutine is not resumed for half a line.
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
