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

// Only a listener asks for it, and there is none without Rare.
void Endpoint::look_at(Time time) noexcept {
  if (is_closed() || !rare_) return;
  rare_->look_at = time;
  park(time);
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

// Arms the one timer at the earliest deadline that something waits for. Moving a deadline later costs
// nothing: the timer comes too early, sees that, and is armed anew.
void Endpoint::park(Time deadline) {
  if (deadline.is_never()) return;
  if (is_armed() && time_of_tick(expiry()) <= deadline) return;
  reactor().arm(*this, deadline);
}

// Here and in the other two from which the loop comes, no bad_alloc gets out: this connection alone ends by it.
void Endpoint::on_timer() {
  try {
    time_is_up();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

void Endpoint::time_is_up() {
  if (phase_ == Phase::discarding) return linger_on();
  const bool given_up = (is_closed() || (send_limits_->gives_up && output_waits())) && has_stalled();
  if (is_closed() && given_up) return finish_close(failure_of(ErrorCode::deadline_exceeded));
  if (is_closed()) return reactor().arm(*this, next_look());
  if (given_up) return give_up();
  const Time now = reactor().now();
  if (rare_ && rare_->look_at <= now) {
    rare_->look_at = Time::never();
    rare_->listener->on_look();
  }
  if (reader_ != nullptr && read_deadline_ <= now) {
    reader_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(reader_, nullptr)->resume();
  }
  if (writer_ != nullptr && write_deadline() <= now && !is_closed()) {
    writer_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(writer_, nullptr)->resume();
  }
  if (is_closed()) return;
  if (rare_) park(rare_->look_at);
  if (reader_ != nullptr) park(read_deadline_);
  if (writer_ != nullptr) park(write_deadline());
  if (output_waits()) watch_output();
}

void Endpoint::give_up() {
  gave_up_ = true;
  abort();
  if (listener() != nullptr) listener()->on_given_up();
}

Result<void> Endpoint::set_deadlines(Time deadline, bool read, bool write) {
  if (is_closed()) return std::unexpected(closed_error());
  const bool past = deadline <= reactor().now();
  if (read) {
    read_deadline_ = deadline;
    if (reader_ != nullptr && past)
      end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (reader_ != nullptr) park(deadline);
  }
  if (write && (rare_ || !deadline.is_never())) {
    rare().write_deadline = deadline;
    if (writer_ != nullptr && past)
      end_pending(std::exchange(writer_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (writer_ != nullptr) park(deadline);
  }
  return {};
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
