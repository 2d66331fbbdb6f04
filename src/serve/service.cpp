// How a service accepts: one accept loop for each listener, which stops at the gate while no connection may be accepted.
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {

Task<> Service::accept_loop(Service& service) {
  ServerCore& server = service.server();
  while (true) {
    if (!server.admission().may_accept()) {
      Task<> waiting = wait_at_gate(service);
      co_await std::move(waiting);
    }
    if (!service.listener_) co_return server.accept_loop_ended(service, nullptr);  // it has another handler now
    auto conn = co_await service.listener().accept();
    if (!conn) {
      if (conn.error().timeout()) continue;  // held back while it waited
      co_return server.accept_loop_ended(service, conn.error().is_closed() ? nullptr : &conn.error());
    }
    service.last_accept_ = server.accepted() + 1;
    server.admit(service, std::move(*conn));
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
