#include "reactord/server.hpp"

#include <algorithm>
#include <utility>

#include "serve/admission.hpp"
#include "serve/buffer_budget.hpp"
#include "serve/session.hpp"

namespace reactord {

Server::Server(Reactor& reactor, ServerOptions options)
    : reactor_(reactor),
      options_{.limits = within_reason(options.limits), .observer = options.observer},
      context_(reactor),
      admission_(std::make_unique<Admission>(*this)),
      budget_(BufferBudget::watch(reactor, options.limits.max_buffers, sessions_)) {
  reactor.observe(this, options.limits.stall_threshold);
}

Server::~Server() {
  kill();
  if (open_ > 0 || accepting_ > 0) reactor_.shutdown();
  reactor_.forget(*this);
  reactor_.timers().cancel(*this);
}

Result<Address> Server::listen(std::string_view address, LineHandler& handler, std::string_view protocol) {
  return add_service(address, &handler, nullptr, protocol);
}

Result<Address> Server::listen(std::string_view address, StreamHandler& handler, std::string_view protocol) {
  return add_service(address, nullptr, &handler, protocol);
}

Result<Address> Server::add_service(std::string_view text, LineHandler* lines, StreamHandler* stream,
                                    std::string_view protocol) {
  auto address = Address::parse(text);
  if (!address) return std::unexpected(std::move(address).error().with_operation("listen", "tcp", "", ""));
  ListenOptions listen_options;
  listen_options.on_pause = [this](const Error& error, Duration pause) {
    if (options_.observer != nullptr) options_.observer->on_accept_paused(error, pause);
  };
  auto listener = reactord::listen(reactor_, *address, std::move(listen_options));
  if (!listener) return std::unexpected(std::move(listener).error());
  const Address local = listener->local_addr();
  add_service(std::move(*listener), lines, stream, protocol);
  return local;
}

ListenerId Server::listen(Listener listener, LineHandler& handler, std::string_view protocol) {
  return add_service(std::move(listener), &handler, nullptr, protocol);
}

ListenerId Server::listen(Listener listener, StreamHandler& handler, std::string_view protocol) {
  return add_service(std::move(listener), nullptr, &handler, protocol);
}

ListenerId Server::add_service(Listener listener, LineHandler* lines, StreamHandler* stream,
                               std::string_view protocol) {
  forget_unused_services();
  services_.push_back(std::make_unique<Service>(*this, std::move(listener), lines, stream, protocol));
  Service& service = *services_.back();
  service.id_ = ++last_listener_;
  ++accepting_;
  service.hold(!admission_->may_accept());  // which takes over the deadline that the listener came with
  if (draining_) service.drain();
  if (killed_) service.close();
  reactor_.spawn(Service::accept_loop(service));
  return service.id_;
}

void Server::stop_listening(ListenerId id) {
  for (const auto& service : services_) {
    if (service->id_ == id) service->drain();
  }
}

ListenerId Server::change_handler(ListenerId id, LineHandler& handler, std::string_view protocol) {
  return add_service(take_listener(id), &handler, nullptr, protocol);
}

ListenerId Server::change_handler(ListenerId id, StreamHandler& handler, std::string_view protocol) {
  return add_service(take_listener(id), nullptr, &handler, protocol);
}

// Its accept loop fails to accept, and finds that it has nothing left to do.
Listener Server::take_listener(ListenerId id) {
  Service& service = **std::ranges::find(services_, id, [](const auto& one) { return one->id_; });
  service.hold(true);
  Listener listener = std::move(*service.listener_);
  service.listener_.reset();
  auto set = listener.set_deadline(Time::never());
  return listener;
}

// Of listeners that have ended, once nobody whom they let in is left. Looked for when one is added: so there is at most
// one for each that was ever open at the same time as one of its connections.
void Server::forget_unused_services() {
  for (const auto& service : services_) service->used_ = !service->has_ended_;
  for (Session* session = sessions_; session != nullptr; session = session->next_)
    session->service_.used_ = true;
  admission_->mark_services();
  std::erase_if(services_, [](const auto& service) { return !service->used_; });
}

void Server::set_limits(const Limits& limits) {
  options_.limits = limits;
  limits_changed_ = reactor_.now();
  for (const auto& service : services_) service->limits_changed();
  budget_.reset();  // first: the pool has one keeper
  budget_ = BufferBudget::watch(reactor_, limits.max_buffers, sessions_);
  reactor_.observe(this, limits.stall_threshold);
  admission_->limits_changed();
}

void Server::count_places() {
  for (Session* session = sessions_; session != nullptr; session = session->next_) {
    if (session->takes_place()) admission_->given(session->conn_);
  }
}

Task<> Service::accept_loop(Service& service) {
  Server& server = service.server();
  while (true) {
    if (!server.admission_->may_accept()) {
      Task<> waiting = wait_at_gate(service);
      co_await std::move(waiting);
    }
    if (!service.listener_) break;  // it has another handler now
    auto conn = co_await service.listener().accept();
    if (!conn) {
      if (conn.error().timeout()) continue;  // held back while it waited
      const bool failed = !conn.error().is_closed();
      if (failed && server.options_.observer != nullptr)
        server.options_.observer->on_listener_failed(conn.error());
      break;
    }
    service.last_accept_ = server.accepted_ + 1;
    server.admit(service, std::move(*conn));
  }
  service.close();  // closed already, if that is why the loop ended
  service.has_ended_ = true;
  --server.accepting_;
  server.report_drained();
}

Task<> Service::wait_at_gate(Service& service) {
  Server& server = service.server();
  Admission& admission = *server.admission_;
  admission.report_gate(service);
  while (!admission.may_accept()) {
    auto waited = co_await admission.wait(service);
    if (!waited) break;  // the Reactor goes down, and the listener with it
  }
}

void Server::admit(Service& service, Conn conn) {
  ++accepted_;
  ++open_;
  if (options_.observer != nullptr) options_.observer->on_accepted();
  if (!admission_->is_limited()) [[likely]]
    return begin_session(service, std::move(conn));
  admission_->admit(service, std::move(conn));
}

void Server::begin_session(Service& service, Conn conn) {
  if (service.serves_lines()) {
    serve_lines(service, std::move(conn));
  } else {
    reactor_.spawn(serve_stream(service, std::move(conn)));
  }
}

// One for each handler, however many connections are given to it.
Service& Server::single_service(LineHandler* lines, StreamHandler* stream, std::string_view protocol) {
  for (const auto& service : services_) {
    if (service->is_single(lines, stream, protocol)) return *service;
  }
  services_.push_back(std::make_unique<Service>(*this, std::nullopt, lines, stream, protocol));
  return *services_.back();
}

void Server::serve(Conn conn, LineHandler& handler, std::string_view protocol) {
  serve_given(single_service(&handler, nullptr, protocol), std::move(conn));
}

void Server::serve(Conn conn, StreamHandler& handler, std::string_view protocol) {
  serve_given(single_service(nullptr, &handler, protocol), std::move(conn));
}

void Server::serve_given(Service& service, Conn conn) {
  ++accepted_;
  ++open_;
  if (options_.observer != nullptr) options_.observer->on_accepted();
  if (admission_->is_limited()) admission_->given(conn);
  if (draining_ && !killed_ && !is_armed()) reactor_.arm(*this, reactor_.now() + drain_timeout_);
  begin_session(service, std::move(conn));
}

void Server::session_began(Session& session) noexcept {
  session.next_ = sessions_;
  if (sessions_ != nullptr) sessions_->previous_ = &session;
  sessions_ = &session;
  if (killed_) session.kill();
}

void Server::session_ended(Session& session, EndCause cause) {
  (session.previous_ == nullptr ? sessions_ : session.previous_->next_) = session.next_;
  if (session.next_ != nullptr) session.next_->previous_ = session.previous_;
  if (queued_ == &session) queued_ = nullptr;
  ++ended_[static_cast<std::size_t>(cause)];
  --open_;
  if (admission_->is_limited() && session.takes_place()) admission_->left(session.conn_);
  report_drained();
}

void Server::drain(Duration timeout) {
  if (draining_) return;
  draining_ = true;
  drain_timeout_ = timeout;
  context_.cancel(Error::with_text(ErrorCode::cancelled, "the server is draining"));
  for (const auto& service : services_) service->drain();
  for (Session* session = sessions_; session != nullptr; session = session->next_) session->drain();
  admission_->end_waiting();
  reactor_.arm(*this, reactor_.now() + timeout);
  report_drained();
}

void Server::kill() {
  draining_ = killed_ = true;
  context_.cancel(Error::with_text(ErrorCode::cancelled, "the server has been stopped"));
  for (const auto& service : services_) service->close();
  for (Session* session = sessions_; session != nullptr; session = session->next_) session->kill();
  admission_->end_waiting();
  report_drained();
}

// Whose handler it was: that of the connection which was served, or of the session which this very dispatch resumed.
void Server::on_stall(const Watch* watch, Duration took) {
  if (options_.observer == nullptr) return;
  const Session* session = queued_dispatch_ == reactor_.dispatch() ? queued_ : nullptr;
  if (watch != nullptr) {
    session = sessions_;
    while (session != nullptr && &session->served_by() != watch) session = session->next_;
  }
  if (session == nullptr)
    return options_.observer->on_stall({.protocol = {}, .remote = nullptr, .duration = took});
  options_.observer->on_stall(
      {.protocol = session->service_.protocol(), .remote = &session->conn_.remote_addr(), .duration = took});
}

void Server::on_wait_failed(const Error& error) {
  if (options_.observer != nullptr) options_.observer->on_wait_failed(error);
}

void Server::report_drained() {
  if (!draining_ || open_ > 0 || accepting_ > 0) return;
  reactor_.timers().cancel(*this);
  if (!std::exchange(reported_, true) && options_.observer != nullptr) options_.observer->on_drained();
}

bool Server::check() const noexcept {
  std::uint64_t ended = 0;
  for (const std::uint64_t of_cause : ended_) ended += of_cause;
  std::size_t listed = admission_->waiting();
  for (const Session* session = sessions_; session != nullptr; session = session->next_) ++listed;
  return accepted_ == open_ + ended && listed <= open_ && admission_->check();
}

}  // namespace reactord
