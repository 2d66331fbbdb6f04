// Semaphore: a number of permits that tasks take and give back. Go's golang.org/x/sync/semaphore, with permits that give
// themselves back.
//
//     capacity 5     [x][x][x][ ][ ]     available: 2
//     waiting        acquire(3) --> acquire(1)     the 1 waits behind the 3, so that many small ones never starve it
//
//     reactord::Semaphore lookups(reactor, 8);
//     auto permit = co_await lookups.acquire();   // given back where `permit` goes
//
// The rules of wait.hpp hold for every wait here. Permits go to the oldest wait first, as many as it asked for at once. A wait that its limit ends holds up nobody behind it any more.
#pragma once

#include <cstddef>
#include <optional>

#include "reactord/wait.hpp"
#include "reactord/weak_reference.hpp"

namespace reactord {

class Semaphore;

// The permits that an acquire() took. release(), or at the latest the destructor, gives them back to those that wait, and
// resumes nobody. A Permit may outlive its Semaphore: there is nobody to give it back to then.
class [[nodiscard]] Permit {
 public:
  Permit() noexcept = default;  // of nothing
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { release(); }

  std::size_t count() const noexcept { return count_; }  // 0 when it was released or moved from
  void release() noexcept;                               // no effect when repeated

 private:
  friend class Semaphore;
  Permit(WeakReferences<Semaphore>& of, std::size_t count) noexcept : semaphore_(of), count_(count) {}

  WeakReference<Semaphore> semaphore_;
  std::size_t count_ = 0;
};

class [[nodiscard]] AcquireOperation final : public WaitOperation {
 public:
  AcquireOperation(Semaphore& semaphore, std::size_t count, WaitLimit limit) noexcept;
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<Permit> await_resume();

 private:
  friend class Semaphore;
  void on_left() noexcept override;

  Semaphore& semaphore_;
  std::size_t count_;
  Permit permit_;  // from the moment on when it was granted, so that a Semaphore that goes then is known here
};

class Semaphore {
 public:
  // `reactor` must outlive every wait.
  Semaphore(Reactor& reactor, std::size_t capacity) noexcept
      : reactor_(reactor), capacity_(capacity), available_(capacity) {}

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t available() const noexcept { return available_; }

  // Suspends until `count` permits are there and nobody waits in front. Result: the permits. Errors: those of wait.hpp;
  // invalid, at once, when `count` is more than the capacity.
  AcquireOperation acquire(std::size_t count = 1, WaitLimit limit = {}) & noexcept {
    return {*this, count, limit};
  }

  // The same without waiting. Empty when acquire() would suspend, or `count` is more than the capacity.
  std::optional<Permit> try_acquire(std::size_t count = 1) noexcept;

 private:
  friend class Permit;
  friend class AcquireOperation;
  void give_back(std::size_t count) noexcept;
  void grant() noexcept;

  Reactor& reactor_;
  const std::size_t capacity_;
  std::size_t available_;
  WeakReferences<Semaphore> permits_{*this};
  WaitQueue waiting_;  // the first asks for more than is available
};

}  // namespace reactord
