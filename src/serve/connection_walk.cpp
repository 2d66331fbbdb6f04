#include "reactord/connection_walk.hpp"

#include "serve/server_core.hpp"

namespace reactord {

std::string_view to_string(ConnectionState state) noexcept {
  switch (state) {
    case ConnectionState::idle:
      return "idle";
    case ConnectionState::in_line:
      return "in-line";
    case ConnectionState::sending:
      return "sending";
    case ConnectionState::stream:
      return "stream";
    case ConnectionState::closing:
      return "closing";
  }
  return "unknown";
}

ConnectionWalk::ConnectionWalk(Server& server) noexcept
    : order_(&server.core_->order()), next_(nullptr), last_(order_->last_number()) {
  order_->walks_.push_front(*this);
  stand_at(order_->first());
}

ConnectionWalk::~ConnectionWalk() {
  if (order_ != nullptr) List<ConnectionWalk>::remove(*this);
}

void ConnectionWalk::stand_at(Session* session) noexcept {
  next_ = session != nullptr && session->number() <= last_ ? session : nullptr;
}

bool ConnectionWalk::next(std::size_t most, Show& show) {
  for (; most > 0 && next_ != nullptr; --most) {
    Session& session = *next_;
    stand_at(SessionOrder::next(session));
    if (show(session.describe()) == Fate::killed) session.kill();
  }
  return next_ != nullptr;
}

}  // namespace reactord
