// How a BufferedReader reads lines: whole ones, and what becomes of those that are too long.
#include "reactord/line_reader.hpp"

#include "net/line_listener.hpp"

namespace reactord {

LongLine BufferedReader::long_lines() const noexcept {
  return lines_ == nullptr ? LongLine::close : lines_->line_limits().long_lines;
}

// True when there is a line to hand out. Lines to be discarded are dropped here.
bool BufferedReader::has_line() noexcept {
  while (true) {
    if (cutting_ && !leave_out_rest()) return false;
    if (!splitter_.ready(buffer_.view())) return false;
    if (!splitter_.is_too_long() || long_lines() != LongLine::discard) return true;
    cut_line();
    lines_->on_line_discarded(splitter_.max_line());
  }
}

// False: the cut line goes on.
bool BufferedReader::leave_out_rest() noexcept {
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
void BufferedReader::cut_line() noexcept {
  splitter_ = LineSplitter(splitter_.max_line());
  cutting_ = true;
}

void BufferedReader::waits() noexcept {
  peeked_ = false;
  if (lines_ != nullptr && (cutting_ || !buffer_.empty())) lines_->line_waits();
}

Result<std::string_view> BufferedReader::long_line() {
  if (long_lines() == LongLine::truncate) {
    taken_ = splitter_.max_line() - 1;
    cut_line();
    lines_->on_line_truncated();
    return buffer_.view().substr(0, taken_);
  }
  if (lines_ != nullptr) lines_->on_line_too_long(splitter_.max_line());
  return std::unexpected(Error(ErrorCode::line_too_long));
}

std::optional<std::string_view> BufferedReader::next_line() noexcept {
  drop_taken();
  if (cutting_) return std::nullopt;
  const std::string_view all = buffer_.view();
  std::string_view rest = all, line;
  if (splitter_.next(rest, line) != LineSplitter::Found::line) return std::nullopt;
  if (lines_ != nullptr) lines_->line_ended();
  taken_ = all.size() - rest.size();
  return line;
}

ReadLineOperation::ReadLineOperation(BufferedReader& reader) noexcept
    : ReadOperation(reader.endpoint_, reader.buffer_, &ReadLineOperation::is_enough), reader_(reader) {}

bool ReadLineOperation::is_enough(ReadOperation& operation) noexcept {
  BufferedReader& reader = static_cast<ReadLineOperation&>(operation).reader_;
  if (reader.has_line()) return true;
  reader.waits();
  return false;
}

bool ReadLineOperation::await_ready() noexcept {
  reader_.drop_taken();
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

}  // namespace reactord
