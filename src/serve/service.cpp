// How a service accepts: one accept loop for each listener, which stops at the gate while no connection may be accepted.
#include <cerrno>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
namespace {

// Of an accept loop that has let in a connection for which there was none.
constexpr Duration pause_without_memory = 100ms;

}  // namespace

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
      if (conn.error() == ErrorCode::interrupted) continue;  // held back while it waited
      co_return server.accept_loop_ended(service, conn.error().is_closed() ? nullptr : &conn.error());
    }
    service.last_accept_ = server.accepted() + 1;
    server.admit(service, std::move(*conn));
    if (server.ran_out() != server.reactor().now()) continue;
    if (server.observer() != nullptr)
      server.observer()->on_accept_paused(Error::from_errno(ENOMEM), pause_without_memory);
    auto slept = co_await server.reactor().sleep(pause_without_memory);  // or the Reactor goes down
  }
}

Task<> Service::wait_at_gate(Service& service) {
  Admission& admission = service.server().admission();
  admission.report_gate(service);
  while (!admission.may_accept()) {
    auto waited = co_await admission.wait(service);
    if (!waited) break;  // the Reactor goes down, and the listener with it
  }
}

}  // namespace reactord
