// How an Endpoint begins by dialling: a connect(2) goes on in the background, and is waited for like a write.
//
//     begin_connect --- at once (unix) ----------------------------------------> open
//          |                                                                      ^
//          +-- EINPROGRESS --> connecting --- writable: SO_ERROR 0, has a peer ---+
//                                  +-- SO_ERROR, Context: the operation fails; the caller drops the endpoint
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint.hpp"

namespace reactord {

// Connects first and registers after it: a socket that was never connected is announced as hung up (epoll(7)).
bool Endpoint::begin_connect(ConnectOperation& operation) {
  assert(phase_ == Phase::open && is_socket());
  operation.failure_ = refusal(writer_, Time::never());
  if (operation.failure_ != 0) return true;
  sockaddr_storage storage;
  const unsigned length = remote_.to_socket_address(storage);
  const int result = system::connect(fd(), storage, length);
  if (result < 0 && result != -EINPROGRESS) {
    operation.failure_ = -result;
    return true;
  }
  const auto added = reactor().add(*this);
  if (!added) {
    operation.failure_ = added.error().system_errno();
    return true;
  }
  if (result == 0) return true;
  phase_ = Phase::connecting;
  not_ready();
  writer_ = &operation;
  return false;
}

// SO_ERROR is read once, because reading clears it. A socket may be announced as writable and have no peer yet.
void Endpoint::continue_connect() {
  assert(phase_ == Phase::connecting);
  if (!writable() || writer_ == nullptr) return;
  int failure = system::pending_error(fd());
  if (failure == 0 && !system::has_peer(fd())) {
    not_ready();
    return;
  }
  phase_ = Phase::open;
  writer_->failure_ = failure;
  std::exchange(writer_, nullptr)->resume();
}

}  // namespace reactord
