#include "reactord/server.hpp"

#include <new>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
namespace {

Owned<ServerCore> make_core(Reactor& reactor, const ServerOptions& options) {
  Owned<ServerCore> core(new ServerCore(reactor, options));
  if (auto added = reactor.add(*core); !added)
    throw std::bad_alloc();  // without a descriptor, add() fails only for memory
  return core;
}

}  // namespace

Server::Server(Reactor& reactor, ServerOptions options) : core_(make_core(reactor, options)) {}
Server::~Server() = default;

Result<Address> Server::listen(std::string_view address, LineHandler& handler, std::string_view protocol) {
  return core_->listen_at(address, {.lines = &handler}, protocol);
}
Result<Address> Server::listen(std::string_view address, StreamHandler& handler, std::string_view protocol) {
  return core_->listen_at(address, {.stream = &handler}, protocol);
}
ListenerId Server::listen(Listener listener, LineHandler& handler, std::string_view protocol) {
  return core_->listen_on(std::move(listener), {.lines = &handler}, protocol);
}
ListenerId Server::listen(Listener listener, StreamHandler& handler, std::string_view protocol) {
  return core_->listen_on(std::move(listener), {.stream = &handler}, protocol);
}
bool Server::resume_listening(ListenerId id) { return core_->resume_listening(id); }
Result<void> Server::set_socket_file(ListenerId id, const SocketFileOptions& options) {
  return core_->set_socket_file(id, options);
}
bool Server::is_reachable(ListenerId id) const { return core_->is_reachable(id); }
OpenWork Server::open_work() const noexcept { return core_->open_work(); }
void Server::stop_listening(ListenerId id) { core_->stop_listening(id); }
ListenerId Server::change_handler(ListenerId id, LineHandler& handler, std::string_view protocol) {
  return core_->change_handler(id, {.lines = &handler}, protocol);
}
ListenerId Server::change_handler(ListenerId id, StreamHandler& handler, std::string_view protocol) {
  return core_->change_handler(id, {.stream = &handler}, protocol);
}
void Server::set_limits(const Limits& limits) { core_->set_limits(limits); }
void Server::serve(Conn conn, LineHandler& handler, std::string_view protocol) {
  core_->serve(std::move(conn), {.lines = &handler}, protocol);
}
void Server::serve(Conn conn, StreamHandler& handler, std::string_view protocol) {
  core_->serve(std::move(conn), {.stream = &handler}, protocol);
}
void Server::drain(Duration timeout) { core_->drain(timeout); }
void Server::kill() { core_->kill(); }
bool Server::is_draining() const noexcept { return core_->is_draining(); }
std::size_t Server::open_connections() const noexcept { return core_->open_connections(); }
std::uint64_t Server::accepted() const noexcept { return core_->accepted(); }
std::uint64_t Server::ended(EndCause cause) const noexcept { return core_->ended(cause); }
bool Server::check() const noexcept { return core_->check(); }

}  // namespace reactord
