// Wakeup: the way another thread reaches the loop: locked lists of work and of calls, and an eventfd(2) that wakes the loop.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "reactord/list.hpp"
#include "reactord/posted_call.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class Wakeup final : public Watch {
 public:
  explicit Wakeup(Reactor& reactor);
  int error() const noexcept { return error_; }  // the errno of eventfd(2)

  void post(std::move_only_function<void()> work);  // may be called by any thread
  void post(PostedCall& call) noexcept;             // the same
  bool has_work() noexcept;                         // true while posted work has not run
  void run_posted() noexcept;                       // runs the work posted so far, then the calls

 private:
  // The counter is never read: each write(2) is a new edge whatever its value. Reading it would report that it can be
  // written again, and cost a turn.
  void on_ready(Readiness) override {
    run_posted();
    reactor().look_again();
  }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override {}
  void wake() noexcept;
  PostedCall* take_first(OrderedList<PostedCall>& calls) noexcept;  // null when it is empty

  int error_;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> work_;
  OrderedList<PostedCall> calls_;
};

}  // namespace reactord
