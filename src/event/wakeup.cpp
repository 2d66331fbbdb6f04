#include "event/wakeup.hpp"

#include <cstdint>
#include <utility>

#include "base/system.hpp"

namespace reactord {

Wakeup::Wakeup(Reactor& reactor) : Watch(reactor, system::event_descriptor()), error_(fd() < 0 ? -fd() : 0) {}

void Wakeup::post(std::move_only_function<void()> work) {
  const std::scoped_lock lock(mutex_);
  work_.push_back(std::move(work));
  if (work_.size() == 1) wake();
}

void Wakeup::post(PostedCall& call) noexcept {
  const std::scoped_lock lock(mutex_);
  if (call.node_.is_linked()) return;
  const bool is_first = calls_.is_empty();
  calls_.push_back(call);
  if (is_first) wake();
}

void Wakeup::wake() noexcept {
  const std::uint64_t one = 1;
  system::write(fd(), &one, sizeof one);
}

bool Wakeup::has_work() noexcept {
  const std::scoped_lock lock(mutex_);
  return !work_.empty() || !calls_.is_empty();
}

// Both are taken at once, so that each call runs behind the work that was posted before it. A call that is posted again
// meanwhile is for the next turn.
void Wakeup::run_posted() noexcept {
  std::vector<std::move_only_function<void()>> work;
  OrderedList<PostedCall> calls;
  {
    const std::scoped_lock lock(mutex_);
    work.swap(work_);
    while (PostedCall* const call = calls_.first()) {
      calls_.remove(*call);
      calls.push_back(*call);
    }
  }
  for (auto& item : work) item();
  while (PostedCall* const call = take_first(calls)) call->on_posted();
}

// A thread that posts the call meanwhile looks whether it is in a list.
PostedCall* Wakeup::take_first(OrderedList<PostedCall>& calls) noexcept {
  const std::scoped_lock lock(mutex_);
  PostedCall* const call = calls.first();
  if (call != nullptr) calls.remove(*call);
  return call;
}

}  // namespace reactord
