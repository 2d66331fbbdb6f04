// AcceptGate: the queue of accept loops that wait while no connection may be accepted. Clients wait in the kernel's
// queue.
//
//     closed:  [loop that accepted longest ago] -> [ ... ] -> [loop that accepted last]
//     open(), or the time has come:  all run on, in this order; loops that may not accept return to their place
//
// So a listener with many clients does not starve the others.
#pragma once

#include <cstdint>

#include "reactord/reactor.hpp"

namespace reactord {

class AcceptGate {
 public:
  class [[nodiscard]] Wait final : public SleepOperation {
   public:
    Wait(AcceptGate& gate, Reactor& reactor, Time until, std::uint64_t last_accept) noexcept
        : SleepOperation(reactor, until), gate_(gate), last_accept_(last_accept) {}
    Wait(const Wait&) = delete;
    ~Wait() { leave(); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept;

   private:
    friend class AcceptGate;
    friend class List<Wait>;
    void on_timer() override;
    void leave() noexcept;

    AcceptGate& gate_;
    std::uint64_t last_accept_;
    ListNode<Wait> node_;
  };

  AcceptGate() noexcept = default;
  AcceptGate(const AcceptGate&) = delete;
  AcceptGate& operator=(const AcceptGate&) = delete;

  bool is_open() const noexcept { return open_; }
  void open() noexcept;
  void close() noexcept { open_ = false; }

  // Suspends until open(), or until its time. Result: ok. Errors: cancelled, by Reactor::shutdown().
  Wait wait(Reactor& reactor, Time until, std::uint64_t last_accept) noexcept {
    return {*this, reactor, until, last_accept};
  }

 private:
  void wake_all() noexcept;

  bool open_ = true;
  OrderedList<Wait> waiting_;
};

}  // namespace reactord
