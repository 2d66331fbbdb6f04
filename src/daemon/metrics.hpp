// Metrics: where the metrics are served over HTTP, and the server that serves them, with limits of its own (metrics_limits.hpp).
//
//     Reactor --+-- Server       the clients, with the limits of the settings
//               +-- Metrics      whoever reads metrics: MetricsHandler --> pages --> ControlHost
//
// A reload prepares it before it changes anything else (side_listener.hpp). It shows nothing of peers or lines, and changes nothing.
// Make it before the server of the clients: the last one made observes the Reactor for stalls.
#pragma once

#include "daemon/event_log.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics_handler.hpp"
#include "daemon/side_listener.hpp"
#include "reactord/event.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Metrics final : ServerObserver {
 public:
  Metrics(Reactor& reactor, ControlHost& host, Log& log, EventLog& events);  // all must outlive it

  // As those of SideListener. follow() logs where it listens, if that is another place, and who may read there.
  Result<void> prepare(const SidePlace& wanted) { return side_.prepare(wanted); }
  void follow();
  void abandon() noexcept { side_.abandon(); }

  // Accepts nothing more, and returns when the last connection has ended, after metrics_drain_timeout. Call it once.
  static Task<> stop(Metrics& metrics);

 private:
  void on_closed(const ConnectionEnd& end) override;
  void on_handler_failed(const HandlerFailure& failure) override { events_.handler_failed(failure); }
  void on_listener_failed(ListenerId id, const Error& error) override;
  void on_accept_paused(const Error& error, Duration pause) override { events_.accept_paused(error, pause); }
  void on_drained() override { drained_.set(); }

  Log& log_;
  EventLog& events_;
  MetricsHandler handler_;
  Event drained_;
  SideListener side_;  // refers to the server, and uses it only in its calls
  Server server_;      // last, because its end is reported to the others
};

// A sentence for the operator on an error of prepare(); empty when the error says it all.
std::string metrics_hint(const Error& error);

}  // namespace reactord
