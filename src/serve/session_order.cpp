#include "serve/session_order.hpp"

#include "reactord/connection_walk.hpp"
#include "serve/connection_trace.hpp"
#include "serve/session.hpp"

namespace reactord {

Session* SessionOrder::session_at(SessionPlace* place) noexcept { return static_cast<Session*>(place); }

SessionOrder::~SessionOrder() {
  while (ConnectionWalk* const walk = walks_.first()) {
    walks_.remove(*walk);
    walk->order_ = nullptr;
    walk->next_ = nullptr;
  }
}

void SessionOrder::add(Session& session) noexcept {
  session.set_number(++last_number_);
  places_.push_back(session);
}

void SessionOrder::replace(Session& former, Session& session) noexcept {
  session.set_number(former.number());
  places_.insert_before(former, session);
  for (ConnectionWalk* walk = walks_.first(); walk != nullptr; walk = walks_.next(*walk)) {
    if (walk->next_ == &former) walk->stand_at(&session);
  }
  places_.remove(former);
}

void SessionOrder::remove(Session& session, EndCause cause) noexcept {
  for (ConnectionWalk* walk = walks_.first(); walk != nullptr; walk = walks_.next(*walk)) {
    if (walk->next_ != &session) continue;
    walk->stand_at(next(session));
    if (walk->trace_ != nullptr) walk->trace_->session_ended(session, cause);
  }
  places_.remove(session);
}

Session* SessionOrder::first() const noexcept { return session_at(places_.first()); }
Session* SessionOrder::next(const Session& session) noexcept {
  return session_at(OrderedList<SessionPlace>::next(session));
}

bool SessionOrder::check() const noexcept {
  std::uint64_t before = 0;
  for (const Session* session = first(); session != nullptr; session = next(*session)) {
    if (session->number() <= before || session->number() > last_number_) return false;
    before = session->number();
  }
  return places_.check() && walks_.check();
}

}  // namespace reactord
