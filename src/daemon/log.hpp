// Log: lines in logfmt (key=value) on a descriptor, without ever blocking on it.
//
//     time=2026-01-31T12:00:00.000Z level=info event=closed protocol=line peer=127.0.0.1:40312 cause=eof ...
//
// Lines are collected and written at the end of a turn of the loop, or once `queue_limit` bytes are collected. When the
// descriptor takes no more, at most so many bytes wait. Only whole lines are written. A line that does not fit, or that
// the descriptor refuses (a full disk, a limit on the size of files), is counted, and the count is reported once there
// is room. Values may be text of any origin: they are quoted when needed, and hold only visible characters
// (printable.hpp). Under journald a priority prefix ("<6>") replaces time and level, as in sd-daemon(3).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/log_follower.hpp"
#include "reactord/list.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

enum class LogLevel : std::uint8_t { error, warn, info, debug };

class Log final : public Watch {
 public:
  static constexpr std::size_t queue_limit = 256 * 1024;
  static constexpr std::size_t longest_line = 16 * 1024;
  static constexpr Duration retry = 100ms;  // the time until a full descriptor is tried again

  // Writes to `fd` (-1: to nothing), which the caller keeps. It never blocks and does not touch the flags of a
  // descriptor that other processes may share: it uses an open file description of its own, or a flag per call. (A
  // terminal of another user, which can't be opened, has its flags changed for the time of a write.) It flushes as far
  // as it can when it is released, which must be before the Reactor ends.
  static WatchHandle<Log> open(Reactor& reactor, int fd, LogLevel level);
  Log(Reactor& reactor, int fd, LogLevel level);
  ~Log() override;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(LogLevel level) noexcept { level_ = level; }
  bool is_enabled(LogLevel level) const noexcept { return level <= level_; }

  // A line under construction; it is added to the log at the end of the statement.
  class Line {
   public:
    Line(Log& log, LogLevel level, std::string_view event) : Line(log, level, event, log.is_enabled(level)) {}
    Line(const Line&) = delete;
    ~Line();
    Line& add(std::string_view key, std::string_view value);  // quoted when logfmt needs it
    Line& add(std::string_view key, std::uint64_t value);
    Line& add_seconds(std::string_view key, Duration duration);  // with milliseconds: 0.004
    Line& add_time(std::string_view key, std::chrono::system_clock::time_point time);

   private:
    friend class Log;
    Line(Log& log, LogLevel level, std::string_view event, bool enabled);
    Log& log_;
    bool enabled_;
    LogLevel level_;
    int exceptions_;  // one more in the destructor means that the line was not finished
    std::size_t start_;
  };
  Line line(LogLevel level, std::string_view event) { return {*this, level, event}; }
  // The answer to a request: of level info, but written at any level.
  Line answer(std::string_view event) { return {*this, LogLevel::info, event, true}; }

  void flush() noexcept;           // writes as much as the descriptor takes
  void count_dropped() noexcept {  // counts a line that could not be made
    ++begun_;
    count_lost(1);
  }

  // The lines so far: those that the descriptor has taken, and those that were dropped. Lines that wait are neither.
  struct Counts {
    std::uint64_t written, dropped;
  };
  Counts counts() const noexcept;

  // Gives `follower` the lines that come from now on, until it leaves, which must be before either ends.
  void follow(LogFollower& follower) noexcept { followers_.push_front(follower); }
  static void leave(LogFollower& follower) noexcept { List<LogFollower>::remove(follower); }

 private:
  void on_ready(Readiness) override {}
  void on_timer() override { flush(); }
  void on_flush() override { flush(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { flush(); }
  void begin(LogLevel level, std::string_view event);
  void end(std::size_t start, LogLevel level);
  void end_without_room(std::size_t start, LogLevel level) noexcept;
  void tell_followers(LogLevel level, std::string_view line) noexcept;
  void tell_of_lost_line() noexcept;
  void drop_from(std::size_t start) noexcept;
  void drop_all() noexcept;
  void count_lost(std::uint64_t lines) noexcept;
  std::ptrdiff_t write_some() noexcept;

  // The kind of output decides how to write without blocking.
  enum class Output : std::uint8_t { never_full, socket, ours, shared_pipe, shared_terminal };

  int output_;
  LogLevel level_;
  Output kind_ = Output::never_full;  // a file, which is written as fast as the disk is
  bool journal_ = false;
  bool within_line_ = false;  // set when the output ends within a line
  std::string queue_;
  std::uint64_t dropped_ = 0;
  std::uint64_t reporting_ = 0;  // the count in a report that waits in the queue
  std::uint64_t begun_ = 0;      // lines since the start
  std::uint64_t lost_ = 0;       // of these, the ones that were dropped
  List<LogFollower> followers_;
};

}  // namespace reactord
