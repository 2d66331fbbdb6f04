// ServerLog: writes every event of a Server into the log and the counters. Every mode observes its server through it,
// and overrides only its additional work, so that no mode forgets an event.
#pragma once

#include "daemon/counters.hpp"
#include "daemon/event_log.hpp"

namespace reactord {

class ServerLog : public ServerObserver {
 public:
  ServerLog(EventLog& events, Counters& counters) noexcept : events_(events), counters_(counters) {}

  void on_closed(const ConnectionEnd& end) override {
    counters_.closed(end);
    events_.closed(end);
  }
  void on_limit(const LimitReached& limit) override {
    counters_.events().limit_reached(limit);
    events_.limit_reached(limit);
  }
  void on_stall(const HandlerStall& stall) override {
    counters_.events().stalled();
    events_.stalled(stall);
  }
  void on_handler_failed(const HandlerFailure& failure) override {
    counters_.events().handler_failed();
    events_.handler_failed(failure);
  }
  void on_wait_failed(const Error& error) override { events_.wait_failed(error); }
  void on_accept_paused(const Error& error, Duration pause) override {
    counters_.events().accept_paused(error);
    events_.accept_paused(error, pause);
  }
  void on_listener_failed(ListenerId, const Error& error) override { events_.listener_failed(error); }

 private:
  EventLog& events_;
  Counters& counters_;
};

}  // namespace reactord
