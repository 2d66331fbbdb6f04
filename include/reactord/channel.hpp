// Channel<T>: hands items from tasks to tasks, in order. Go's channel.
//
//     send(item) --> [ ][ ][c][b][a] --> receive()      capacity 5, three items in it
//
//     full:   send waits    [SendOperation d] --> [SendOperation e]     each holds its item
//     empty:  receive waits [ReceiveOperation] --> [ReceiveOperation]   each has room for one
//
// With capacity 0 nothing lies in between: a send ends when a receive has taken its item, as on Go's unbuffered channel.
//
//     reactord::Channel<Job> jobs(reactor, 16);
//     auto sent = co_await jobs.send(std::move(job), context);
//     auto job = co_await jobs.receive(context);                 // eof: closed, and nothing is left
//
// The rules of wait.hpp hold for every wait here. An item is handed to the oldest wait within the call that brings it: one
// item wakes one task, nobody can take it in between, and it is never lost. A send that fails keeps its item
// (take_back()).
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "reactord/wait.hpp"

namespace reactord {

template <typename T>
class Channel {
  static_assert(std::is_nothrow_move_constructible_v<T>, "a move that throws would lose an item");

 public:
  class SendOperation;
  class ReceiveOperation;

  // `reactor` must outlive every wait. Room for `capacity` items is allocated here, and nothing later.
  explicit Channel(Reactor& reactor, std::size_t capacity = 0)
      : reactor_(reactor), capacity_(capacity), slots_(std::make_unique<std::optional<T>[]>(capacity)) {}

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t size() const noexcept { return size_; }  // items that lie in between
  bool is_closed() const noexcept { return is_closed_; }

  // Suspends until the item lies in the channel or a receive has it. Result: ok. Errors: those of wait.hpp; closed, also
  // when close() comes while it waits.
  SendOperation send(T item, WaitLimit limit = {}) & noexcept { return {*this, std::move(item), limit}; }

  // Suspends until there is an item. Result: the item. Errors: those of wait.hpp; eof, when the channel is closed and
  // nothing is left in it.
  ReceiveOperation receive(WaitLimit limit = {}) & noexcept { return {*this, limit}; }

  // Without waiting. Result: false when send() would suspend; `item` is moved from only if it is true. Errors: closed.
  Result<bool> try_send(T&& item) {
    if (is_closed_) return std::unexpected(send_on_closed());
    return take(item);
  }

  // Without waiting. Result: empty when receive() would suspend. Errors: eof.
  Result<std::optional<T>> try_receive() noexcept {
    std::optional<T> item;
    if (!give(item) && is_closed_) return std::unexpected(Error(ErrorCode::eof));
    return item;
  }

  // Receives get what is left, then eof. Sends fail with `closed`, and those that wait keep their items. No effect when
  // repeated. It resumes nobody from within the call.
  void close() noexcept {
    is_closed_ = true;
    senders_.fail_all(ErrorCode::closed);
    receivers_.fail_all(ErrorCode::eof);  // nothing is left if one waits
  }

 private:
  static Error send_on_closed() {
    return Error::with_text(ErrorCode::closed, "send: the channel has been closed");
  }

  bool take(T& item) noexcept;                 // false: there is no room and nobody waits for it
  bool give(std::optional<T>& room) noexcept;  // false: there is none
  void push(T& item) noexcept { slots_[(oldest_ + size_++) % capacity_].emplace(std::move(item)); }

  Reactor& reactor_;
  const std::size_t capacity_;
  const std::unique_ptr<std::optional<T>[]> slots_;  // a ring
  std::size_t oldest_ = 0;                           // its index
  std::size_t size_ = 0;
  bool is_closed_ = false;
  WaitQueue senders_;    // empty unless the ring is full
  WaitQueue receivers_;  // empty unless the ring is empty and no sender waits
};

template <typename T>
class [[nodiscard]] Channel<T>::SendOperation final : public WaitOperation {
 public:
  SendOperation(Channel& channel, T item, WaitLimit limit) noexcept
      : WaitOperation(channel.reactor_, limit), channel_(channel), item_(std::move(item)) {}

  bool await_ready() noexcept {
    if (channel_.is_closed_) fail_at_once(ErrorCode::closed);
    return channel_.is_closed_ || fails_at_once() || channel_.take(item_);
  }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wait_in(channel_.senders_, waiter); }
  Result<void> await_resume() const {
    if (failure() == ErrorCode::closed) return std::unexpected(send_on_closed());
    return result();
  }

  // The item of a send that has failed; moved from otherwise.
  T take_back() noexcept { return std::move(item_); }

 private:
  friend class Channel;
  Channel& channel_;
  T item_;
};

template <typename T>
class [[nodiscard]] Channel<T>::ReceiveOperation final : public WaitOperation {
 public:
  ReceiveOperation(Channel& channel, WaitLimit limit) noexcept
      : WaitOperation(channel.reactor_, limit), channel_(channel) {}

  bool await_ready() noexcept {
    if (fails_at_once() || channel_.give(item_)) return true;
    if (channel_.is_closed_) fail_at_once(ErrorCode::eof);
    return channel_.is_closed_;
  }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { wait_in(channel_.receivers_, waiter); }
  Result<T> await_resume() {
    if (failure()) return std::unexpected(error());
    return std::move(*item_);
  }

 private:
  friend class Channel;
  Channel& channel_;
  std::optional<T> item_;
};

template <typename T>
bool Channel<T>::take(T& item) noexcept {
  if (WaitOperation* const first = receivers_.first()) {
    auto& receiver = static_cast<ReceiveOperation&>(*first);
    receiver.item_.emplace(std::move(item));
    receivers_.succeed(receiver);
    return true;
  }
  if (size_ == capacity_) return false;
  push(item);
  return true;
}

template <typename T>
bool Channel<T>::give(std::optional<T>& room) noexcept {
  auto* const sender = static_cast<SendOperation*>(senders_.first());
  if (size_ > 0) {
    std::optional<T>& slot = slots_[oldest_];
    room.emplace(std::move(*slot));
    slot.reset();
    oldest_ = (oldest_ + 1) % capacity_;
    --size_;
    if (sender != nullptr) push(sender->item_);
  } else if (sender != nullptr) {
    room.emplace(std::move(sender->item_));
  } else {
    return false;
  }
  if (sender != nullptr) senders_.succeed(*sender);
  return true;
}

}  // namespace reactord
