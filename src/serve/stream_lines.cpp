#include "serve/stream_lines.hpp"

#include <algorithm>
#include <new>
#include <string>

#include "reactord/line_reader.hpp"

namespace reactord {
namespace {

std::string too_long_text(std::size_t max_line) {
  return "ERR line too long (max " + std::to_string(max_line) + ")\n";
}

}  // namespace

void end_as(Conn& conn, EndCause cause) noexcept {
  if (StreamLines* const lines = StreamLines::of(conn)) lines->end_as(cause);
}

// The cast is safe: no other class listens to an endpoint.
StreamLines* StreamLines::of(const Conn& conn) noexcept {
  return static_cast<StreamLines*>(conn.endpoint_->listener());
}

void StreamLines::add(LineReader& reader) noexcept {
  reader.next_ = readers_;
  readers_ = &reader;
}

void StreamLines::remove(LineReader& reader) noexcept {
  LineReader** at = &readers_;
  while (*at != &reader) at = &(*at)->next_;
  *at = reader.next_;
  line_ended();
}

void StreamLines::line_waits() noexcept {
  if (waits_for_line()) return;
  waiting_since_ = endpoint_.reactor().now();
  on_line_waits();
}

void StreamLines::line_rests() noexcept {
  if (!waits_for_line()) return;
  waited_before_ += endpoint_.reactor().now() - waiting_since_;
  waiting_since_ = Time::never();
}

void StreamLines::line_ended() noexcept {
  waiting_since_ = Time::never();
  waited_before_ = Duration{0};
}

void StreamLines::line_is_too_long(std::size_t max_line) noexcept {
  line_ended();
  if (too_long_for_ > 0) return;
  too_long_for_ = max_line;
  written_by_then_ = written();
}

void StreamLines::line_is_truncated() noexcept {
  on_line_cut("truncated");
  line_rests();
}

// When many lines are discarded and none is served, no write waits for room: so output.hard is checked here.
void StreamLines::line_is_discarded(std::size_t max_line) noexcept {
  if (endpoint_.is_closed()) return;
  on_line_cut("discarded");
  try {
    endpoint_.output().append(endpoint_.reactor().buffers(), too_long_text(max_line));
  } catch (const std::bad_alloc&) {
    return on_no_memory();
  }
  endpoint_.flush_output_later();
  if (endpoint_.unsent() > std::max(limits().output.hard, limits().output.high)) on_overflow();
}

void StreamLines::answer_long_line() {
  if (too_long_for_ == 0 || written() != written_by_then_) return;
  if (endpoint_.is_closed() || endpoint_.write_failure() != 0) return;
  endpoint_.output().append(endpoint_.reactor().buffers(), too_long_text(too_long_for_));
}

std::optional<EndCause> StreamLines::cause() const noexcept {
  if (cause_ || too_long_for_ == 0) return cause_;
  return EndCause::line_too_long;
}

std::size_t StreamLines::buffered() const noexcept {
  const Buffer* const pending = endpoint_.pending_input();
  std::size_t bytes = pending == nullptr ? 0 : pending->capacity();
  for (const LineReader* reader = readers_; reader != nullptr; reader = reader->next_) {
    if (&reader->buffer_ != pending) bytes += reader->buffer_.capacity();
  }
  return bytes;
}

void StreamLines::drop() noexcept {
  endpoint_.drop_pending_input();
  for (LineReader* reader = readers_; reader != nullptr; reader = reader->next_) {
    if (reader->taken_ == 0) reader->drop();
  }
}

}  // namespace reactord
