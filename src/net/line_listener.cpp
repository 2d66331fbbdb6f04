#include "net/line_listener.hpp"

#include "reactord/buffered_reader.hpp"

namespace reactord {

void LineListener::add(BufferedReader& reader) noexcept {
  reader.next_ = readers_;
  readers_ = &reader;
}

void LineListener::remove(BufferedReader& reader) noexcept {
  BufferedReader** at = &readers_;
  while (*at != &reader) at = &(*at)->next_;
  *at = reader.next_;
  line_ended();
}

void LineListener::line_waits() noexcept {
  if (waits_for_line()) return;
  waiting_since_ = endpoint_.reactor().now();
  on_line_waits();
}

void LineListener::line_rests() noexcept {
  if (!waits_for_line()) return;
  waited_before_ += endpoint_.reactor().now() - waiting_since_;
  waiting_since_ = Time::never();
}

std::size_t LineListener::buffered() const noexcept {
  const Buffer* const pending = endpoint_.pending_input();
  std::size_t bytes = pending == nullptr ? 0 : pending->capacity();
  for (const BufferedReader* reader = readers_; reader != nullptr; reader = reader->next_) {
    if (&reader->buffer_ != pending) bytes += reader->buffer_.capacity();
  }
  return bytes;
}

void LineListener::drop() noexcept {
  endpoint_.drop_pending_input();
  for (BufferedReader* reader = readers_; reader != nullptr; reader = reader->next_) {
    if (!reader->has_lent()) reader->drop();
  }
}

}  // namespace reactord
