// EventLog: what happens to connections and listeners, as lines of the log; of each kind so many a second at most.
//
//     on_closed  --> LogLimiter --admitted--> event=closed protocol=line peer=... cause=eof ...
//                        |
//                     left out --> timer, one second --> event=omitted kind=closed cause=eof count=523
//
// The timer is armed only while something was left out: an idle daemon makes no wake-ups.
#pragma once

#include "daemon/log.hpp"
#include "daemon/log_limiter.hpp"
#include "reactord/server.hpp"

namespace reactord {

class EventLog final : Timer {
 public:
  EventLog(Reactor& reactor, Log& log, unsigned rate);  // both must outlive it; `rate` as of LogLimiter
  ~EventLog();

  void set_rate(unsigned rate);
  void closed(const ConnectionEnd& end);
  void limit_reached(const LimitReached& limit);
  void stalled(const HandlerStall& stall);
  void handler_failed(const HandlerFailure& failure);
  void accept_paused(const Error& error, Duration pause);
  void wait_failed(const Error& error);
  void listener_failed(const Error& error);

  void summarize();  // tells what was left out; what was not, is not told

 private:
  bool admits(const LogKind& kind);
  void on_timer() override { summarize(); }

  Reactor& reactor_;
  Log& log_;
  LogLimiter limiter_;
};

}  // namespace reactord
