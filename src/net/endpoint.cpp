#include "net/endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/system.hpp"

namespace reactord {
Endpoint::Endpoint(Reactor& reactor, int fd, Address remote)
    : Watch(reactor, fd), last_activity_(reactor.now()), remote_(std::move(remote)) {}

Error Endpoint::error(const char* operation, int failure) const {
  auto error = failure > 0 ? Error::from_errno(failure, operation) : Error(static_cast<ErrorCode>(-failure));
  if (error.is_eof()) return error;
  std::string local = local_ || !is_retired() ? local_address().text() : std::string();
  return std::move(error).with_operation(operation, to_string(remote_.network()), std::move(local),
                                         remote_.text());
}

Address Endpoint::local_address() const {
  if (!local_) {
    if (is_retired()) return Address();
    local_ = std::make_unique<Address>(find_local_address());
  }
  return *local_;
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

void Endpoint::on_timer() {
  if (closed_ && lingering_) return linger_on();
  if (closed_) return finish_close(failure_of(ErrorCode::deadline_exceeded));
  const Time now = reactor().now();
  if (reader_ != nullptr && read_deadline_ <= now) {
    reader_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(reader_, nullptr)->resume();
  }
  if (writer_ != nullptr && write_deadline_ <= now && !closed_) {
    writer_->failure_ = failure_of(ErrorCode::deadline_exceeded);
    std::exchange(writer_, nullptr)->resume();
  }
  if (closed_) return;
  if (reader_ != nullptr) park(read_deadline_);
  if (writer_ != nullptr) park(write_deadline_);
}

Result<void> Endpoint::set_deadlines(Time deadline, bool read, bool write) {
  if (closed_) {
    auto closed = Error(ErrorCode::closed);
    return std::unexpected(
        std::move(closed).with_operation("set", to_string(remote_.network()), "", local_address().text()));
  }
  const bool past = deadline <= reactor().now();
  if (read) {
    read_deadline_ = deadline;
    if (reader_ != nullptr && past)
      end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (reader_ != nullptr) park(deadline);
  }
  if (write) {
    write_deadline_ = deadline;
    if (writer_ != nullptr && past)
      end_pending(std::exchange(writer_, nullptr), failure_of(ErrorCode::deadline_exceeded));
    if (writer_ != nullptr) park(deadline);
  }
  return {};
}

// Fails a pending operation from within a call of the user: its coroutine runs on later, from the loop's own
// stack.
void Endpoint::end_pending(IoOperation* operation, int failure) noexcept {
  if (operation == nullptr) return;
  operation->failure_ = failure;
  reactor().resume_later(*operation, *this);
}

}  // namespace reactord
