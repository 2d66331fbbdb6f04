#include "serve/server_core.hpp"

#include <algorithm>
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
      budget_(BufferBudget::watch(reactor, options_.limits.max_buffers, sessions_)) {
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
  const bool is_unused = open_ == 0 && accepting_ == 0;
  if (is_unused) return reactor().retire(*this);
  if (!reactor().is_turning()) reactor().shutdown();  // the last session retires, which may delete this
}

void ServerCore::count_places() {
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    if (session->takes_place()) admission_->given(session->conn_);
  }
}

// The observer is called first: no user code runs between the count and the listing of a connection. Meanwhile the
// server counts as accepting, so that the observer can neither destroy it nor find it drained.
void ServerCore::count_accepted() {
  ++accepting_;
  if (options_.observer != nullptr) options_.observer->on_accepted();
  --accepting_;
  ++accepted_;
  ++open_;
}

void ServerCore::admit(Service& service, Conn conn) {
  count_accepted();
  if (!admission_->is_limited()) [[likely]]
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
  Address remote;
  try {
    remote = conn.remote_addr();
    if (service.serves_lines()) {
      begin_lines(service, std::move(conn), begin);
    } else {
      begin_stream(service, std::move(conn));
    }
  } catch (const std::bad_alloc&) {
    if (admission_->is_limited()) admission_->left(remote);
    no_memory_for(service, remote);
  }
}

void ServerCore::no_memory_for(Service& service, const Address& remote) {
  ran_out_ = reactor().now();
  if (options_.observer != nullptr) {
    options_.observer->on_closed({.protocol = service.protocol(),
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
  ++ended_[static_cast<std::size_t>(EndCause::error)];
  --open_;
  report_drained();
}

// Each handler has one such service, however many connections it is given.
Service& ServerCore::single_service(AnyHandler handler, std::string_view protocol) {
  for (const auto& service : services_) {
    if (service->is_single(handler, protocol)) return *service;
  }
  services_.push_back(std::make_unique<Service>(*this, std::nullopt, handler, protocol));
  return *services_.back();
}

void ServerCore::serve(Conn conn, AnyHandler handler, std::string_view protocol) {
  Service& service = single_service(handler, protocol);
  count_accepted();
  try {
    if (admission_->is_limited()) admission_->given(conn);
  } catch (const std::bad_alloc&) {
    return no_memory_for(service, conn.remote_addr());
  }
  if (draining_ && !killed_ && !is_armed()) reactor().arm(*this, reactor().now() + drain_timeout_);
  begin_session(service, std::move(conn), Begin::later);
}

void ServerCore::session_began(Session& session) noexcept {
  sessions_.add(session);
  if (killed_) session.kill();
}

void ServerCore::session_ended(Session& session, EndCause cause) {
  sessions_.remove(session);
  if (queued_ == &session) queued_ = nullptr;
  delivery_.forget_what_came_late();
  ++ended_[static_cast<std::size_t>(cause)];
  --open_;
  if (admission_->is_limited() && session.takes_place()) admission_->left(session.conn_.remote_addr());
  report_drained();
}

void ServerCore::drain(Duration timeout) {
  if (draining_) return;
  draining_ = true;
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
    if (left-- == 0) return reactor().again(*this);
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
  draining_ = killed_ = true;
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
  const Session* session = queued_dispatch_ == reactor().dispatch_id() ? queued_ : nullptr;
  if (watch != nullptr) {
    session = sessions_.first();
    while (session != nullptr && &session->served_by() != watch) session = sessions_.next(*session);
  }
  if (session == nullptr)
    return options_.observer->on_stall({.protocol = {}, .remote = nullptr, .duration = took});
  options_.observer->on_stall(
      {.protocol = session->service_.protocol(), .remote = &session->conn_.remote_addr(), .duration = took});
}

void ServerCore::on_wait_failed(const Error& error) {
  if (options_.observer != nullptr) options_.observer->on_wait_failed(error);
}

void ServerCore::report_drained() {
  if (!draining_ || open_ > 0 || accepting_ > 0) return;
  reactor().timers().cancel(*this);
  if (!std::exchange(reported_, true) && options_.observer != nullptr) options_.observer->on_drained();
  if (abandoned_) reactor().retire(*this);
}

bool ServerCore::check() const noexcept {
  std::uint64_t ended = 0;
  for (const std::uint64_t of_cause : ended_) ended += of_cause;
  std::size_t places = admission_->waiting();
  std::size_t listed = places + admission_->put_aside();
  for (const Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    ++listed;
    if (session->takes_place()) ++places;
  }
  return accepted_ == open_ + ended && listed == open_ && sessions_.check() && admission_->check(places);
}

}  // namespace reactord
