#include "serve/stream_lines.hpp"

#include <algorithm>
#include <new>
#include <string>

namespace reactord {
namespace {

std::string too_long_text(std::size_t max_line) {
  return "ERR line too long (max " + std::to_string(max_line) + ")\n";
}

}  // namespace

void end_as(Conn& conn, EndCause cause) noexcept {
  if (StreamLines* const lines = StreamLines::of(conn)) lines->end_as(cause);
}

// The cast is safe: no other class listens to lines.
StreamLines* StreamLines::of(const Conn& conn) noexcept {
  return static_cast<StreamLines*>(LineListener::of(*conn.endpoint_));
}

LineLimits StreamLines::line_limits() const noexcept {
  const Limits& now = limits();
  return {.max_line = now.max_line, .long_lines = now.long_lines};
}

void StreamLines::on_line_too_long(std::size_t max_line) noexcept {
  line_ended();
  if (too_long_for_ > 0) return;
  too_long_for_ = max_line;
  written_by_then_ = written();
}

void StreamLines::on_line_truncated() noexcept {
  on_line_cut("truncated");
  line_rests();
}

// When many lines are discarded and none is served, no write waits for room: so output.hard is checked here.
void StreamLines::on_line_discarded(std::size_t max_line) noexcept {
  if (endpoint().is_closed()) return;
  on_line_cut("discarded");
  std::size_t waiting = 0;
  try {
    const std::string text = too_long_text(max_line);
    if (answers_ != nullptr) waiting = answers_->say_behind(text);
    if (waiting == 0) endpoint().append_behind(text);
  } catch (const std::bad_alloc&) {
    return on_no_memory();
  }
  if (endpoint().unsent() + waiting > std::max(limits().output.hard, limits().output.high)) on_overflow();
}

void StreamLines::answer_long_line() {
  if (too_long_for_ == 0 || written() != written_by_then_) return;
  if (endpoint().is_closed() || endpoint().write_failure() != 0) return;
  endpoint().output().append(endpoint().reactor().buffers(), too_long_text(too_long_for_));
}

std::optional<EndCause> StreamLines::cause() const noexcept {
  if (cause_ || too_long_for_ == 0) return cause_;
  return EndCause::line_too_long;
}

}  // namespace reactord
