#include "net/acceptor.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "net/socket.hpp"

namespace reactord {

namespace {

// Without memory, a client that has bound a long path stays unnamed.
Address peer_address(const sockaddr_storage& peer, unsigned length) noexcept {
  try {
    return Address::from_socket_address(peer, length);
  } catch (const std::bad_alloc&) {
    return Address::from_socket_address(peer, sizeof(sa_family_t));
  }
}

}  // namespace

Acceptor::Acceptor(Reactor& reactor, int fd, Network network, UnixPath path, ListenOptions options)
    : Watch(reactor, fd),
      network_(network),
      address_(socket_local_address(fd)),
      path_(std::move(path)),
      options_(std::move(options)) {
  serve_last();
}

Error Acceptor::error(const char* operation, int failure) const {
  auto error = failure > 0 ? Error::from_errno(failure, operation) : Error(static_cast<ErrorCode>(-failure));
  try {
    return std::move(error).with_operation(operation, to_string(network_), "", address_.text());
  } catch (const std::bad_alloc&) {  // `error` has not been moved from yet
    return error;
  }
}

bool Acceptor::begin_accept(AcceptOperation& operation) {
  if (is_retired()) {
    operation.failure_ = failure_of(ErrorCode::closed);
  } else if (pending_ != nullptr) {
    operation.failure_ = failure_of(ErrorCode::busy);
  } else if (deadline_ <= reactor().now()) {
    operation.failure_ = failure_of(ErrorCode::deadline_exceeded);
  } else if (!ready_ || paused_ || !continue_accept(operation)) {
    if (is_retired()) {  // on_pause has closed the listener
      operation.failure_ = failure_of(ErrorCode::closed);
      return true;
    }
    pending_ = &operation;
    arm_timer();
    return false;
  }
  return true;
}

// Decides on an errno of accept(2). A connection that died in the queue, or that a firewall refuses, concerns that client
// alone. A lack of descriptors or memory passes, and an unexpected failure may.
Acceptor::Verdict Acceptor::verdict_on(int number) noexcept {
  switch (number) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Verdict::pause;
    case ECONNABORTED:
    case ECONNRESET:
    case EPROTO:
    case EPERM:
    case ETIMEDOUT:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      // A turn full of them and nothing else concerns no single client, and the loop would spin.
      return ++skipped_ % Listener::accepts_per_turn == 0 ? Verdict::pause : Verdict::skip;
    default:
      return ++failures_ < Listener::failed_accepts ? Verdict::pause : Verdict::fail;
  }
}

bool Acceptor::within_budget() noexcept {
  const auto turn = static_cast<std::uint32_t>(reactor().turns());
  if (budget_turn_ != turn) {
    budget_turn_ = turn;
    budget_spent_ = 0;
  }
  return budget_spent_++ < Listener::accepts_per_turn;
}

// Accepts one connection, if there is one. False: the operation has to wait.
bool Acceptor::continue_accept(AcceptOperation& operation) {
  while (within_budget()) {
    if (unregistered_) return hand_over(operation);
    if (!has_room()) {
      pause(error("accept", ENOMEM));
      return false;
    }
    sockaddr_storage peer;
    unsigned length = 0;
    const int fd = draining_ && drain_left_ == 0 ? -EAGAIN : system::accept(this->fd(), peer, length);
    if (fd >= 0 || fd == -EAGAIN) skipped_ = failures_ = 0;
    if (fd >= 0) {
      if (draining_) --drain_left_;
      Address remote = peer_address(peer, length);
      if (remote.is_unix()) remote.set_credentials(socket_peer_credentials(fd));
      WatchHandle<Endpoint> accepted(new (room_.release())
                                         Endpoint(reactor(), fd, network_, std::move(remote)));
      const AcceptOperation* const pending = pending_;
      const bool is_let_in = lets_in(*accepted);
      if (is_retired()) return false;  // whoever was asked has closed us
      if (is_let_in) unregistered_ = std::move(accepted);
      if (pending_ != pending) return false;  // or has ended the accept: the next one gets it
      if (!is_let_in) continue;
      return hand_over(operation);
    }
    if (fd == -EAGAIN) {
      ready_ = false;
      if (draining_) operation.failure_ = failure_of(ErrorCode::closed);
      return draining_;
    }
    const Verdict verdict = verdict_on(-fd);
    if (verdict == Verdict::skip) continue;
    if (verdict == Verdict::pause) {
      pause(error("accept", -fd));
      return false;
    }
    failures_ = 0;
    operation.failure_ = -fd;
    return true;
  }
  reactor().serve_next_turn(*this);  // the queue may hold more, and epoll will not report it again
  return false;
}

// Allocates before accept(2): without memory the client waits in the kernel's queue.
bool Acceptor::has_room() noexcept {
  if (!room_) room_.reset(::operator new(sizeof(Endpoint), std::nothrow));
  if (!room_) reactor().buffers().release_idle();
  if (!room_) room_.reset(::operator new(sizeof(Endpoint), std::nothrow));
  return room_ != nullptr;
}

bool Acceptor::lets_in(const Endpoint& accepted) const noexcept {
  return !options_.after_accept || options_.after_accept(accepted.fd(), network_, accepted.remote_address());
}

// Registers the connection that was accepted last. It is kept where epoll has no room or no memory for it. Another
// failure will not pass, so the connection is closed.
bool Acceptor::hand_over(AcceptOperation& operation) {
  const auto added = reactor().add(*unregistered_);
  if (!added) {
    const int number = added.error().system_errno();
    if (number != ENOSPC && number != ENOMEM) unregistered_.reset();
    pause(added.error());
    return false;
  }
  pause_ = Duration{0};
  operation.accepted_ = std::move(unregistered_);
  return true;
}

void Acceptor::pause(const Error& error) {
  paused_ = true;
  ++pauses_;
  pause_ = std::clamp(pause_ * 2, Listener::shortest_pause, Listener::longest_pause);
  pause_end_ = reactor().now() + pause_;
  arm_timer();
  reactor().serve_when_descriptor_free(*this);
  if (options_.on_pause) options_.on_pause(error, pause_);
}

// One timer serves the end of a pause and the deadline of a pending accept.
void Acceptor::arm_timer() noexcept {
  if (is_retired()) return;
  const Time pause_end = paused_ ? pause_end_ : Time::never();
  const Time due = pending_ == nullptr ? pause_end : std::min(pause_end, deadline_);
  if (due.is_never()) {
    reactor().timers().cancel(*this);
  } else {
    reactor().arm(*this, due);
  }
}

void Acceptor::on_timer() {
  const Time now = reactor().now();
  if (pending_ != nullptr && deadline_ <= now) fail_pending(ErrorCode::deadline_exceeded);
  if (paused_ && pause_end_ <= now) return on_ready(0);
  arm_timer();
}

Result<void> Acceptor::set_deadline(Time deadline) {
  if (is_retired()) return std::unexpected(error("set", failure_of(ErrorCode::closed)));
  deadline_ = deadline;
  if (pending_ != nullptr && deadline <= reactor().now()) fail_pending(ErrorCode::deadline_exceeded);
  arm_timer();
  return {};
}

void Acceptor::adopt(const Address& address) {
  adopted_ = true;
  set_held_elsewhere();
  unlink_on_close_ = false;
  if (address.kind() == Address::Kind::unix_path) path_ = UnixPath(std::string(address.path()));
}

void Acceptor::fail_pending(ErrorCode code) noexcept {
  AcceptOperation* operation = std::exchange(pending_, nullptr);
  if (operation == nullptr) return;
  operation->failure_ = failure_of(code);
  reactor().resume_later(*operation, *this);
}

void Acceptor::on_ready(Readiness readiness) {
  if (readiness != 0) ready_ = true;
  if (readiness != 0 && paused_) return;
  paused_ = false;
  if (pending_ != nullptr && ready_ && continue_accept(*pending_)) {
    AcceptOperation& accepted = *std::exchange(pending_, nullptr);
    arm_timer();
    return accepted.resume();
  }
  arm_timer();
}

void Acceptor::drain() noexcept {
  if (draining_ || is_retired()) return;
  draining_ = ready_ = true;
  // Connections in the queue of an adopted socket are left to its next owner.
  drain_left_ = adopted_ ? 0 : static_cast<std::uint32_t>(system::max_backlog()) + 1;
  if (!paused_) reactor().serve_next_turn(*this);
}

bool Acceptor::resume() noexcept {
  if (is_retired()) return false;
  draining_ = false;
  return true;
}

bool Acceptor::is_reachable() const noexcept {
  return !is_retired() && (address_.kind() != Address::Kind::unix_path || path_.is_there());
}

Result<void> Acceptor::set_file(const SocketFileOptions& options) const noexcept {
  const auto [result, system_call] = path_.set_file(options);
  if (result == 0) return {};
  return std::unexpected(Error::from_errno(-result, system_call)
                             .with_operation("set", to_string(network_), "", address_.text()));
}

Result<void> Acceptor::close() {
  if (is_retired()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  end();
  return {};
}

void Acceptor::end() noexcept {
  if (is_retired()) return;
  fail_pending(ErrorCode::closed);
  // Stops listening now, so that the address is free when close() returns, and not at the end of the turn. An adopted
  // socket is not shut down: it would stop for all its holders, also for the service manager that passes it on.
  if (address_.is_ip() && !adopted_) system::shutdown(fd(), SHUT_RDWR);
  if (!unlink_on_close_) path_.forget();
  path_.remove();
  unregistered_.reset();
  reactor().retire(*this);
}

}  // namespace reactord
