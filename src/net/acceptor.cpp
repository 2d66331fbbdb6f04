#include "net/acceptor.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/system.hpp"

namespace reactord {

Acceptor::Acceptor(Reactor& reactor, int fd, Address address, UnixPath path, ListenOptions options)
    : Watch(reactor, fd), address_(std::move(address)), path_(std::move(path)), options_(std::move(options)) {
  served_last_ = true;
}

Error Acceptor::error(const char* operation, int failure) const {
  auto error = failure > 0 ? Error::from_errno(failure, operation) : Error(static_cast<ErrorCode>(-failure));
  return std::move(error).with_operation(operation, to_string(address_.network()), "", address_.text());
}

bool Acceptor::begin_accept(AcceptOperation& operation) {
  if (is_retired()) {
    operation.failure_ = failure_of(ErrorCode::closed);
  } else if (pending_ != nullptr) {
    operation.failure_ = failure_of(ErrorCode::busy);
  } else if (!ready_ || paused_ || !continue_accept(operation)) {
    pending_ = &operation;
    return false;
  }
  return true;
}

// What accept(2) means by an errno. A connection that died in the queue, or that a firewall refuses, is that
// client's affair alone; a lack of descriptors or memory passes.
Acceptor::Verdict Acceptor::judge(int number) noexcept {
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
      return Verdict::skip;
    default:
      return Verdict::fail;
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

// Accepts one, if one can be had. False: the operation has to wait.
bool Acceptor::continue_accept(AcceptOperation& operation) {
  while (within_budget()) {
    sockaddr_storage peer;
    unsigned length = 0;
    const int fd = draining_ && drain_left_ == 0 ? -EAGAIN : system::accept(this->fd(), peer, length);
    if (fd >= 0) {
      if (draining_) --drain_left_;
      const auto handed = hand_over(operation, fd, peer, length);
      if (handed) return true;
      pause(handed.error());
      return false;
    }
    if (fd == -EAGAIN) {
      ready_ = false;
      if (draining_) operation.failure_ = failure_of(ErrorCode::closed);
      return draining_;
    }
    const Verdict verdict = judge(-fd);
    if (verdict == Verdict::skip) continue;
    if (verdict == Verdict::pause) {
      pause(error("accept", -fd));
      return false;
    }
    operation.failure_ = -fd;
    return true;
  }
  reactor().again(*this);  // the queue may hold more, and epoll will not tell us again
  return false;
}

Result<void> Acceptor::hand_over(AcceptOperation& operation, int fd, const sockaddr_storage& peer,
                                 unsigned length) {
  Owned<Endpoint> endpoint(new Endpoint(reactor(), fd, Address::from_socket_address(peer, length)));
  auto added = reactor().add(*endpoint);
  if (!added) return added;
  pause_ = Duration{0};
  operation.accepted_ = std::move(endpoint);
  return {};
}

void Acceptor::pause(const Error& error) {
  paused_ = true;
  ++pauses_;
  pause_ = std::clamp(pause_ * 2, Listener::shortest_pause, Listener::longest_pause);
  reactor().arm(*this, reactor().now() + pause_);
  reactor().again_when_descriptor_free(*this);
  if (options_.on_pause) options_.on_pause(error, pause_);
}

void Acceptor::on_timer() { on_ready(0); }

void Acceptor::on_ready(Readiness readiness) {
  if (readiness != 0) ready_ = true;
  if (readiness == 0 || !paused_) {
    paused_ = false;
    reactor().timers().cancel(*this);
    if (pending_ != nullptr && ready_ && continue_accept(*pending_))
      std::exchange(pending_, nullptr)->resume();
  }
}

void Acceptor::drain() noexcept {
  if (draining_ || is_retired()) return;
  draining_ = ready_ = true;
  drain_left_ = static_cast<std::uint32_t>(system::max_backlog()) + 1;
  if (!paused_) reactor().again(*this);
}

Result<void> Acceptor::close() {
  if (is_retired()) return std::unexpected(error("close", failure_of(ErrorCode::closed)));
  end();
  return {};
}

void Acceptor::end() noexcept {
  if (is_retired()) return;
  if (AcceptOperation* operation = std::exchange(pending_, nullptr)) {
    operation->failure_ = failure_of(ErrorCode::closed);
    reactor().resume_later(*operation, *this);
  }
  path_.remove();
  reactor().retire(*this);
}

}  // namespace reactord
