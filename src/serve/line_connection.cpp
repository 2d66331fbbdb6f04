#include "reactord/line_connection.hpp"

#include <cassert>

#include "event/directory.hpp"
#include "serve/session.hpp"

namespace reactord {

const Conn& LineConnection::conn() const noexcept {
  assert(session_ != nullptr && "there is a connection from on_open() to on_end()");
  return session_->connection();
}

bool LineConnection::push(std::string_view bytes, Overflow overflow) noexcept {
  return session_ != nullptr && session_->push(bytes, overflow, PushTime::end_of_turn);
}

bool LineConnection::push_at_once(std::string_view bytes, Overflow overflow) noexcept {
  return session_ != nullptr && session_->push(bytes, overflow, PushTime::now);
}

void LineConnection::close() noexcept {
  if (session_ != nullptr) session_->close();
}

ConnectionHandle LineConnection::handle() {
  Directory& directory = conn().reactor().directory();
  return {directory, directory.number_of(this)};
}

LineConnection* ConnectionHandle::get() const noexcept {
  return directory_ == nullptr ? nullptr : static_cast<LineConnection*>(directory_->find(number_));
}

}  // namespace reactord
