#include "net/endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"

namespace reactord {

Endpoint::Endpoint(Reactor& reactor, int fd, Network network, Address remote)
    : Watch(reactor, fd),
      ready_(readiness::writable | (network == Network::unix_socket ? indirect : 0)),
      is_socket_(true),
      network_(network),
      last_activity_(reactor.now()),
      remote_(std::move(remote)) {}

Endpoint::Endpoint(Reactor& reactor, Network network, Address remote)
    : Watch(reactor, -1),
      ready_(readiness::writable | indirect),
      is_socket_(false),
      network_(network),
      last_activity_(reactor.now()),
      remote_(std::move(remote)) {}

Endpoint::Rare* Endpoint::rare_if_possible() const noexcept {
  if (!rare_) rare_.reset(new (std::nothrow) Rare());
  return rare_.get();
}

Endpoint::Rare& Endpoint::rare() const {
  if (rare_if_possible() == nullptr) throw std::bad_alloc();
  return *rare_;
}

void Endpoint::set_listener(EndpointListener* listener) noexcept {
  if (Rare* const rare = rare_if_possible()) {
    rare->listener = listener;
  } else if (listener != nullptr) {
    run_out();
  }
}

// Counts bytes moved in this turn. False: the connection has had its share, the others are waiting.
bool Endpoint::spend(std::size_t count) noexcept {
  const auto turn = static_cast<std::uint32_t>(reactor().turns());
  if (budget_turn_ != turn) {
    budget_turn_ = turn;
    budget_spent_ = 0;
  }
  budget_spent_ += static_cast<std::uint32_t>(count);
  return budget_spent_ < Conn::bytes_per_turn;
}

int Endpoint::refusal(const IoOperation* pending, Time deadline) const noexcept {
  if (is_closed()) return failure_of(ErrorCode::closed);
  if (pending != nullptr) return failure_of(ErrorCode::busy);
  if (cancelled_ != ErrorCode::eof) return failure_of(cancelled_);
  return deadline <= reactor().now() ? failure_of(ErrorCode::deadline_exceeded) : 0;
}

void Endpoint::end_pending(IoOperation* operation, int failure) noexcept {
  if (operation == nullptr) return;
  operation->failure_ = failure;
  reactor().resume_later(*operation, *this);
}

}  // namespace reactord
