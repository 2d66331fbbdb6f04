// Log: lines in logfmt (key=value) on a descriptor, and never a wait for it.
//
//     time=2026-01-31T12:00:00.000Z level=info event=closed protocol=line peer=127.0.0.1:40312 cause=eof ...
//
// Lines are collected and written once at the end of a turn of the loop, or when `queue_limit` bytes of them have come
// together. Where the descriptor takes no more, they wait, at most so many bytes of them. Whole lines are written; each
// that is not, because it came on top or because the descriptor refuses it (a full disk, a limit on the size of files),
// is counted, and the count is reported once there is room. Values may be anybody's text: they are quoted where they need it,
// and hold nothing that can't be seen (printable.hpp). Under journald a priority prefix ("<6>") stands in the place of time and level, as
// sd-daemon(3) has it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "reactord/reactor.hpp"

namespace reactord {

enum class LogLevel : std::uint8_t { error, warn, info, debug };

class Log final : public Watch {
 public:
  static constexpr std::size_t queue_limit = 256 * 1024;
  static constexpr std::size_t longest_line = 16 * 1024;
  static constexpr Duration retry = 100ms;  // how soon a descriptor that took no more is tried again

  // Writes to `fd` (-1: to nobody), which stays the caller's. Nonblocking without touching the flags of a descriptor that
  // other processes may share: through an open file description of our own, or per call. (Of a terminal that we may
  // not open, another user's, the flags change for the time of a write.) Writes what it still can when it is released,
  // which must be before the Reactor ends.
  static Owned<Log> open(Reactor& reactor, int fd, LogLevel level);
  Log(Reactor& reactor, int fd, LogLevel level);
  ~Log() override;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(LogLevel level) noexcept { level_ = level; }
  bool is_enabled(LogLevel level) const noexcept { return level <= level_; }

  // One line under construction; it is added to the log at the end of the statement.
  class Line {
   public:
    Line(Log& log, LogLevel level, std::string_view event) : Line(log, level, event, log.is_enabled(level)) {}
    Line(const Line&) = delete;
    ~Line();
    Line& add(std::string_view key, std::string_view value);  // quoted where logfmt needs it
    Line& add(std::string_view key, std::uint64_t value);
    Line& add_seconds(std::string_view key, Duration duration);  // with milliseconds: 0.004
    Line& add_time(std::string_view key, std::chrono::system_clock::time_point time);

   private:
    friend class Log;
    Line(Log& log, LogLevel level, std::string_view event, bool enabled);
    Log& log_;
    bool enabled_;
    int exceptions_;  // one more at the end: the line was not finished
    std::size_t start_;
  };
  Line line(LogLevel level, std::string_view event) { return {*this, level, event}; }
  // What somebody has asked for: of the level info, and written whatever the level.
  Line answer(std::string_view event) { return {*this, LogLevel::info, event, true}; }

  void flush() noexcept;                         // writes what there is, as far as it goes
  void count_dropped() noexcept { ++dropped_; }  // a line that its maker could not make

 private:
  void on_ready(Readiness) override {}
  void on_timer() override { flush(); }
  void on_flush() override { flush(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { flush(); }
  void begin(LogLevel level, std::string_view event);
  void end(std::size_t start);
  void drop_from(std::size_t start) noexcept;
  void drop_all() noexcept;
  std::ptrdiff_t write_some() noexcept;

  // What the output is decides how it is written to without a wait.
  enum class Output : std::uint8_t { never_full, socket, ours, shared_pipe, shared_terminal };

  int output_;
  LogLevel level_;
  Output kind_ = Output::never_full;  // a file, which is written to as fast as the disk is
  bool journal_ = false;
  bool within_line_ = false;  // the output ends so
  std::string queue_;
  std::uint64_t dropped_ = 0;
  std::uint64_t reporting_ = 0;  // the count in a report that waits in the queue
};

}  // namespace reactord
