#include "net/endpoint_state.hpp"

#include <cassert>
#include <new>
#include <utility>

namespace reactord {

EndpointState::Rare* EndpointState::rare_if_possible() const noexcept {
  if (!rare_) rare_.reset(new (std::nothrow) Rare());
  return rare_.get();
}

EndpointState::Rare& EndpointState::rare() const {
  if (rare_if_possible() == nullptr) throw std::bad_alloc();
  return *rare_;
}

bool EndpointState::spend(std::size_t count) noexcept {
  const auto turn = static_cast<std::uint32_t>(reactor().turns());
  if (budget_turn_ != turn) {
    budget_turn_ = turn;
    budget_spent_ = 0;
  }
  budget_spent_ += static_cast<std::uint32_t>(count);
  return budget_spent_ < Conn::bytes_per_turn;
}

int EndpointState::refusal(const IoOperation* pending, Time deadline) const noexcept {
  if (is_closed()) return failure_of(ErrorCode::closed);
  if (pending != nullptr) return failure_of(ErrorCode::busy);
  if (rare_ && rare_->cancelled != ErrorCode::eof) return failure_of(rare_->cancelled);
  return deadline <= reactor().now() ? failure_of(ErrorCode::deadline_exceeded) : 0;
}

void EndpointState::end_pending(IoOperation* operation, int failure) noexcept {
  if (operation == nullptr) return;
  operation->failure_ = failure;
  reactor().resume_later(*operation, *this);
}

void EndpointState::park(Time deadline) {
  if (deadline.is_never()) return;
  if (is_armed() && time_of_tick(expiry()) <= deadline) return;
  reactor().arm(*this, deadline);
}

void EndpointState::set_context(Context* context) {
  if (context == nullptr && !rare_) return;
  rare().cancelled = ErrorCode::eof;
  rare().attachment.reset();
  if (context == nullptr || is_closed()) return;
  if (context->is_done()) return cancel(context->code());
  rare().attachment = std::make_unique<Attachment>(*this);
  rare().attachment->listen(*context);
}

// A closed connection takes no notice: what is left of it has limits of its own.
void EndpointState::cancel(ErrorCode code) noexcept {
  assert(rare_ != nullptr && code != ErrorCode::eof);
  if (is_closed()) return;
  rare_->cancelled = code;
  end_both(failure_of(code));
}

Address EndpointState::local_address() const {
  if (rare_ && rare_->local) return *rare_->local;
  if (is_retired()) return Address();
  return rare().local.emplace(find_local_address());
}

Error EndpointState::error(const char* operation, int failure) const {
  assert(failure != 0);
  auto error = failure > 0 ? Error::from_errno(failure, operation) : Error(static_cast<ErrorCode>(-failure));
  if (error.is_eof()) return error;
  if (network() == Network::pipe) return std::move(error).with_operation(operation, "pipe", "", "");
  try {
    const bool known = (rare_ && rare_->local) || !is_retired();
    return std::move(error).with_operation(operation, to_string(network()),
                                           known ? local_address().text() : std::string(), remote_.text());
  } catch (const std::bad_alloc&) {  // nothing of it has moved yet
    return error;
  }
}

// Go names one address alone here. The error names none where there is no memory for it.
Error EndpointState::closed_error() const noexcept {
  Error closed(ErrorCode::closed);
  try {
    return std::move(closed).with_operation("set", to_string(network()), "", local_address().text());
  } catch (const std::bad_alloc&) {
    return closed;
  }
}

}  // namespace reactord
