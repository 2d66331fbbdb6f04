// The calls of the loop and of operations. No bad_alloc gets out to the loop: this connection alone ends by it.
#include "net/endpoint.hpp"

#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

namespace reactord {

static_assert(sizeof(Endpoint) <= 200);  // every idle connection has one: docs/architecture.md

Endpoint::Endpoint(Reactor& reactor, int fd, Network network, Address remote)
    : ReadHalf(reactor, fd, network, std::move(remote)) {}

Endpoint::Endpoint(Reactor& reactor, Network network, Address remote)
    : ReadHalf(reactor, network, std::move(remote)) {}

void Endpoint::on_ready(Readiness ready) {
  ready_ |= ready;
  try {
    serve_ready();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

[[gnu::always_inline]] inline void Endpoint::serve_ready() {
  constexpr Readiness usual = readiness::readable, unusual = read_on_bits | indirect;
  const bool takes = reader_ != nullptr && reader_->kind_ == IoOperation::Kind::take;
  if (!takes || !output_.empty() || (ready_ & (usual | unusual)) != usual) [[unlikely]]
    return become_ready();
  take_arrived();
}

// Serves everything but the usual case, in which bytes have arrived for an operation that takes them.
void Endpoint::become_ready() {
  // The next receive or send tells what has happened.
  if (is_over()) ready_ |= readiness::readable | readiness::writable;
  if (is_closed()) return continue_close();
  if (phase_ == Phase::connecting) return continue_connect();
  assert(phase_ == Phase::open);
  if (writable() && (writer_ != nullptr || !output_.empty() || write_closed_)) on_flush();
  if (reader_ == nullptr) return tell_ready();
  read_on();
}

void Endpoint::on_flush() {
  try {
    is_closed() ? continue_close() : flush();
  } catch (const std::bad_alloc&) {
    run_out();
  }
}

bool Endpoint::begin_read(ReadOperation& operation) {
  try {
    return try_read(operation);
  } catch (const std::bad_alloc&) {
    // A handler may have ended the read from within: then the loop has it in its queue.
    const bool is_queued = reader_ != &operation;
    reader_ = nullptr;
    run_out();
    if (is_queued) return false;
  }
  operation.failure_ = ENOMEM;
  return true;
}

bool Endpoint::begin_write(PendingWrite& operation) {
  try {
    return try_write(operation);
  } catch (const std::bad_alloc&) {
    run_out();
  }
  operation.failure_ = ENOMEM;
  return true;
}

bool Endpoint::write_at_once(std::string_view bytes) noexcept {
  try {
    return try_take_over(bytes);
  } catch (const std::bad_alloc&) {
    run_out();
  }
  return false;
}

ssize_t Endpoint::receive_now(std::span<char> room) noexcept {
  assert(!room.empty());
  if (is_closed()) return read_failure_ != 0 ? -read_failure_ : -ENOTCONN;
  if (reads_ended()) return 0;
  if (!readable() && !eof_) return -EAGAIN;
  ReadOperation operation(*this, room);
  if (!continue_read(operation)) return -EAGAIN;
  if (operation.failure_ == 0) return static_cast<ssize_t>(operation.count_);
  return operation.failure_ == failure_of(ErrorCode::eof) ? 0 : -operation.failure_;
}

void Endpoint::end_both(int failure) noexcept {
  end_read(failure);
  end_write(failure);
}

void Endpoint::set_listener(EndpointListener* listener) noexcept {
  if (Rare* const rare = rare_if_possible()) {
    rare->listener = listener;
  } else if (listener != nullptr) {
    run_out();
  }
}

}  // namespace reactord
