#include "daemon/log.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <utility>

#include "base/system.hpp"
#include "daemon/complaint.hpp"
#include "daemon/printable.hpp"
#include "daemon/time_text.hpp"

namespace reactord {
namespace {

constexpr std::array<const char*, 4> level_names{"error", "warn", "info", "debug"};
constexpr std::array<char, 4> priorities{'3', '4', '6', '7'};  // the levels of syslog(3)

bool needs_quotes(std::string_view value) noexcept {
  return value.empty() || value.find_first_of(" \"=\\") != value.npos || !is_printable(value);
}

}  // namespace

WatchHandle<Log> Log::open(Reactor& reactor, int fd, LogLevel level) {
  WatchHandle<Log> log(new Log(reactor, fd, level));
  auto added = reactor.add(*log);  // can't fail: there is no descriptor to register
  return log;
}

Log::Log(Reactor& reactor, int fd, LogLevel level) : Watch(reactor, -1), output_(fd), level_(level) {
  queue_.reserve(queue_limit + longest_line);  // reserved once: adding a line never allocates
  struct stat file {};
  if (::fstat(fd, &file) != 0) return;
  journal_ = is_journal(fd);
  if (S_ISSOCK(file.st_mode)) kind_ = Output::socket;
  if (S_ISFIFO(file.st_mode)) kind_ = Output::shared_pipe;
  if (S_ISCHR(file.st_mode)) kind_ = Output::shared_terminal;
  if (kind_ != Output::shared_pipe && kind_ != Output::shared_terminal) return;
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  const int own = ::open(self.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own < 0) return;  // no /proc, no descriptor left, or the file is another user's
  output_ = own;
  kind_ = Output::ours;
}

Log::~Log() {
  flush();
  if (kind_ == Output::ours) system::close(output_);
}

std::ptrdiff_t Log::write_some() noexcept {
  switch (kind_) {
    case Output::socket:
      return system::send_now(output_, queue_.data(), queue_.size());
    case Output::shared_pipe:
      return system::write_to_pipe_now(output_, queue_.data(), queue_.size());
    case Output::shared_terminal:
      return system::write_to_terminal_now(output_, queue_.data(), queue_.size());
    default:
      return system::write(output_, queue_.data(), queue_.size());
  }
}

void Log::flush() noexcept {
  while (!queue_.empty()) {
    const std::ptrdiff_t written = write_some();
    if (written == -EAGAIN) {
      if (!is_armed() && !is_retired()) reactor().arm(*this, reactor().now() + retry);
      return;
    }
    if (written < 0) return drop_all();
    if (written > 0) within_line_ = queue_[static_cast<std::size_t>(written) - 1] != '\n';
    queue_.erase(0, static_cast<std::size_t>(written));
    if (!queue_.empty()) continue;
    reporting_ = std::exchange(dropped_, 0);
    if (reporting_ > 0) line(LogLevel::warn, "log-lines-dropped").add("count", reporting_);
  }
}

// Called when the output has failed. The rest of a half line counts as a dropped line. Its newline is written before
// the next line, so that the two do not become one. That newline alone is no line.
void Log::drop_all() noexcept {
  const auto ends = static_cast<std::uint64_t>(std::ranges::count(queue_, '\n'));
  count_lost(queue_.starts_with('\n') ? ends - 1 : ends);
  if (reporting_ > 0) dropped_ += std::exchange(reporting_, 0) - 1;  // the report does not count itself
  queue_.resize(0);
  if (within_line_) queue_ += '\n';
}

void Log::drop_from(std::size_t start) noexcept {
  queue_.resize(start);
  count_lost(1);
}

void Log::count_lost(std::uint64_t lines) noexcept {
  dropped_ += lines;
  lost_ += lines;
}

// A newline that is left of a line, or ends one that was dropped, is no line.
Log::Counts Log::counts() const noexcept {
  const auto ends = static_cast<std::uint64_t>(std::ranges::count(queue_, '\n'));
  const std::uint64_t waiting = queue_.starts_with('\n') ? ends - 1 : ends;
  return {.written = begun_ - lost_ - waiting, .dropped = lost_};
}

Log::Line::Line(Log& log, LogLevel level, std::string_view event, bool enabled)
    : log_(log),
      enabled_(enabled),
      level_(level),
      exceptions_(std::uncaught_exceptions()),
      start_(log.queue_.size()) {
  if (enabled_) log_.begin(level, event);
}

Log::Line::~Line() {
  if (!enabled_) return;
  if (std::uncaught_exceptions() > exceptions_) {
    log_.drop_from(start_);
  } else {
    log_.end(start_, level_);
  }
}

void Log::begin(LogLevel level, std::string_view event) {
  const auto index = static_cast<std::size_t>(level);
  if (journal_) {
    queue_.append({'<', priorities[index], '>'});
  } else {
    append_time(queue_.append("time="), std::chrono::system_clock::now());
    queue_.append(" level=").append(level_names[index]).append(" ");
  }
  queue_.append("event=").append(event);
  ++begun_;
}

void Log::end(std::size_t start, LogLevel level) {
  queue_ += '\n';
  if (queue_.size() > queue_limit) {
    end_without_room(start, level);
  } else if (!followers_.is_empty()) {
    tell_followers(level, std::string_view(queue_).substr(start));
  }
  if (!is_armed()) reactor().flush_later(*this);  // when armed, it waits for room
}

Log::Line& Log::Line::add(std::string_view key, std::string_view value) {
  if (!enabled_) return *this;
  log_.queue_.append(" ").append(key).append("=");
  if (needs_quotes(value)) {
    append_quoted(log_.queue_, value);
  } else {
    log_.queue_.append(value);
  }
  return *this;
}

Log::Line& Log::Line::add(std::string_view key, std::uint64_t value) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  return add(key, std::string_view(digits, end));
}

Log::Line& Log::Line::add_seconds(std::string_view key, Duration duration) {
  char text[32];
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto [end, error] = std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 3);
  return add(key, std::string_view(text, end));
}

Log::Line& Log::Line::add_time(std::string_view key, std::chrono::system_clock::time_point time) {
  if (!enabled_) return *this;
  append_time(log_.queue_.append(" ").append(key).append("="), time);
  return *this;
}

}  // namespace reactord
