#include "serve/connection_trace.hpp"

#include <cassert>

#include "serve/session.hpp"

namespace reactord {

ConnectionTrace::ConnectionTrace(Server& server, std::uint64_t number, ConnectionTracer& tracer) noexcept
    : walk_(server), number_(number), tracer_(tracer) {}

ConnectionTrace::~ConnectionTrace() {
  if (state_ == State::attached) walk_.next_->endpoint().remove_tap(tracer_);
}

// Numbers ascend.
ConnectionTrace::State ConnectionTrace::search(std::size_t most) {
  assert(state_ == State::searching);
  for (; most > 0 && walk_.next_ != nullptr && walk_.next_->number() < number_; --most)
    walk_.stand_at(SessionOrder::next(*walk_.next_));
  Session* const session = walk_.next_;
  if (session != nullptr && session->number() < number_) return state_;
  if (session == nullptr || session->number() > number_) return state_ = State::missing;
  session->endpoint().add_tap(tracer_);
  walk_.last_ = number_;
  walk_.trace_ = this;
  return state_ = State::attached;
}

OpenConnection ConnectionTrace::connection() const noexcept {
  assert(state_ == State::attached);
  return walk_.next_->describe();
}

void ConnectionTrace::session_ended(Session& session, EndCause cause) noexcept {
  assert(state_ == State::attached && session.number() == number_);
  session.endpoint().remove_tap(tracer_);
  state_ = State::ended;
  tracer_.on_end(cause);
}

}  // namespace reactord
