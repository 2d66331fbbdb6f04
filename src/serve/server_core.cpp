#include "serve/server_core.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

namespace reactord {
ServerCore::ServerCore(Reactor& reactor, ServerOptions options)
    : Watch(reactor, -1),
      options_{.limits = within_reason(options.limits), .observer = options.observer},
      context_(reactor),
      admission_(std::make_unique<Admission>(*this)),
      delivery_(reactor.buffers(), reactor.replies()),
      budget_(BufferBudget::make(reactor, options_.limits.max_buffers, sessions_)) {
  delivery_.open(options_.limits.output.high);
  reactor.observe(this, options_.limits.stall_threshold);
}

// The observer is cleared: it may be gone together with the Server.
void ServerCore::on_release() {
  options_.observer = nullptr;
  kill();
  reactor().forget(*this);
  budget_.reset();
  abandoned_ = true;
  const bool is_unused = counts_.open() == 0 && accepting_ == 0;
  if (is_unused) return reactor().retire(*this);
  if (!reactor().is_turning()) reactor().shutdown();  // the last session retires, which may delete this
}

void ServerCore::count_places() {
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    if (session->takes_place()) admission_->take_place(session->conn_);
  }
}

// The observer is called first: no user code runs between the count and the listing of a connection. Meanwhile the
// server counts as accepting, so that the observer can neither destroy it nor find it drained.
void ServerCore::count_accepted(Service& service) {
  ++accepting_;
  if (options_.observer != nullptr) options_.observer->on_accepted();
  --accepting_;
  counts_.one_accepted();
  service.one_accepted();
}

void ServerCore::admit(Service& service, Conn conn) {
  count_accepted(service);
  if (!admission_->has_limits()) [[likely]]
    return begin_session(service, std::move(conn), Begin::now);
  Address remote;
  try {
    remote = conn.remote_addr();
    admission_->admit(service, std::move(conn), Begin::now);
  } catch (const std::bad_alloc&) {
    no_memory_for(service, remote);
  }
}

// When memory runs out, the connection is closed before the catch.
void ServerCore::begin_session(Service& service, Conn conn, Begin begin) {
  assert(counts_.open() > 0);
  Address remote;
  try {
    remote = conn.remote_addr();
    if (service.handler().lines() != nullptr) [[likely]] {
      begin_lines(service, std::move(conn), begin);
    } else if (service.handler().connections() != nullptr) {
      begin_line_connection(service, std::move(conn), begin);
    } else {
      begin_stream(service, std::move(conn));
    }
  } catch (const std::bad_alloc&) {
    if (admission_->has_limits()) admission_->leave_place(remote);
    no_memory_for(service, remote);
  }
}

void ServerCore::no_memory_for(Service& service, const Address& remote) {
  ran_out_ = reactor().now();
  service.one_ended();  // first: the observer may listen, which forgets a service that is of no use
  if (options_.observer != nullptr) {
    options_.observer->on_closed({.number = 0,
                                  .protocol = service.protocol(),
                                  .remote = remote,
                                  .cause = EndCause::error,
                                  .error = ENOMEM,
                                  .limit = {},
                                  .lines = 0,
                                  .bytes_read = 0,
                                  .bytes_written = 0,
                                  .duration = 0ns,
                                  .all_answered = true});
  }
  counts_.one_ended(EndCause::error);
  report_drained();
}

// Each handler has one such service, however many connections it is given.
Service& ServerCore::single_service(AnyHandler handler, std::string_view protocol) {
  if (Service* const service = services_.find_single(handler, protocol)) return *service;
  return services_.add(std::make_unique<Service>(*this, std::nullopt, handler, protocol));
}

void ServerCore::serve(Conn conn, AnyHandler handler, std::string_view protocol) {
  Service& service = single_service(handler, protocol);
  count_accepted(service);
  try {
    if (admission_->has_limits()) admission_->take_place(conn);
  } catch (const std::bad_alloc&) {
    return no_memory_for(service, conn.remote_addr());
  }
  if (phase_ == Phase::draining && !is_armed()) reactor().arm(*this, reactor().now() + drain_timeout_);
  begin_session(service, std::move(conn), Begin::later);
}

void ServerCore::session_began(Session& session) noexcept {
  sessions_.add(session);
  order_.add(session);
  if (is_killed()) session.kill();
}

// Nothing is counted: the connection is the same.
void ServerCore::session_replaced(Session& former, Session& session) noexcept {
  sessions_.remove(former);
  delivery_.forget(former);
  resumed_.replaced(former, &session);
  sessions_.add(session);
  order_.replace(former, session);
}

void ServerCore::session_ended(Session& session, EndCause cause) {
  sessions_.remove(session);
  order_.remove(session, cause);
  resumed_.replaced(session, nullptr);
  delivery_.forget(session);
  counts_.one_ended(cause);
  session.service_.one_ended();
  if (admission_->has_limits() && session.takes_place()) admission_->leave_place(session.conn_.remote_addr());
  report_drained();
}

void ServerCore::drain(Duration timeout) {
  if (is_draining()) return;
  phase_ = Phase::draining;
  drain_timeout_ = timeout;
  drain_since_ = reactor().now();
  context_.cancel(Error::with_text(ErrorCode::cancelled, "the server is draining"));
  for (const auto& service : services_) service->drain();
  drain_some();
  admission_->end_waiting();
  reactor().arm(*this, reactor().now() + timeout);
  report_drained();
}

// A turn drains a bounded number of sessions. The others are served as before, so clients whose answers are due are not
// held up by the many that have none.
void ServerCore::drain_some() {
  std::size_t left = told_per_turn;
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    if (session->is_told_to_drain()) continue;
    if (left-- == 0) return reactor().serve_next_turn(*this);
    session->begin_drain();
  }
}

OpenWork ServerCore::open_work() const noexcept {
  OpenWork work;
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    session->count_work(work);
    if (session->endpoint().unsent() > 0) ++work.unsent;
  }
  return work;
}

void ServerCore::kill() {
  phase_ = Phase::killed;
  context_.cancel(Error::with_text(ErrorCode::cancelled, "the server has been stopped"));
  for (const auto& service : services_) service->close();
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session))
    session->kill();
  admission_->end_waiting();
  report_drained();
}

// Finds the handler that stalled: that of the connection that was served, or of the session that this dispatch has
// resumed.
void ServerCore::on_stall(const Watch* watch, Duration took) {
  if (options_.observer == nullptr) return;
  const Session* const session =
      watch != nullptr ? sessions_.serving(*watch) : resumed_.in(reactor().dispatch_id());
  if (session == nullptr)
    return options_.observer->on_stall({.protocol = {}, .remote = nullptr, .duration = took});
  const Address* const remote = &session->conn_.remote_addr();
  options_.observer->on_stall({session->service_.protocol(), remote, took, session->number()});
}

void ServerCore::on_wait_failed(const Error& error) {
  if (options_.observer != nullptr) options_.observer->on_wait_failed(error);
}

void ServerCore::report_drained() {
  if (!is_draining() || counts_.open() > 0 || accepting_ > 0) return;
  reactor().timers().cancel(*this);
  if (!std::exchange(reported_, true) && options_.observer != nullptr) options_.observer->on_drained();
  if (abandoned_) reactor().retire(*this);
}

bool ServerCore::check() const noexcept {
  std::size_t places = admission_->waiting();
  std::size_t listed = places + admission_->put_aside();
  for (const Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    ++listed;
    if (session->takes_place()) ++places;
  }
  return counts_.check() && services_.open() == counts_.open() && listed == counts_.open() &&
         sessions_.check() && order_.check() && admission_->check(places);
}

}  // namespace reactord
