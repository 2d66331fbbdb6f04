#include "reactord/semaphore.hpp"

#include <string>
#include <utility>

namespace reactord {

Permit::Permit(Permit&& other) noexcept
    : semaphore_(std::move(other.semaphore_)), count_(std::exchange(other.count_, 0)) {}

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  release();
  semaphore_ = std::move(other.semaphore_);
  count_ = std::exchange(other.count_, 0);
  return *this;
}

void Permit::release() noexcept {
  const std::size_t count = std::exchange(count_, 0);
  Semaphore* const semaphore = semaphore_.get();
  semaphore_.reset();
  if (semaphore != nullptr) semaphore->give_back(count);
}

AcquireOperation::AcquireOperation(Semaphore& semaphore, std::size_t count, WaitLimit limit) noexcept
    : WaitOperation(semaphore.reactor_, limit), semaphore_(semaphore), count_(count) {}

bool AcquireOperation::await_ready() noexcept {
  if (count_ > semaphore_.capacity_) {
    fail_at_once(ErrorCode::invalid);  // it would wait for ever, and everybody behind it
    return true;
  }
  if (fails_at_once()) return true;
  auto permit = semaphore_.try_acquire(count_);
  if (!permit) return false;
  permit_ = std::move(*permit);
  return true;
}

void AcquireOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wait_in(semaphore_.waiting_, waiter);
}

Result<Permit> AcquireOperation::await_resume() {
  if (!failure()) return std::move(permit_);
  if (failure() != ErrorCode::invalid) return std::unexpected(error());
  return std::unexpected(Error::invalid("acquire: " + std::to_string(count_) + " of a semaphore that has " +
                                        std::to_string(semaphore_.capacity_)));
}

void AcquireOperation::on_left() noexcept { semaphore_.grant(); }

std::optional<Permit> Semaphore::try_acquire(std::size_t count) noexcept {
  if (count > available_ || !waiting_.is_empty()) return std::nullopt;
  available_ -= count;
  return Permit(permits_, count);
}

void Semaphore::give_back(std::size_t count) noexcept {
  assert(count <= capacity_ - available_);
  available_ += count;
  grant();
}

void Semaphore::grant() noexcept {
  while (!waiting_.is_empty()) {
    auto& first = static_cast<AcquireOperation&>(*waiting_.first());
    if (first.count_ > available_) return;
    available_ -= first.count_;
    first.permit_ = Permit(permits_, first.count_);
    waiting_.succeed(first);
  }
}

}  // namespace reactord
