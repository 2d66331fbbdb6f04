#include "reactord/server.hpp"

#include <new>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
namespace {

WatchHandle<ServerCore> make_core(Reactor& reactor, const ServerOptions& options) {
  WatchHandle<ServerCore> core(new ServerCore(reactor, options));
  if (auto added = reactor.add(*core); !added)
    throw std::bad_alloc();  // without a descriptor, add() fails only for memory
  return core;
}

std::string_view name_of(const AnyHandler& handler, std::string_view given) noexcept {
  return given.empty() ? handler.kind() : given;
}

}  // namespace

Server::Server(Reactor& reactor, ServerOptions options) : core_(make_core(reactor, options)) {}
Server::~Server() = default;

Result<Address> Server::listen(std::string_view address, AnyHandler handler, std::string_view protocol) {
  return core_->listen_at(address, handler, name_of(handler, protocol));
}
ListenerId Server::listen(Listener listener, AnyHandler handler, std::string_view protocol) {
  return core_->listen_on(std::move(listener), handler, name_of(handler, protocol));
}
bool Server::resume_listening(ListenerId id) { return core_->resume_listening(id); }
Result<void> Server::set_socket_file(ListenerId id, const SocketFileOptions& options) {
  return core_->set_socket_file(id, options);
}
bool Server::is_reachable(ListenerId id) const { return core_->is_reachable(id); }
bool Server::is_serving(AnyHandler handler) const noexcept { return core_->is_serving(handler); }
OpenWork Server::open_work() const noexcept { return core_->open_work(); }
void Server::stop_listening(ListenerId id) { core_->stop_listening(id); }
ListenerId Server::change_handler(ListenerId id, AnyHandler handler, std::string_view protocol) {
  return core_->change_handler(id, handler, name_of(handler, protocol));
}
void Server::set_limits(const Limits& limits) { core_->set_limits(limits); }
void Server::serve(Conn conn, AnyHandler handler, std::string_view protocol) {
  core_->serve(std::move(conn), handler, name_of(handler, protocol));
}
void Server::drain(Duration timeout) { core_->drain(timeout); }
void Server::kill() { core_->kill(); }
Reactor& Server::reactor() const noexcept { return core_->reactor(); }
bool Server::is_draining() const noexcept { return core_->is_draining(); }
std::size_t Server::open_connections() const noexcept { return core_->counts().open(); }
std::size_t Server::waiting_connections() const noexcept { return core_->admission().waiting(); }
std::optional<ListenerCounts> Server::counts_of(ListenerId id) const noexcept {
  const Service* const service = core_->find_listening(id);
  return service == nullptr ? std::nullopt : std::optional(service->counts());
}
std::uint64_t Server::accepted() const noexcept { return core_->counts().accepted(); }
std::uint64_t Server::ended(EndCause cause) const noexcept { return core_->counts().ended(cause); }
bool Server::check() const noexcept { return core_->check(); }

}  // namespace reactord
