// Event: something has happened, and stays so until it is reset. Go closes a channel for that.
//
//     set()      reset --> set      everybody who waits goes on
//     reset()    set --> reset      later waits are for the next set()
//
//     reactord::Event loaded(reactor);
//     auto waited = co_await loaded.wait(context);   // in any number of tasks
//     loaded.set();                                  // in another
//
// The rules of wait.hpp hold for every wait here. A task that waits at the time of set() goes on, also when reset()
// comes before the loop has resumed it.
#pragma once

#include "reactord/wait.hpp"

namespace reactord {

class Event;

class [[nodiscard]] EventWaitOperation final : public WaitOperation {
 public:
  EventWaitOperation(Event& event, WaitLimit limit) noexcept;
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  Result<void> await_resume() const { return result(); }

 private:
  Event& event_;
};

class Event {
 public:
  // `reactor` must outlive every wait.
  explicit Event(Reactor& reactor) noexcept : reactor_(reactor) {}

  bool is_set() const noexcept { return is_set_; }
  void set() noexcept {  // no effect when it is set; resumes nobody from within the call
    is_set_ = true;
    waiting_.succeed_all();
  }
  void reset() noexcept { is_set_ = false; }  // no effect when it is not set

  // Suspends until it is set, not at all if it is. Result: ok. Errors: those of wait.hpp.
  EventWaitOperation wait(WaitLimit limit = {}) & noexcept { return {*this, limit}; }

 private:
  friend class EventWaitOperation;
  Reactor& reactor_;
  bool is_set_ = false;
  WaitQueue waiting_;  // empty while it is set
};

inline EventWaitOperation::EventWaitOperation(Event& event, WaitLimit limit) noexcept
    : WaitOperation(event.reactor_, limit), event_(event) {}
inline bool EventWaitOperation::await_ready() noexcept { return fails_at_once() || event_.is_set_; }
inline void EventWaitOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wait_in(event_.waiting_, waiter);
}

}  // namespace reactord
