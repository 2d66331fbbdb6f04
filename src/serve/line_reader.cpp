#include "reactord/line_reader.hpp"

#include <utility>

#include "serve/stream_lines.hpp"

namespace reactord {

LineReader::LineReader(Conn& conn) noexcept
    : LineReader(conn, StreamLines::of(conn) == nullptr ? LineSplitter::default_max_line
                                                        : StreamLines::of(conn)->limits().max_line) {}

LineReader::LineReader(Conn& conn, std::size_t max_line) noexcept
    : endpoint_(*conn.endpoint_), lines_(StreamLines::of(conn)), splitter_(max_line) {
  if (lines_ != nullptr) lines_->add(*this);
}

LineReader::~LineReader() {
  if (lines_ != nullptr) lines_->remove(*this);
}

LongLine LineReader::long_lines() const noexcept {
  return lines_ == nullptr ? LongLine::close : lines_->limits().long_lines;
}

// True when there is a line to hand out. Lines to be discarded are dropped here.
bool LineReader::has_line() noexcept {
  while (true) {
    if (cutting_ && !leave_out_rest()) return false;
    if (!splitter_.ready(buffer_.view())) return false;
    if (!splitter_.is_too_long() || long_lines() != LongLine::discard) return true;
    cut_line();
    lines_->line_is_discarded(splitter_.max_line());
  }
}

// False: the cut line goes on.
bool LineReader::leave_out_rest() noexcept {
  const std::size_t newline = buffer_.view().find('\n');
  if (newline == std::string_view::npos) {
    buffer_.consume(buffer_.size());
    return false;
  }
  buffer_.consume(newline + 1);
  cutting_ = false;
  if (lines_ != nullptr) lines_->line_ended();
  return true;
}

// Makes the rest of the line that is too long be discarded.
void LineReader::cut_line() noexcept {
  splitter_ = LineSplitter(splitter_.max_line());
  cutting_ = true;
}

void LineReader::waits() noexcept {
  if (lines_ != nullptr && (cutting_ || !buffer_.empty())) lines_->line_waits();
}

void LineReader::drop() noexcept {
  buffer_.clear();
  splitter_ = LineSplitter(splitter_.max_line());
}

ReadLineOperation::ReadLineOperation(LineReader& reader) noexcept
    : ReadOperation(reader.endpoint_, reader.buffer_, &ReadLineOperation::is_enough), reader_(reader) {}

bool ReadLineOperation::is_enough(ReadOperation& operation) noexcept {
  LineReader& reader = static_cast<ReadLineOperation&>(operation).reader_;
  if (reader.has_line()) return true;
  reader.waits();
  return false;
}

bool ReadLineOperation::await_ready() noexcept {
  reader_.buffer_.consume(std::exchange(reader_.taken_, 0));
  if (reader_.has_line() || ReadOperation::await_ready()) return true;
  reader_.waits();
  return false;
}

Result<std::string_view> ReadLineOperation::await_resume() {
  const std::string_view all = reader_.buffer_.view();
  std::string_view rest = all, line;
  switch (reader_.splitter_.next(rest, line)) {
    case LineSplitter::Found::too_long:
      return reader_.long_line();
    case LineSplitter::Found::line:
      if (reader_.lines_ != nullptr) reader_.lines_->line_ended();
      reader_.taken_ = all.size() - rest.size();
      return line;
    case LineSplitter::Found::none:
      break;
  }
  if (reader_.lines_ != nullptr) reader_.lines_->line_rests();
  auto read = ReadOperation::await_resume();
  if (read || !read.error().is_eof() || all.empty())
    return std::unexpected(read ? Error(ErrorCode::eof) : read.error());
  reader_.taken_ = all.size();
  reader_.splitter_ = LineSplitter(reader_.splitter_.max_line());
  return LineSplitter::last(all);
}

Result<std::string_view> LineReader::long_line() {
  if (long_lines() == LongLine::truncate) {
    taken_ = splitter_.max_line() - 1;
    cut_line();
    lines_->line_is_truncated();
    return buffer_.view().substr(0, taken_);
  }
  if (lines_ != nullptr) lines_->line_is_too_long(splitter_.max_line());
  return std::unexpected(Error(ErrorCode::line_too_long));
}

}  // namespace reactord
