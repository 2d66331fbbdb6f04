// EventLog: the events of connections and listeners as lines of the log, with a rate limit for each kind.
//
//     on_closed  --> LogLimiter --admitted--> event=closed protocol=line peer=... cause=eof ...
//                        |
//                     left out --> timer, one second --> event=omitted kind=closed cause=eof count=523
//
// A line for which there is no memory is left out, and the log counts it as dropped: reporting an event never fails its
// caller.
//
// The timer is armed only while lines were left out: an idle daemon makes no wake-ups.
#pragma once

#include <new>

#include "daemon/access_log.hpp"
#include "daemon/log.hpp"
#include "daemon/log_limiter.hpp"
#include "reactord/server.hpp"

namespace reactord {

class EventLog final : Timer {
 public:
  EventLog(Reactor& reactor, Log& log, unsigned rate);  // both must outlive it; `rate` as for LogLimiter
  ~EventLog();

  void set_rate(unsigned rate);
  void set_probe_level(LogLevel level) noexcept { probe_level_ = level; }        // default: info
  void set_access_log(const AccessLog& which) noexcept { access_log_ = which; }  // default: all
  void closed(const ConnectionEnd& end) noexcept;
  void limit_reached(const LimitReached& limit) noexcept;
  void stalled(const HandlerStall& stall) noexcept;
  void handler_failed(const HandlerFailure& failure) noexcept;
  void accept_paused(const Error& error, Duration pause) noexcept;
  void wait_failed(const Error& error) noexcept;
  void listener_failed(const Error& error) noexcept;

  // Begins a line if its kind is admitted, and lets `fill`, a void(Log::Line&), complete it.
  template <typename Fill>
  void tell(const LogKind& kind, Fill fill) noexcept {
    try {
      if (!admits(kind)) return;
      auto line = log_.line(kind.level, kind.event);
      fill(line);
    } catch (const std::bad_alloc&) {
      log_.count_dropped();
    }
  }

  void summarize();                                            // reports the lines left out, if any
  std::uint64_t omitted() const noexcept { return omitted_; }  // the number of lines left out so far

 private:
  bool admits(const LogKind& kind);
  void on_timer() override { summarize(); }

  Reactor& reactor_;
  Log& log_;
  LogLimiter limiter_;
  std::uint64_t omitted_ = 0;
  LogLevel probe_level_ = LogLevel::info;
  AccessLog access_log_;
};

}  // namespace reactord
