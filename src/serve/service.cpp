#include "serve/service.hpp"

#include <cassert>
#include <cerrno>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
namespace {

// The pause of an accept loop after a connection for which there was no memory.
constexpr Duration pause_without_memory = 100ms;

}  // namespace

SendLimits send_limits_of(const Limits& limits) noexcept {
  const bool gives_up = limits.write_timeout > 0ns;
  return {.high = limits.output.high,
          .low = limits.output.low,
          .timeout = gives_up ? limits.write_timeout : Conn::send_timeout,
          .gives_up = gives_up};
}

Service::Service(ServerCore& server, std::optional<Listener> listener, AnyHandler handler,
                 std::string_view protocol)
    : server_(server),
      limits_(server.limits()),
      listener_(std::move(listener)),
      handler_(handler),
      protocol_(protocol) {
  limits_changed();
}

// Each listener has one accept loop. It waits at the gate while no connection may be accepted.
Task<> Service::accept_loop(Service& service) {
  ServerCore& server = service.server();
  while (true) {
    if (!server.admission().may_accept()) {
      Task<> waiting = wait_at_gate(service);
      co_await std::move(waiting);
    }
    if (!service.listener_)
      co_return server.accept_loop_ended(service, nullptr);  // it has another handler now
    auto conn = co_await service.listener().accept();
    if (!conn) {
      if (conn.error() == ErrorCode::interrupted) continue;  // it must wait at the gate
      co_return server.accept_loop_ended(service, conn.error().is_closed() ? nullptr : &conn.error());
    }
    service.last_accept_ = server.counts().accepted() + 1;
    server.admit(service, std::move(*conn));
    if (server.ran_out() != server.reactor().now()) continue;
    if (server.observer() != nullptr)
      server.observer()->on_accept_paused(Error::from_errno(ENOMEM), pause_without_memory);
    auto slept = co_await server.reactor().sleep(pause_without_memory);  // or cancelled by a shutdown
  }
}

Task<> Service::wait_at_gate(Service& service) {
  Admission& admission = service.server().admission();
  admission.report_gate(service);
  while (!admission.may_accept()) {
    auto waited = co_await admission.wait(service);
    if (!waited) break;  // the Reactor shuts down, and the listener with it
  }
}

}  // namespace reactord
