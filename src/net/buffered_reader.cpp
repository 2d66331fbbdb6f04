// The bytes of a BufferedReader; its lines are in line_reader.cpp.
#include "reactord/buffered_reader.hpp"

#include <algorithm>
#include <cstring>

#include "net/line_listener.hpp"

namespace reactord {

BufferedReader::BufferedReader(Conn& conn) noexcept
    : BufferedReader(*conn.endpoint_, LineListener::of(*conn.endpoint_), 0, default_max_bytes) {}

BufferedReader::BufferedReader(Conn& conn, std::size_t max_line, std::size_t max_bytes) noexcept
    : BufferedReader(*conn.endpoint_, LineListener::of(*conn.endpoint_), std::max<std::size_t>(max_line, 1),
                     max_bytes) {}

// Zero `max_line`: that of whoever serves the connection.
BufferedReader::BufferedReader(Endpoint& endpoint, LineListener* lines, std::size_t max_line,
                               std::size_t max_bytes) noexcept
    : endpoint_(endpoint),
      lines_(lines),
      splitter_(max_line > 0       ? max_line
                : lines == nullptr ? LineSplitter::default_max_line
                                   : lines->line_limits().max_line),
      max_bytes_(static_cast<std::uint32_t>(std::clamp<std::size_t>(max_bytes, 1, most_max_bytes))) {
  if (lines_ != nullptr) lines_->add(*this);
}

BufferedReader::~BufferedReader() {
  if (lines_ != nullptr) lines_->remove(*this);
}

ReadBytesOperation BufferedReader::read_exactly(std::size_t count) & noexcept {
  return {*this, ReadBytesOperation::Wanted::exactly, count, '\0'};
}
ReadBytesOperation BufferedReader::read_until(char delimiter) & noexcept {
  return {*this, ReadBytesOperation::Wanted::until, 0, delimiter};
}
ReadBytesOperation BufferedReader::peek(std::size_t count) & noexcept {
  return {*this, ReadBytesOperation::Wanted::peeked, count, '\0'};
}
ReadBytesOperation BufferedReader::read_some(std::size_t at_most) & noexcept {
  return {*this, ReadBytesOperation::Wanted::some, at_most, '\0'};
}

Buffer BufferedReader::take_rest() noexcept {
  drop_taken();
  if (cutting_) leave_out_rest();
  forget_line();
  peeked_ = false;
  return std::move(buffer_);
}

void BufferedReader::shrink() noexcept {
  drop_taken();
  peeked_ = false;
  buffer_.shrink(endpoint_.reactor().buffers());
  if (lines_ != nullptr) lines_->on_buffered();
}

void BufferedReader::forget_line() noexcept {
  splitter_ = LineSplitter(splitter_.max_line());
  if (lines_ != nullptr) lines_->line_ended();
}

void BufferedReader::drop() noexcept {
  buffer_.clear();
  splitter_ = LineSplitter(splitter_.max_line());
}

ReadBytesOperation::ReadBytesOperation(BufferedReader& reader, Wanted wanted, std::size_t count,
                                       char delimiter) noexcept
    : ReadOperation(reader.endpoint_, reader.buffer_, &ReadBytesOperation::is_enough),
      reader_(reader),
      count_wanted_(count),
      wanted_(wanted),
      delimiter_(delimiter) {}

bool ReadBytesOperation::is_enough(ReadOperation& operation) noexcept {
  auto& self = static_cast<ReadBytesOperation&>(operation);
  return self.has_enough() || self.is_too_much();
}

bool ReadBytesOperation::await_ready() noexcept {
  reader_.drop_taken();
  if (has_enough() || is_too_much() || ReadOperation::await_ready()) return true;
  reader_.peeked_ = false;
  return false;
}

bool ReadBytesOperation::has_enough() noexcept {
  if (count_wanted_ == 0 && wanted_ != Wanted::until) return true;
  if (reader_.cutting_ && !reader_.leave_out_rest()) return false;
  if (wanted_ == Wanted::until) return found_ || has_delimiter();
  return reader_.buffer_.size() >= (wanted_ == Wanted::some ? 1 : count_wanted_);
}

// As many bytes as may be there, and no delimiter among them, are too much already.
bool ReadBytesOperation::is_too_much() const noexcept {
  if (wanted_ == Wanted::some) return false;
  return wanted_ == Wanted::until ? !found_ && count_wanted_ == reader_.max_bytes_
                                  : count_wanted_ > reader_.max_bytes_;
}

// Searches what was not searched before.
bool ReadBytesOperation::has_delimiter() noexcept {
  const std::string_view bytes = reader_.buffer_.view().substr(0, reader_.max_bytes_);
  const std::size_t at = bytes.find(delimiter_, count_wanted_);
  found_ = at != std::string_view::npos;
  count_wanted_ = found_ ? at + 1 : bytes.size();
  return found_;
}

Result<std::string_view> ReadBytesOperation::await_resume() {
  if (is_too_much()) return std::unexpected(Error(ErrorCode::buffer_full));
  if (has_enough()) return give();
  auto read = ReadOperation::await_resume();
  if (read) return std::unexpected(Error(ErrorCode::eof));
  const bool is_amid = read.error().is_eof() && !reader_.buffer_.empty();
  return std::unexpected(is_amid ? Error(ErrorCode::unexpected_eof) : std::move(read).error());
}

std::string_view ReadBytesOperation::give() noexcept {
  const std::string_view bytes = reader_.buffer_.view().substr(0, count_wanted_);
  if (wanted_ == Wanted::peeked) {
    reader_.peeked_ = true;
  } else if (!bytes.empty()) {
    reader_.taken_ = bytes.size();
    reader_.forget_line();
  }
  return bytes;
}

}  // namespace reactord
