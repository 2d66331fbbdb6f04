#include "protocols/programs/error_lines.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <new>
#include <utility>

#include "base/system.hpp"

namespace reactord {

class ErrorLinesWatch final : public Watch {
 public:
  ErrorLinesWatch(Reactor& reactor, FileDescriptor pipe, ErrorLinesListener& listener) noexcept
      : Watch(reactor, pipe.release()), listener_(listener), second_began_(reactor.now()) {}

  void finish() {
    if (is_retired()) return;
    if (read_some() != Stream::ended) end();
  }

 private:
  enum class Stream : std::uint8_t {
    has_more,  // perhaps
    is_empty,  // for now
    ended,     // and its rest is told
  };

  void on_ready(Readiness) override {
    if (read_some() == Stream::has_more) reactor().serve_next_turn(*this);
  }
  void on_timer() override { begin_second(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }

  Stream read_some();
  void take(std::string_view bytes);
  void end_line();
  void tell(std::string_view line, bool is_cut);
  void begin_second();
  void end();

  ErrorLinesListener& listener_;
  std::array<char, ErrorLines::longest_line> line_;  // has begun and not ended
  std::size_t length_ = 0;
  bool is_told_ = false;  // the line was too long, and has been told: its rest is left out
  Time second_began_;     // in which the two below are counted
  unsigned told_ = 0;
  std::uint64_t left_out_ = 0;
};

// Not into the storage of the loop: finish() may be called while bytes of others lie there.
ErrorLinesWatch::Stream ErrorLinesWatch::read_some() {
  std::array<char, 4096> room;
  for (std::size_t budget = ErrorLines::bytes_per_turn; budget > 0;) {
    const ssize_t count = system::read(fd(), room.data(), std::min(room.size(), budget));
    if (count == -EAGAIN) return Stream::is_empty;
    if (count <= 0) {
      end();
      return Stream::ended;
    }
    take({room.data(), static_cast<std::size_t>(count)});
    budget -= static_cast<std::size_t>(count);
  }
  return Stream::has_more;
}

void ErrorLinesWatch::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.find('\n'), bytes.size());
    if (!is_told_) {
      const std::size_t kept = bytes.substr(0, length).copy(line_.data() + length_, line_.size() - length_);
      length_ += kept;
      if (kept < length) {
        tell({line_.data(), length_}, true);
        is_told_ = true;
      }
    }
    if (length == bytes.size()) return;
    end_line();
    bytes.remove_prefix(length + 1);
  }
}

void ErrorLinesWatch::end_line() {
  if (!is_told_) {
    std::string_view line(line_.data(), length_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) tell(line, false);
  }
  is_told_ = false;
  length_ = 0;
}

void ErrorLinesWatch::tell(std::string_view line, bool is_cut) {
  if (reactor().now() >= second_began_ + 1s) begin_second();
  if (told_ < ErrorLines::lines_per_second) {
    ++told_;
    listener_.on_error_line(line, is_cut);
  } else if (left_out_++ == 0) {
    reactor().arm(*this, second_began_ + 1s);
  }
}

void ErrorLinesWatch::begin_second() {
  second_began_ = reactor().now();
  told_ = 0;
  const std::uint64_t count = std::exchange(left_out_, 0);
  if (count == 0) return;
  std::array<char, 64> text;
  const int length = std::snprintf(text.data(), text.size(), "\u2026 %" PRIu64 " line%s left out", count,
                                   count == 1 ? "" : "s");
  listener_.on_error_line({text.data(), static_cast<std::size_t>(length)}, false);
}

void ErrorLinesWatch::end() {
  end_line();
  begin_second();
  reactor().retire(*this);
}

Result<ErrorLines> ErrorLines::start(Reactor& reactor, FileDescriptor pipe, ErrorLinesListener& listener) {
  auto* const watch = new (std::nothrow) ErrorLinesWatch(reactor, std::move(pipe), listener);
  if (watch == nullptr) return std::unexpected(Error::from_errno(ENOMEM));
  ErrorLines lines(watch);
  auto added = reactor.add(*watch);
  if (!added) return std::unexpected(std::move(added).error());
  return lines;
}

ErrorLines::ErrorLines() noexcept = default;
ErrorLines::ErrorLines(ErrorLinesWatch* watch) noexcept : watch_(watch) {}
ErrorLines::ErrorLines(ErrorLines&&) noexcept = default;
ErrorLines& ErrorLines::operator=(ErrorLines&&) noexcept = default;
ErrorLines::~ErrorLines() = default;

bool ErrorLines::has_ended() const noexcept { return watch_ == nullptr || watch_->is_retired(); }

void ErrorLines::finish() {
  if (watch_ != nullptr) watch_->finish();
}

}  // namespace reactord
