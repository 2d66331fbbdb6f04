#include "reactord/line_reader.hpp"

#include <utility>

namespace reactord {

ReadLineOperation::ReadLineOperation(LineReader& reader) noexcept
    : ReadOperation(reader.endpoint_, reader.buffer_, &ReadLineOperation::has_line), reader_(reader) {}

bool ReadLineOperation::has_line(ReadOperation& operation) noexcept {
  LineReader& waiting = static_cast<ReadLineOperation&>(operation).reader_;
  return waiting.splitter_.ready(waiting.buffer_.view());
}

bool ReadLineOperation::await_ready() noexcept {
  reader_.buffer_.consume(std::exchange(reader_.taken_, 0));
  return reader_.splitter_.ready(reader_.buffer_.view()) || ReadOperation::await_ready();
}

Result<std::string_view> ReadLineOperation::await_resume() {
  const std::string_view all = reader_.buffer_.view();
  std::string_view rest = all, line;
  switch (reader_.splitter_.next(rest, line)) {
    case LineSplitter::Found::too_long:
      return std::unexpected(Error(ErrorCode::line_too_long));
    case LineSplitter::Found::line:
      reader_.taken_ = all.size() - rest.size();
      return line;
    case LineSplitter::Found::none:
      break;
  }
  auto read = ReadOperation::await_resume();
  if (read || !read.error().is_eof() || all.empty())
    return std::unexpected(read ? Error(ErrorCode::eof) : read.error());
  reader_.taken_ = all.size();
  reader_.splitter_ = LineSplitter(reader_.splitter_.max_line());
  return LineSplitter::last(all);
}

}  // namespace reactord
