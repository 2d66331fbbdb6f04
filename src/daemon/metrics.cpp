#include "daemon/metrics.hpp"

#include <cerrno>
#include <utility>

#include "daemon/metrics_limits.hpp"
#include "daemon/metrics_pages.hpp"

namespace reactord {
namespace {

constexpr std::string_view protocol = "metrics";

ListenOptions logged_pauses(EventLog& events) {
  ListenOptions options;
  options.on_pause = [&events](const Error& error, Duration pause) { events.accept_paused(error, pause); };
  return options;
}

}  // namespace

Metrics::Metrics(Reactor& reactor, ControlHost& host, Log& log, EventLog& events)
    : log_(log),
      events_(events),
      handler_(reactor, host, metrics_pages()),
      drained_(reactor),
      side_(server_, handler_, protocol, logged_pauses(events)),
      server_(reactor, {.limits = metrics_limits(), .observer = this}) {}

void Metrics::follow() {
  const SideListener::Change change = side_.follow();
  if (!change.closed.empty())
    log_.line(LogLevel::info, "not-listening").add("protocol", protocol).add("address", change.closed);
  if (change.opened.empty()) return;
  log_.line(LogLevel::info, "listening").add("protocol", protocol).add("address", change.opened);
  if (!side_.is_public()) return;
  log_.line(LogLevel::warn, "metrics-public")
      .add("address", change.opened)
      .add("reason",
           "anybody who reaches this address may read the metrics: write metrics = 127.0.0.1:9464, or let a "
           "firewall decide");
}

Task<> Metrics::stop(Metrics& metrics) {
  metrics.server_.drain(metrics_drain_timeout);
  auto ended = co_await metrics.drained_.wait();
}

// The end of a connection is of interest where it could not be served.
void Metrics::on_closed(const ConnectionEnd& end) {
  if (end.cause == EndCause::error) events_.closed(end);
}

void Metrics::on_listener_failed(ListenerId id, const Error& error) {
  events_.listener_failed(error);
  side_.failed(id);
}

std::string metrics_hint(const Error& error) {
  switch (error.system_errno()) {
    case EADDRINUSE:
      return "Another process holds it, or this daemon itself: \"ss -lptn\" and \"ss -lxp\" show which; or "
             "choose another with --metrics.";
    case EACCES:
    case ENOENT:
    case EROFS:
      return "A port below 1024 needs a privilege, and the folder of a socket must be there and the daemon's "
             "user able to write to it; or choose another place with --metrics.";
    case EADDRNOTAVAIL:
      return "No interface of this machine has that address: \"ip address\" lists them.";
    case EPERM:
      return "The owner of a unix path may be changed by root, its group to one that the process is in.";
    default:
      return "";
  }
}

}  // namespace reactord
