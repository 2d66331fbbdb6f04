// The listeners of a Server: each with its service, from listen() until its accept loop ends.
#include <cassert>
#include <new>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {

Result<Address> ServerCore::listen_at(std::string_view text, AnyHandler handler, std::string_view protocol) {
  auto address = Address::parse(text);
  if (!address) return std::unexpected(std::move(address).error().with_operation("listen", "tcp", "", ""));
  ListenOptions listen_options;
  listen_options.on_pause = [this](const Error& error, Duration pause) {
    if (options_.observer != nullptr) options_.observer->on_accept_paused(error, pause);
  };
  auto listener = reactord::listen(reactor(), *address, std::move(listen_options));
  if (!listener) return std::unexpected(std::move(listener).error());
  const Address local = listener->local_addr();
  listen_on(std::move(*listener), handler, protocol);
  return local;
}

ListenerId ServerCore::listen_on(Listener listener, AnyHandler handler, std::string_view protocol) {
  services_.forget_unused([this] {
    for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session))
      session->service_.mark_used();
    admission_->mark_services();
  });
  auto made = std::make_unique<Service>(*this, std::move(listener), handler, protocol);
  Service& service = *made;
  Task<> accepting = Service::accept_loop(service);
  service.id_ = ++last_listener_;
  services_.add(std::move(made));
  try {
    listening_.emplace(service.id_, &service);
  } catch (const std::bad_alloc&) {  // the listener closes with its service
    services_.remove_last();
    throw;
  }
  reactor().spawn(std::move(accepting));
  auto set = service.listener().set_deadline(Time::never());  // clears a deadline that was set before
  if (is_draining()) service.drain();
  if (is_killed()) service.close();
  ++accepting_;
  return service.id_;
}

Service* ServerCore::find_listening(ListenerId id) const noexcept {
  const auto found = listening_.find(id);
  return found == listening_.end() ? nullptr : found->second;
}

void ServerCore::stop_listening(ListenerId id) {
  if (Service* const service = find_listening(id)) service->stop();
}

bool ServerCore::resume_listening(ListenerId id) {
  Service* const service = find_listening(id);
  return service != nullptr && !is_draining() && service->resume();
}

bool ServerCore::is_reachable(ListenerId id) const {
  Service* const service = find_listening(id);
  return service != nullptr && service->listener().is_reachable();
}

bool ServerCore::is_serving(const AnyHandler& handler) const noexcept {
  for (const auto& service : services_) service->mark_if_accepting();
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session))
    session->service_.mark_used();
  admission_->mark_services();
  return services_.has_marked(handler);
}

Result<void> ServerCore::set_socket_file(ListenerId id, const SocketFileOptions& options) {
  Service* const service = find_listening(id);
  if (service == nullptr) return std::unexpected(Error(ErrorCode::closed));
  return service->listener().set_file(options);
}

// The former accept loop is interrupted, and ends because its service has no listener any more.
ListenerId ServerCore::change_handler(ListenerId id, AnyHandler handler, std::string_view protocol) {
  Service* const service = find_listening(id);
  if (service == nullptr || !service->is_listening()) return 0;
  listening_.erase(id);
  service->interrupt();
  Listener listener = std::move(*service->listener_);
  service->listener_.reset();
  return listen_on(std::move(listener), handler, protocol);
}

void ServerCore::interrupt_listeners() noexcept {
  for (const auto& service : services_) service->interrupt();
}

// The observer may listen again at once: so the address is free by then, and this service may be gone afterwards.
void ServerCore::accept_loop_ended(Service& service, const Error* failure) {
  service.close();  // no effect if that is why the loop ended
  service.has_ended_ = true;
  listening_.erase(service.id_);
  assert(accepting_ > 0);
  --accepting_;
  if (failure != nullptr && options_.observer != nullptr)
    options_.observer->on_listener_failed(service.id_, *failure);
  report_drained();
}

}  // namespace reactord
